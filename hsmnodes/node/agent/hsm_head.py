"""The journal's head as the HSM keeps it: a restored disk that does not hold the HSM is found out by it."""

from typing import Any, cast

from pydantic import ValidationError

from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.journal import Journal
from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.node import JournalHead
from hsmnodes.node.protocol.errors import Refused

LABEL = "quorate-journal-head"


class HsmHead:
    """A data object in the agent's token with sequence and hash of an entry of the journal."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._written: JournalHead | None = None

    def write(self, head: JournalHead) -> None:
        """Keep `head` in the HSM. Raises DriverError."""
        self._driver.write_record(LABEL, canonical.encode(head.model_dump(mode="json")))
        self._written = head

    def keep_up(self, head: JournalHead) -> None:
        """Keep `head` in the HSM unless it is there. Raises DriverError."""
        if head != self._written:
            self.write(head)

    def read(self) -> JournalHead | None:
        """What was last kept. Raises DriverError, and NodeError if it cannot be understood."""
        raw = self._driver.read_record(LABEL)
        if raw is None:
            return None
        try:
            return JournalHead(**cast("dict[str, Any]", canonical.decode(raw)))
        except (Refused, TypeError, ValidationError):
            raise NodeError("The record of the journal in the HSM cannot be read.") from None

    def disagreement(self, journal: Journal) -> str | None:
        """Why the journal cannot be the one the HSM knows, or None. Raises DriverError and NodeError."""
        kept = self.read()
        if kept is None:
            return "The HSM has no record of a journal, so it is not the HSM of this node."
        if kept.sequence > journal.head.sequence:
            return f"The HSM knows entry {kept.sequence} of the journal, which has {journal.head.sequence}."
        if journal.hash_at(kept.sequence) != kept.hash:
            return f"The HSM knows another entry {kept.sequence} than the journal has."
        return None
