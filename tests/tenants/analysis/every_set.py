"""Every set of people there is, each of whom signs what they can: what `evaluate()` says of it.

Tokens that are lost sign too, in other hands, and are suspended.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import combinations

from hsmnodes.node.protocol.documents import Charter, Role
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, evaluate
from tenants.analysis.deciding import Decision
from tenants.analysis.humans import NOTHING, Human, Loss
from tests.cast.people import Member
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol.making import GENERATE, NOW, make_proposal
from tests.hsmnodes.node.protocol.random_charters import TOKENS, who_is_who
from tests.hsmnodes.node.protocol.scenes import approval_by

People = frozenset[str]


class EverySet:
    """Which sets of humans get the operation authorised, each found out by signing for it."""

    def __init__(
        self,
        charters: Sequence[Charter],
        floor: int,
        *,
        tokens: Sequence[SoftwareToken] = TOKENS,
        operation: str = GENERATE,
        only_duties: bool = False,
        lost: Loss = NOTHING,
    ) -> None:
        self.charters, self.floor, self.lost = charters, floor, lost
        self.keys = {token.public_key: token for token in tokens}
        self.operation, self.only_duties = operation, only_duties
        self.same = who_is_who(charters)

    @property
    def everyone(self) -> People:
        return frozenset(self.same.values())

    def tokens(self, human: str, *, left: bool = True) -> list[SoftwareToken]:
        """The tokens of a human: those that are left, or all that somebody may have found."""
        if human in {self.same[one] for one in self.lost.people}:
            return []
        held = {
            token.public_key
            for charter in self.charters
            for person in charter.people
            for token in person.tokens
            if self.same[person.id] == human and not (left and token.credential_id in self.lost.tokens)
        }
        return [self.keys[key] for key in sorted(held)]

    def authorised(self, people: People) -> bool:
        """Whether these people can do it: one of them requests, by some token, and all sign what they can."""
        return any(self._judge(*asked, people) for human in people for asked in self._asking(human))

    @cached_property
    def enough(self) -> set[People]:
        """Every set of people who can do it."""
        return {people for people in subsets(self.everyone) if self.authorised(people)}

    def _asking(self, human: str) -> Iterator[tuple[Member, SoftwareToken]]:
        duties = {
            person.id
            for charter in self.charters
            for person in charter.people
            if set(person.roles) - {Role.AUDITOR} or not self.only_duties
        }
        for charter in self.charters:
            for person in charter.people:
                for token in self.tokens(human):
                    if person.id in duties and token.public_key in {one.public_key for one in person.tokens}:
                        yield Member(person.name, person.organisation, person.roles), token

    def _judge(self, requester: Member, token: SoftwareToken, people: People) -> bool:
        proposal = make_proposal(*self.charters, operation=self.operation, requester=requester)
        signing = sorted({one.public_key for human in people for one in self.tokens(human, left=False)})
        signatures = Signatures(
            token.sign(Purpose.PROPOSE, proposal.raw),
            tuple(approval_by(proposal, self.keys[key]) for key in signing),
        )
        consent = Consent(tuple(charter.authority.kind for charter in self.charters), self.floor)
        return evaluate(
            self.charters, proposal, signatures, consent=consent, now=NOW, suspended=self.lost.tokens
        ).authorised


def subsets(people: Iterable[str]) -> Iterator[People]:
    ordered = sorted(people)
    for size in range(len(ordered) + 1):
        yield from map(frozenset, combinations(ordered, size))


def sets_in(decision: Decision) -> list[People]:
    """Every set of people that the mixtures stand for."""
    found, complete = decision.mixtures(most=1000)
    assert complete
    sets = []
    for mixture in found:
        ways: list[People] = [frozenset()]
        for count, kind in mixture.parts:
            chosen = [names(some) for some in combinations(kind.humans, count)]
            ways = [one | more for one in ways for more in chosen]
        assert len(ways) == mixture.sets
        sets += ways
    return sets


def names(humans: Iterable[Human]) -> People:
    return frozenset(human.identity for human in humans)


def losses_in(decision: Decision) -> set[People]:
    """Every set of people that the weaknesses stand for."""
    return {names(some) for weak in decision.weaknesses for some in combinations(weak.humans, weak.lost)}
