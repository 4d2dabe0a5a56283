"""A node, whole but for the broker: it is given messages and gives back what it has to say.

`served` is what the endpoint is to serve: nothing while the node may not act. `sessions` counts who uses it.

`deliver` never raises, and drops nothing in silence: what is not carried out is refused, held until the peers
have answered, or at least recorded. One message is handled at a time.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.figures import measure
from hsmnodes.node.agent.handlers import Handlers, NotYet
from hsmnodes.node.agent.heartbeat import Summary, make_heartbeat
from hsmnodes.node.agent.messages import LONGEST, FromNode, read_to_node
from hsmnodes.node.agent.parts import assemble
from hsmnodes.node.agent.textfile import write_metrics
from hsmnodes.node.drivers.base import DriverPool
from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.endpoint.served import Served
from hsmnodes.node.protocol.documents.node import Heartbeat
from hsmnodes.node.protocol.errors import ProposalRefused, Refused
from hsmnodes.node.protocol.purposes import Purpose

logger = logging.getLogger(__name__)

MOST_HELD = 200
MOST_HELD_CHARACTERS = 2 * LONGEST
UNKNOWN = ProposalRefused("internal-error", "The node failed at this message: see its log.")


@dataclass
class Report:
    """What came of a message: what the node says, whether it waits, or why it was refused."""

    said: list[FromNode]
    held: bool = False
    refused: Refused | None = None


class Node:
    """A node that is started. `source` gives the time in seconds since 1970."""

    def __init__(self, config: Config, pool: DriverPool, *, source: Callable[[], float] = time.time) -> None:
        self._lock = RLock()
        self._pool = pool
        self.parts = assemble(config, pool, source)
        self._handlers = Handlers(self.parts)
        self._held: dict[str, None] = {}
        self.summary = self._summarise(None)
        self.served: tuple[Served, ...] = ()
        self.sessions: Callable[[], int] | None = None

    @property
    def held(self) -> int:
        """How many messages wait until the node may act."""
        return len(self._held)

    @property
    def at_work(self) -> str | None:
        """The proposal that is being carried out at this moment."""
        return self.parts.executor.at_work

    def deliver(self, text: str) -> Report:
        """Handle one message, whatever it is."""
        with self._lock:
            report = self._handle(text)
            report.said.extend(self._advance())
            self.summary = self._summarise(self.summary)
            return report

    def advance(self) -> list[FromNode]:
        """Go on with what had to wait, if the node is not at work: called from time to time.

        The HSM learns then of journal entries that no act made it learn of: charters, peers, what was closed.
        """
        if not self._lock.acquire(blocking=False):
            return []
        try:
            said = self._advance()
            self._keep_head()
            self.summary = self._summarise(self.summary)
            return said
        finally:
            self._lock.release()

    def heartbeat(self) -> list[FromNode]:
        """What the node says of itself, and while it starts its question to the peers. Does not wait.

        Raises DriverError.
        """
        parts, summary, now = self.parts, self.summary, self.parts.clock.now()
        try:
            parts.clock.keep()
        except NodeError as error:
            logger.warning("The time cannot be kept: %s", error)  # the heartbeat says why the node refuses
        heartbeat = make_heartbeat(
            parts.config, summary, parts.versions, measure(self), at_work=self.at_work, at=now
        )
        self._tell_the_machine(heartbeat)
        said = [FromNode(kind="heartbeat", envelope=parts.identity.sign(Purpose.HEARTBEAT, heartbeat))]
        if summary.state == "starting":
            question = parts.identity.sign(Purpose.WITNESS_REQUEST, parts.witnesses.request(now))
            said.append(FromNode(kind="witness-request", envelope=question))
        return said

    def _tell_the_machine(self, said: Heartbeat) -> None:
        """Write the metrics, if the node is configured to; that they cannot be written stops nothing."""
        file = self.parts.config.metrics_file
        if file is None:
            return
        charters = tuple(charter for _, charter in self.summary.charters)
        try:
            write_metrics(file, said, charters, peers=len(self.parts.ledger.facts.peers))
        except OSError as error:
            logger.warning("The metrics cannot be written: %s", error)

    def refuse_carrier(self, what: bytes) -> None:
        """Record a message that is not even text."""
        with self._lock:
            refused = ProposalRefused("bad-message", "The message is not one text.")
            self.parts.refusals.refuse(what, refused, now=self.parts.clock.now())

    def close(self) -> None:
        """Stop: the state is on disk already."""
        with self._lock:
            self.parts.store.close()
            self._pool.close()

    def _handle(self, text: str) -> Report:
        try:
            return Report(self._handlers.handle(read_to_node(text)))
        except NotYet:
            return self._hold(text)
        except Refused as refused:
            return self._refuse(text, refused)
        except (DriverError, NodeError) as error:
            logger.warning("A message could not be handled; it may be sent again: %s", error)
            return Report([], refused=Refused("node-failed", str(error)))
        except Exception:
            logger.exception("A message could not be handled")
            return self._refuse(text, UNKNOWN)

    def _hold(self, text: str) -> Report:
        if text in self._held:
            return Report([], held=True)
        size = len(text) + sum(map(len, self._held))
        if len(self._held) >= MOST_HELD or size > MOST_HELD_CHARACTERS:
            return self._refuse(text, ProposalRefused("starting", "Too much waits for the node to start."))
        self._held[text] = None
        return Report([], held=True)

    def _refuse(self, text: str, refused: Refused) -> Report:
        try:
            subject = text.encode("utf-8", "surrogatepass")
            said = self.parts.refusals.refuse(subject, refused, now=self.parts.clock.now())
        except Exception:
            logger.exception("A refusal could not be recorded: %s", refused)
            return Report([], refused=refused)
        return Report(said, refused=refused)

    def _advance(self) -> list[FromNode]:
        """Once the node may act: settle what broke off, then take up what was held.

        Without room on its disk it waits with all of that, and goes on serving what it serves.
        """
        now, readiness = self.parts.clock.now(), self.parts.readiness
        state = readiness.state(now)
        may_serve = state != "starting" and readiness.against is None
        self.served = self.parts.zones.applications.still(self.served) if may_serve else ()
        if readiness.room.lack is not None:
            return []
        said = self._settle() if state == "ready" else []
        if state == "starting" or self.parts.ledger.facts.open_intents:
            return said
        if state == "ready":
            self._retire_backup_keys()
        self.parts.ceremonies.forget_ended(now)
        self.parts.enclosures.forget_ended(now)
        self.parts.one_time_keys.forget_ended(self.parts.ledger.facts, now)
        held, self._held = list(self._held), {}
        said += [one for text in held for one in self._handle(text).said]
        if state == "ready" and not self.parts.ledger.facts.open_intents:
            self._restore_applications(now)
        return said

    def _retire_backup_keys(self) -> None:
        """Destroy the backup keys that no outcome needs any more; later, if that fails.

        That they are not needed is known to the HSM first: a restored database must not need them again.
        """
        try:
            for zone in self.parts.zones.zones_with_other_backup_keys():
                self.parts.hsm_head.keep_up(self.parts.ledger.journal.head)
                self.parts.zones.destroy_other_backup_keys(zone)
        except DriverError as error:
            logger.warning("A backup key that is not in force could not be destroyed yet: %s", error)

    def _restore_applications(self, now: int) -> None:
        """Have the tokens of just the applications that are admitted, and only then have them served.

        Of a zone that is not in step with the cluster's other members, none.
        """
        self.parts.zones.applications.restore()
        self.summary = self._summarise(self.summary)
        self.parts.in_step.look(self.summary.zones, now)
        self.served = tuple(
            one for one in self.parts.zones.applications.served() if self.parts.in_step.serves(one.zone)
        )

    def _keep_head(self) -> None:
        """Keep the journal's head in the HSM, unless what the HSM has speaks against the journal."""
        if self.parts.readiness.against is not None or self.parts.readiness.room.lack is not None:
            return
        try:
            self.parts.hsm_head.keep_up(self.parts.ledger.journal.head)
        except DriverError as error:
            logger.warning("The HSM cannot be told of the journal's head yet: %s", error)

    def _settle(self) -> list[FromNode]:
        said: list[FromNode] = []
        for key, intent in list(self.parts.ledger.facts.open_intents.items()):
            try:
                said += self.parts.executor.settle(key, intent)
            except (DriverError, NodeError) as error:
                logger.warning("What broke off could not be settled yet: %s", error)
            except Exception:
                logger.exception("What broke off could not be settled")
        return said

    def _summarise(self, before: Summary | None) -> Summary:
        now, readiness = self.parts.clock.now(), self.parts.readiness
        return Summary.of(
            self.parts.ledger.facts,
            self.parts.ledger.journal.head,
            state=readiness.state(now),
            reason=readiness.reason(now),
            witness=readiness.witness,
            standings=self.parts.in_step.standings,
            before=before,
        )
