"""Charters that come into force one after the other, from their anchor, and freeze when they fork."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hsmnodes.node.protocol.charters import is_fork, verify_amendment, verify_chain
from hsmnodes.node.protocol.documents import AuthorityKind, CharterLink, Desk
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.quorum import Consent, Signatures, evaluate
from tests.cast.charters import DEPLOYMENT
from tests.cast.people import DINA, EMIL, GUS, HANA, LEA
from tests.cast.signing import make_warrant
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol.amending import (
    CHAIN,
    CURRENT,
    MIA,
    NORA,
    PEOPLE,
    alias,
    amend_rule,
    but,
    chain_with,
    in_order,
    link,
    with_people,
)
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, NOW, make_proposal

BECOMES_THE_NEXT: dict[str, Callable[[], CharterLink]] = {
    "two officers approve": lambda: link(CHAIN.next_version()),
    "the requester is an officer and two others approve": lambda: link(CHAIN.next_version(), requester=MIA),
    "a newcomer proves her token": lambda: link(with_people(*PEOPLE, NORA), newcomers=[NORA]),
    "one leaves, and those who stay approve": lambda: link(with_people(*but(MIA))),
    "the requester leaves": lambda: link(with_people(*but(HANA))),
    "the requester leaves and was an officer": lambda: link(with_people(*but(MIA)), requester=MIA),
    "a threshold rises and is met": lambda: link(
        CHAIN.next_version(rules=amend_rule(3)), approvers=[GUS, LEA, MIA]
    ),
    "a token changes hands and is proved": lambda: link(
        with_people(*but(MIA), alias(MIA, "Nora")), newcomers=[MIA]
    ),
    "it comes late": lambda: link(CHAIN.next_version(), not_before=NOW - 10**7, expires_at=NOW - 10**7 + 9),
    "the old charter has expired": lambda: link(
        CHAIN.next_version(valid_from=CURRENT.valid_until, valid_until=CURRENT.valid_until + 400 * 86_400)
    ),
}


@pytest.mark.parametrize("make", BECOMES_THE_NEXT.values(), ids=BECOMES_THE_NEXT.keys())
def test_a_charter_becomes_the_next_version_when(make):
    made = make()
    following = verify_amendment(CURRENT, made)
    assert (following.version, following.previous) == (2, CURRENT.sha256)
    chain = verify_chain([*CHAIN.links, made], anchor=CHAIN.anchor, deployment=DEPLOYMENT, demo=True)
    assert chain == (CURRENT, following)


def test_a_chain_is_walked_in_order_and_from_its_anchor_only():
    chain = chain_with()
    for days in (1, 2, 3):
        until = CURRENT.valid_until - days
        chain.amend(requester=HANA, approvers=[GUS, LEA], now=NOW, valid_until=until)
    one, two, three, four = chain.links
    walked = verify_chain(chain.links, anchor=chain.anchor, deployment=DEPLOYMENT, demo=True)
    assert [charter.version for charter in walked] == [1, 2, 3, 4]
    skipped = ([], [two], [two, three], [one, three], [one, two, four])
    repeated = ([one, two, two], [one, three, two], [one, one], [one, two, one])
    for wrong in skipped + repeated:
        with pytest.raises(Refused):
            verify_chain(wrong, anchor=chain.anchor, deployment=DEPLOYMENT, demo=True)
    with pytest.raises(Refused, match="other-anchor"):
        verify_chain(chain.links, anchor=walked[1].sha256, deployment=DEPLOYMENT, demo=True)


def test_two_valid_successors_are_a_fork_and_one_that_is_not_valid_is_none():
    first, second = CHAIN.next_version(), CHAIN.next_version(rules=amend_rule(3))
    everyone = [GUS, LEA, MIA]
    assert is_fork(CURRENT, link(first), link(second, approvers=everyone))
    assert not is_fork(CURRENT, link(first), link(first, requester=MIA))
    assert not is_fork(CURRENT, link(first), link(second, approvers=[GUS]))


@pytest.mark.parametrize("suspended", [GUS, MIA], ids=["who signed the one", "who signed the other"])
def test_a_successor_that_only_a_suspended_token_completes_is_no_fork(suspended):
    one = link(CHAIN.next_version(), approvers=[GUS, LEA])
    other = link(CHAIN.next_version(valid_until=CURRENT.valid_until - 1), approvers=[LEA, MIA])
    assert is_fork(CURRENT, one, other)
    assert not is_fork(CURRENT, one, other, suspended=[suspended.key.credential_id])


def test_an_expired_charter_authorises_only_its_own_renewal():
    late = CURRENT.valid_until
    for operation, problems in ((AMEND, []), (GENERATE, ["charter-expired"])):
        approvers = [GUS, LEA] if operation == AMEND else [DINA, EMIL]
        window = {"not_before": late - 60, "expires_at": late + 60}
        proposal = make_proposal(CURRENT, operation=operation, **window)
        warrant = make_warrant(proposal, HANA, approvers)
        verdict = evaluate(
            (CURRENT,),
            proposal,
            Signatures.of(warrant),
            consent=Consent((AuthorityKind.CUSTOMER,)),
            now=late,
        )
        assert [problem.code for problem in verdict.problems] == problems
        assert verdict.authorised == (operation == AMEND)


def test_an_amendment_to_another_desk_takes_signatures_at_both():
    desk = Desk(origin="https://desk.meridian.example", rp_id="desk.meridian.example")
    there = {one: replace(one) for one in PEOPLE}
    for one in there.values():
        one.__dict__["key"] = SoftwareToken(one.name + " there", desk=desk)
    new = CHAIN.next_version(desk=desk, people=in_order(one.person() for one in there.values()))
    here, newcomers = [GUS, LEA], list(there.values())
    with pytest.raises(Refused, match="not-authorised-new"):
        verify_amendment(CURRENT, link(new, approvers=here, newcomers=newcomers))
    with pytest.raises(Refused, match="not-authorised-old"):
        verify_amendment(CURRENT, link(new, approvers=[there[GUS], there[LEA]], newcomers=newcomers))
    both = link(new, approvers=[*here, there[GUS], there[LEA]], newcomers=newcomers)
    assert verify_amendment(CURRENT, both) == new
