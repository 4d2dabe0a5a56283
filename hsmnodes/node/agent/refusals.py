"""Refusals: recorded apart from the journal, answered with a signed reason, and not without limit.

Whoever can write to the queue could otherwise keep the HSM busy signing refusals. The same bytes refused for
the same reason get the same answer again for a minute, and beyond a rate nothing new is signed or kept, only
counted.
"""

from dataclasses import dataclass
from typing import cast

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.identity import Identity
from hsmnodes.node.agent.messages import FromNode
from hsmnodes.node.agent.receipts import Ending, make_receipt
from hsmnodes.node.agent.store import Store
from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.node import NodeSigned, Outcome
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.errors import Delayed, Refused
from hsmnodes.node.protocol.purposes import Purpose

SAME_ANSWER_SECONDS = 60
BURST = 100
PER_SECOND = 5
MOST_KEPT = 10_000


@dataclass
class Allowance:
    """How many refusals may still be signed: `BURST` at once, `PER_SECOND` in the long run."""

    left: float = BURST
    at: int = 0

    def take(self, now: int) -> bool:
        """Use one up, if there is one."""
        self.left = min(BURST, self.left + (now - self.at) * PER_SECOND)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Refusals:
    """What this node refused, and its answers."""

    def __init__(self, config: Config, store: Store, identity: Identity) -> None:
        self._config = config
        self._store = store
        self._identity = identity
        self._allowance = Allowance()
        self.uncounted = 0

    def refuse(
        self,
        subject: bytes,
        refused: Refused,
        *,
        now: int,
        proposal: Proposal | None = None,
        step: int = 0,
        facts: Facts | None = None,
    ) -> list[FromNode]:
        """Record that `subject` was refused; the answer, where it is about a proposal."""
        digest = canonical.sha256_hex(subject + b" step %d" % step)
        known = self._store.rows(
            "SELECT envelope FROM refusals WHERE subject = ? AND code = ? AND detail = ? AND at > ?",
            digest,
            refused.code,
            refused.message,
            now - SAME_ANSWER_SECONDS,
        )
        if known:
            return _answer(cast("bytes | None", known[-1][0]))
        if not self._allowance.take(now):
            self.uncounted += 1
            return []
        envelope = None
        if proposal is not None and facts is not None:
            envelope = self._sign(proposal, step, refused, facts, now)
        self._keep(now, digest, refused, envelope)
        return _answer(envelope)

    def _sign(self, proposal: Proposal, step: int, refused: Refused, facts: Facts, now: int) -> bytes | None:
        results = {}
        if isinstance(refused, Delayed):
            results = {"announced_at": refused.announced_at, "due_at": refused.due_at}
        ending = Ending(Outcome.REFUSED, refused.code, refused.message, results)
        receipt = make_receipt(self._config, proposal, step, ending, after=facts.last_receipt, at=now)
        try:
            return self._identity.sign(Purpose.RECEIPT, receipt).raw
        except DriverError:
            return None

    def _keep(self, now: int, digest: str, refused: Refused, envelope: bytes | None) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO refusals (at, subject, code, detail, envelope) VALUES (?, ?, ?, ?, ?)",
                (now, digest, refused.code, refused.message, envelope),
            )
            connection.execute(
                "DELETE FROM refusals WHERE number <= (SELECT MAX(number) FROM refusals) - ?", (MOST_KEPT,)
            )


def _answer(envelope: bytes | None) -> list[FromNode]:
    if envelope is None:
        return []
    return [FromNode(kind="receipt", envelope=NodeSigned.from_bytes(envelope))]
