"""Carrying out: journal the intent, act, journal the outcome, sign the receipt. At most once.

The order is what everything rests on. Before an act the intent is on disk, with the charters that come to be
pinned, and the journal's head is in the HSM; after it the outcome is on disk before anyone hears of it. A
receipt that was signed and not yet written when the node died was seen by nobody, and is made anew.
"""

import logging
import sqlite3
from contextlib import suppress
from typing import Any

from hsmnodes.node.agent.chains import draft_of
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.enclosures import Enclosures
from hsmnodes.node.agent.facts import Intent
from hsmnodes.node.agent.hsm_head import HsmHead
from hsmnodes.node.agent.journal import Draft, Key
from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.agent.messages import FromNode
from hsmnodes.node.agent.receipts import Ending, Receipts, make_receipt
from hsmnodes.node.agent.verify import VerifiedWarrant, verified_before
from hsmnodes.node.drivers.errors import DirectoryInUse, DriverDied, DriverError, DriverTimeout
from hsmnodes.node.operations.base import Result, Unsettled
from hsmnodes.node.operations.context import Hands
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.node import NodeSigned, Outcome, Receipt
from hsmnodes.node.protocol.errors import ShareRefused

logger = logging.getLogger(__name__)

LOOKS = 3
UNUSABLE = "It was done, and what came of it could not be noted: see the node's log."


class Executor:
    """Carries out what was verified, and settles what broke off."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        hands: Hands,
        *,
        receipts: Receipts,
        enclosures: Enclosures,
        hsm_head: HsmHead,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._hands = hands
        self._receipts = receipts
        self._enclosures = enclosures
        self._hsm_head = hsm_head
        self.at_work: str | None = None

    def carry_out(self, warrant: VerifiedWarrant) -> list[FromNode]:
        """Carry out a warrant that nothing has been done about yet; the receipt, with what is beside it.

        Raises NodeError if there is an intent already, and DriverError if the receipt could not be signed; it
        then comes with the next question.
        """
        pins = [draft_of(link) for chain in warrant.pins for link in chain.links]
        self._ledger.write(
            [*pins, _intent(warrant)],
            beside=self._enclosures.keeper(warrant.key, warrant.request.enclosures),
        )
        return self._finish(warrant, self._act(warrant))

    def settle(self, key: Key, intent: Intent) -> list[FromNode]:
        """End an intent that has no outcome, by looking at what there is. Raises as `carry_out` does."""
        warrant = verified_before(intent, key[1], self._enclosures.get(key), self._ledger.facts)
        return self._finish(warrant, self._look_and_finish(warrant))

    def repeat(self, key: Key) -> list[FromNode]:
        """The receipt of what was done before. Raises DriverError."""
        return self._receipts.issue(key, self._ledger.facts.outcomes[key])

    def _act(self, warrant: VerifiedWarrant) -> Ending:
        self.at_work = warrant.proposal.proposal
        try:
            return self._attempt(warrant)
        finally:
            self.at_work = None

    def _attempt(self, warrant: VerifiedWarrant) -> Ending:
        try:
            self._hsm_head.write(self._ledger.journal.head)
            return _done(warrant.operation.carry_out(warrant.request, self._hands))
        except (DriverDied, DriverTimeout, Unsettled) as error:
            logger.warning("An attempt broke off and is looked after: %s", error)
            return self._look_and_finish(warrant)
        except DriverError as error:
            return _failed(Outcome.FAILED, error)
        except ShareRefused as refused:
            return Ending(Outcome.FAILED, refused.code, refused.message)
        except Exception:
            logger.exception("An operation failed in a way it should not")
            return self._look_and_finish(warrant)

    def _look_and_finish(self, warrant: VerifiedWarrant) -> Ending:
        """Look what there is and finish it; again, if the driver goes away over it."""
        try:
            for _ in range(LOOKS - 1):
                with suppress(DriverDied, DriverTimeout, DirectoryInUse):
                    return self._look(warrant)
            return self._look(warrant)
        except ShareRefused as refused:
            return Ending(Outcome.FAILED, refused.code, refused.message)
        except DriverError as error:
            return _failed(Outcome.INDETERMINATE, error)
        except Exception:
            logger.exception("An operation could not be settled")
            return Ending(
                Outcome.INDETERMINATE, "internal-error", "What became of it is not known: see the node's log."
            )

    def _look(self, warrant: VerifiedWarrant) -> Ending:
        self._hsm_head.write(self._ledger.journal.head)
        return _done(warrant.operation.settle(warrant.request, self._hands))

    def _finish(self, warrant: VerifiedWarrant, ending: Ending) -> list[FromNode]:
        receipt = self._receipt(warrant, ending)
        if not self._can_be_noted(warrant, receipt):
            ending = Ending(Outcome.INDETERMINATE, "results-unusable", UNUSABLE)
            receipt = self._receipt(warrant, ending)
        outcome = Draft(
            "outcome",
            {
                "proposal": warrant.proposal.proposal,
                "step": warrant.step,
                "receipt": canonical.b64u(receipt.raw),
            },
            warrant.key,
        )
        keep = self._receipts.keeper(warrant.key, self._signed(receipt), ending.attachments)
        forget = self._enclosures.forgetter(warrant.key)

        def write(connection: sqlite3.Connection) -> None:
            keep(connection)
            forget(connection)

        self._ledger.write([outcome], beside=write)
        return self.repeat(warrant.key)

    def _receipt(self, warrant: VerifiedWarrant, ending: Ending) -> Receipt:
        return make_receipt(
            self._config,
            warrant.proposal,
            warrant.step,
            ending,
            after=self._ledger.facts.last_receipt,
            at=self._ledger.clock.now(),
        )

    def _can_be_noted(self, warrant: VerifiedWarrant, receipt: Receipt) -> bool:
        """Whether the receipt can be read again and its results be taken: the journal must not say what no
        start of this node could make anything of.
        """
        try:
            said = Receipt.from_bytes(receipt.raw)
            holdings = self._ledger.facts.holdings.copy()
            holdings.proposal = warrant.proposal.proposal
            if said.outcome is Outcome.DONE and warrant.planned.record:
                warrant.operation.record(warrant.request.parameters, said.results, holdings)
        except Exception:
            logger.exception("The results of an operation cannot be noted")
            return False
        return True

    def _signed(self, receipt: Receipt) -> NodeSigned | None:
        """The receipt signed, or None: what was done is written down even if the HSM cannot sign just now."""
        try:
            return self._receipts.sign(receipt)
        except DriverError as error:
            logger.warning("A receipt cannot be signed yet: %s", error)
            return None


def _intent(warrant: VerifiedWarrant) -> Draft:
    body: dict[str, Any] = {
        "proposal": warrant.proposal.proposal,
        "step": warrant.step,
        "proposal_hash": warrant.proposal.sha256,
        "warrant": canonical.b64u(warrant.raw),
    }
    if warrant.request.earlier:
        body["receipts"] = [canonical.b64u(one.raw) for one in warrant.request.earlier.values()]
    return Draft("intent", body, warrant.key)


def _done(result: Result) -> Ending:
    return Ending(Outcome.DONE, None, result.detail, result.results, result.attachments)


def _failed(outcome: Outcome, error: DriverError) -> Ending:
    code = error.code.lower().replace("_", "-")
    return Ending(outcome, code, f"{error}. {error.advice}")
