"""The steps of a warrant over its nodes: who takes which, and whose receipts must come with it.

A step that needs receipts is good by the first of them: that was begun in time, under the charters that the
proposal names, so this one is good whenever its node is back, unless the operation sets a time
(docs/adr/0008).
"""

from dataclasses import dataclass

from hsmnodes.node.protocol.errors import ProposalRefused

ACT, COPY = "act", "copy"
MOST_NODES = 16
"""As many nodes can have the same zone."""


@dataclass(frozen=True)
class Step:
    """One step: the place of its node in the proposal, what it does there, the steps whose receipts it needs.

    One that does not `record` leaves what the node holds as it was.
    """

    node: int
    act: str = ACT
    needs: tuple[int, ...] = ()
    record: bool = True


def first_then_others(count: int, act: str = ACT) -> tuple[Step, ...]:
    """The first of `count` nodes acts, and each other one then does `act`, whether the rest have or not."""
    return (Step(0), *(Step(place, act, (0,)) for place in range(1, count)))


def check_count(count: int, *, least: int, most: int) -> None:
    """Raise ProposalRefused unless a proposal names between `least` and `most` nodes."""
    if not least <= count <= most:
        raise ProposalRefused("other-nodes", "The proposal names more or fewer nodes than such a one does.")
