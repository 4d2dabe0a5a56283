"""What is said of a recovery below quorum, against what signatures authorise."""

from itertools import combinations

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents import Proposal, Warrant
from hsmnodes.node.protocol.quorum import Signatures
from hsmnodes.node.protocol.recovery import recovery_verdicts
from tenants.analysis.deciding import Decision
from tenants.analysis.humans import NOTHING, Loss, anyone
from tenants.analysis.questions import recovery_of
from tests.cast.people import ADA, GUS, HANA, JON, KIM, LEA
from tests.hsmnodes.node.protocol.amending import CURRENT, MIA
from tests.hsmnodes.node.protocol.making import NOW
from tests.hsmnodes.node.protocol.recovering import CHAIN, LUMEN, PROVIDER, in_place_of_lea_and_mia, recover
from tests.tenants.analysis.every_set import sets_in

EVERYONE = (GUS, LEA, MIA, HANA, JON, KIM, ADA)
CHARTERS = (CHAIN.current, PROVIDER.current)


def decide(lost: Loss = NOTHING) -> Decision:
    return Decision(CHARTERS, RECOVER, floor=1, now=NOW, requests=anyone, lost=lost)


def is_authorised(people) -> bool:
    """Whether these people are enough on both sides: each of them requests in turn, and the others sign."""
    return any(_counts(one, [other for other in people if other is not one]) for one in people)


def _counts(requester, approvers) -> bool:
    new = in_place_of_lea_and_mia()
    link = recover(new, requester=requester, approvers=approvers)
    warrant = Warrant.from_bytes(canonical.b64u_decode(link.warrant))
    signed = Signatures(warrant.request, warrant.approvals, warrant.rejections, warrant.cancellations)
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    [current, provider] = CHARTERS
    return recovery_verdicts(current, new, [provider], proposal, signed)[0].authorised


def test_the_smallest_sets_are_just_those_that_signatures_authorise():
    decision = decide()
    found = set(sets_in(decision))
    known = {one.id for one in EVERYONE}
    assert decision.needed == 4
    for people in combinations(EVERYONE, 4):
        assert is_authorised(people) == (frozenset(one.id for one in people) in found)
    assert any(one <= known for one in found)
    assert not any(map(is_authorised, combinations(EVERYONE, 3)))


@pytest.mark.parametrize(
    ("lost", "possible"),
    [
        ((), True),
        ((GUS, LEA), True),
        ((GUS, LEA, MIA), False),
        ((JON,), False),
        ((LEA, MIA, HANA), True),
    ],
    ids=["nothing", "two of three officers", "every officer", "one of two of the other side", "all but one"],
)
def test_it_is_possible_while_one_is_left_and_the_other_side_is_whole(lost, possible):
    assert decide(Loss(frozenset(one.id for one in lost))).possible is possible


def test_the_other_side_may_not_be_lost_and_so_nobody_of_it_is_to_spare():
    decision = decide()
    assert decision.spare == 0
    assert {human.name for weak in decision.weaknesses for human in weak.humans} == {"Jon", "Kim"}


def test_an_expired_charter_can_still_be_recovered():
    late = CHAIN.current.valid_until
    assert Decision(CHARTERS, RECOVER, floor=1, now=late, requests=anyone).possible


def test_without_the_clause_or_without_knowing_the_other_side_nothing_is_said_of_it():
    assert recovery_of(CURRENT, CHARTERS, now=NOW) is None
    assert recovery_of(CHAIN.current, [LUMEN.current], now=NOW) is None
    assert recovery_of(CHAIN.current, CHARTERS, now=NOW) is not None
