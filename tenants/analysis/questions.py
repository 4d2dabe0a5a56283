"""What charters decide together: which operations, and the answers for each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Person
from hsmnodes.node.protocol.recovery import is_side
from tenants.analysis.deciding import Decision
from tenants.analysis.humans import NOTHING, Loss, has_duty


@dataclass(frozen=True)
class Question:
    """An operation, whose consent it needs, and of each at least how many people's."""

    operation: str
    kinds: tuple[AuthorityKind, ...]
    floor: int


def questions_about(kind: AuthorityKind) -> list[Question]:
    """Every operation that needs the consent of this kind of authority by a rule: a recovery has a clause."""
    return [
        Question(tag, kinds, floor)
        for tag, found in operations().items()
        for kinds, floor in _consents(found, kind)
        if kind in kinds and tag != RECOVER
    ]


def _consents(found: Operation[Any], kind: AuthorityKind) -> Iterable[tuple[tuple[AuthorityKind, ...], int]]:
    """Whose consent an operation can need, and the least floor that then holds.

    One that neither says so itself nor in its parameters needs what the operation it is about needs: any that
    nodes carry out.
    """
    if found.consent.kinds or found.consent_from:
        return [(found.consent.kinds or (kind,), found.consent.floor)]
    least: dict[tuple[AuthorityKind, ...], int] = {}
    for other in operations().values():
        if other.nodes and other.consent.kinds:
            kinds, floor = other.consent.kinds, other.consent.floor
            least[kinds] = min(floor, least.get(kinds, floor))
    return least.items()


@dataclass(frozen=True)
class Answer:
    """What becomes of one operation under `charters` at `now`, once `lost` is lost.

    Two things are asked, and each is answered on the safe side. Who *could* do it is judged as a node does,
    which lets everyone in the charters request. Whether it *stays* possible is judged as the console does,
    which lets only those with a duty request (auditors read) and takes no signature of what is `withheld`.
    """

    operation: str
    charters: tuple[Charter, ...]
    floor: int
    now: int
    lost: Loss = NOTHING
    withheld: Loss = NOTHING

    @cached_property
    def could(self) -> Decision:
        """Who could have it done, as a node counts."""
        return Decision(self.charters, self.operation, floor=self.floor, now=self.now, lost=self.lost)

    @cached_property
    def stays(self) -> Decision:
        """Whether it stays possible, as the console lets people request."""
        return Decision(
            self.charters,
            self.operation,
            floor=self.floor,
            now=self.now,
            requests=has_duty,
            lost=self.lost | self.withheld,
        )

    @property
    def both_sides(self) -> frozenset[str]:
        """The organisations that alone give the consent of several authorities."""
        return self.could.alone if len(self.charters) > 1 else frozenset()

    @property
    def in_both(self) -> list[tuple[Person, ...]]:
        """The humans who stand in several of the charters: each fills one seat in all of them together."""
        return [human.people for human in self.could.humans if len(human.people) > 1]


def recovery_of(
    charter: Charter, known: Iterable[Charter], *, now: int, lost: Loss = NOTHING, withheld: Loss = NOTHING
) -> Answer | None:
    """What becomes of a recovery of `charter` below its quorum, with the other sides among those `known`.

    None where it has no clause, or the charter of another side is not among them.
    """
    if charter.recovery is None:
        return None
    found = [one for other in charter.recovery.others for one in known if is_side(one, other)]
    if len(found) != len(charter.recovery.others):
        return None
    floor = operations()[RECOVER].consent.floor
    return Answer(RECOVER, (charter, *found), floor, now, lost, withheld)


def answer(
    questions: Sequence[Question],
    charters: Mapping[AuthorityKind, Charter],
    *,
    now: int,
    lost: Loss = NOTHING,
    withheld: Loss = NOTHING,
) -> list[Answer]:
    """The answers to those questions that `charters` decide; one that lacks a charter is left out."""
    return [
        Answer(one.operation, tuple(charters[kind] for kind in one.kinds), one.floor, now, lost, withheld)
        for one in questions
        if all(kind in charters for kind in one.kinds)
    ]
