"""Journal and facts as one: what is written down is known, and what is known was written down first."""

from collections.abc import Sequence

from hsmnodes.node.agent.clock import Clock
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.journal import Draft, Journal
from hsmnodes.node.agent.store import Write


class Ledger:
    """The journal of a node with what follows from it."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.journal = journal
        self.clock = clock
        self.facts = Facts.of(journal.verify())
        clock.not_before(self.facts.last_at)

    def write(self, drafts: Sequence[Draft], *, beside: Write | None = None) -> None:
        """Add entries to the journal, all or none, and learn what they say; `beside` as `append` takes it."""
        if not drafts:
            return
        for entry in self.journal.append(drafts, at=self.clock.now(), beside=beside):
            self.facts.take(entry)
