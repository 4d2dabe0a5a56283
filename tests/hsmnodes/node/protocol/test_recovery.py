"""A charter is recovered below its quorum by its own clause, with the other side, and in no other way."""

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import is_fork, verify_amendment, verify_chain
from hsmnodes.node.protocol.consistency import AMEND
from hsmnodes.node.protocol.documents import Charter, CharterLink, NodeAt, Proposal, Role, Warrant
from hsmnodes.node.protocol.errors import DocumentRefused, Refused
from hsmnodes.node.protocol.quorum import Signatures
from hsmnodes.node.protocol.recovery import authorities_of, recovery_verdicts
from tests.cast.charters import DEPLOYMENT
from tests.cast.ids import make_id
from tests.cast.people import ADA, GUS, HANA, JON, KIM, LEA, MERIDIAN, Member
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol import amending
from tests.hsmnodes.node.protocol.amending import MIA, NORA
from tests.hsmnodes.node.protocol.making import NOW
from tests.hsmnodes.node.protocol.recovering import (
    BEGINS,
    CHAIN,
    DAY,
    ENDS,
    NOT_RECOVERED,
    PROVIDER,
    RECOVERED,
    WITHOUT,
    in_place_of_lea_and_mia,
    meridian,
    provider_with,
    recover,
    recovery_with,
)


def attempt(made):
    chain, link = made if isinstance(made, tuple) else (CHAIN, made)
    return chain, link, verify_amendment(chain.current, link)


@pytest.mark.parametrize("make", RECOVERED.values(), ids=RECOVERED.keys())
def test_a_charter_is_recovered(make):
    chain, link, following = attempt(make())
    assert following.version == chain.current.version + 1
    assert CharterLink.from_bytes(link.raw) == link


@pytest.mark.parametrize(("make", "code"), NOT_RECOVERED.values(), ids=NOT_RECOVERED.keys())
def test_a_recovery_is_refused_and_changes_nothing_when(make, code):
    made = make()
    chain, link = made if isinstance(made, tuple) else (CHAIN, made)
    before = chain.current.raw
    with pytest.raises(Refused) as refused:
        verify_amendment(chain.current, link)
    assert (refused.value.code, bool(refused.value.message)) == (code, True)
    anchored = {"anchor": chain.anchor, "deployment": DEPLOYMENT, "demo": chain.current.demo}
    with pytest.raises(Refused):
        verify_chain([*chain.links, link], **anchored)
    assert verify_chain(chain.links, **anchored)[-1].raw == chain.current.raw == before
    assert not is_fork(chain.current, link, recover())


def test_another_side_says_by_its_rule_for_amendments_how_long_a_proposal_may_live():
    lives = ENDS - BEGINS
    for longest, allowed in ((lives, True), (lives - 1, False)):
        provider = provider_with(lifetime=longest)
        chain = meridian(provider=provider)
        link = recover(chain=chain, others=(provider,))
        if allowed:
            assert verify_amendment(chain.current, link).version == 2
        else:
            with pytest.raises(Refused, match=f"live for {longest} seconds at most.*not-authorised-old"):
                verify_amendment(chain.current, link)


@pytest.mark.parametrize("lost", [GUS, JON, KIM])
def test_a_suspended_token_counts_on_neither_side(lost):
    with pytest.raises(Refused, match="not-authorised-old"):
        verify_amendment(CHAIN.current, recover(), suspended={lost.key.credential_id})


@pytest.mark.parametrize("lost", [GUS, NORA], ids=["who is left", "who comes"])
def test_nor_does_it_under_the_new_version(lost):
    verdict = count(suspended={lost.key.credential_id})[1]
    assert not verdict.authorised
    assert "suspended" in {one.code for one in verdict.ignored}


def test_who_requests_it_is_not_counted_under_the_new_version_by_another_name_and_token():
    second = SoftwareToken("Ada's second")
    tokens = tuple(sorted((ADA.key, second), key=lambda one: one.credential_id))
    people = [one for one in PROVIDER.current.people if one.id != ADA.id]
    people = amending.in_order([*people, ADA.person(tokens=tokens)])
    provider = PROVIDER.current.model_copy(update={"people": people})
    adele = amending.alias(Member("Adele", MERIDIAN, (Role.SECURITY_OFFICER,)), "Adele", second)
    left = [one for one in amending.PEOPLE if one not in (LEA, MIA)]
    _, after = count(
        in_place_of_lea_and_mia(people=amending.in_order(one.person() for one in (*left, adele))),
        others=(provider,),
        authorities=authorities_of([CHAIN.current, provider]),
        requester=ADA,
        approvers=(GUS, JON, KIM, adele),
    )
    assert not after.authorised
    assert "requester" in {one.code for one in after.ignored}


def test_what_the_requester_is_not_in_the_new_version_is_no_problem():
    assert [verdict.problems for verdict in count(requester=ADA)] == [(), ()]


def count(
    new=None, *, current=CHAIN.current, others=(PROVIDER.current,), suspended=(), requester=HANA, **changes
):
    """How the signatures count on a recovery whose proposal was changed before it was signed."""
    new = new or in_place_of_lea_and_mia()
    link = recover(new, requester=requester, **changes)
    warrant = Warrant.from_bytes(canonical.b64u_decode(link.warrant))
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    signatures = Signatures.of(warrant)
    return recovery_verdicts(current, new, others, proposal, signatures, suspended=suspended)


STRANGER = PROVIDER.current.model_copy(update={"deployment": make_id("another deployment")})
EXPIRED = PROVIDER.current.model_copy(update={"valid_until": BEGINS})
WRONG = {
    "the charter has no clause": ({"current": WITHOUT.current}, {"no-recovery"}),
    "it is called an amendment": ({"operation": AMEND}, {"not-this-recovery"}),
    "it names a node": (
        {"nodes": (NodeAt(id=make_id("ams-1"), name="ams-1", identity="0" * 64),)},
        {"not-this-recovery"},
    ),
    "nobody else is asked": (
        {"others": (), "authorities": authorities_of([CHAIN.current])},
        {"not-this-recovery"},
    ),
    "it names nobody else": ({"authorities": authorities_of([CHAIN.current])}, {"not-this-recovery"}),
    "another side is of another deployment": (
        {"others": (STRANGER,), "authorities": authorities_of([CHAIN.current, STRANGER])},
        {"other-deployment"},
    ),
    "the charter of another side has expired": (
        {"others": (EXPIRED,), "authorities": authorities_of([CHAIN.current, EXPIRED])},
        {"side-expired"},
    ),
    "it is of another deployment itself": ({"deployment": make_id("another")}, {"other-deployment"}),
    "rules would change": (
        {"new": in_place_of_lea_and_mia(rules=amending.amend_rule(3))},
        {"changes-more"},
    ),
    "it says another version": ({"parameters": {"version": 7}}, {"other-recovery"}),
}


@pytest.mark.parametrize(("changes", "codes"), WRONG.values(), ids=WRONG)
def test_the_count_itself_says_what_is_wrong_with_a_recovery(changes, codes):
    old, _ = count(**changes)
    assert not old.authorised
    assert codes <= {one.code for one in old.problems}
    assert all(one.message for one in old.problems)


def test_a_charter_without_the_clause_has_the_very_bytes_it_had():
    charter = amending.CURRENT
    assert charter.recovery is None
    assert b"recovery" not in charter.raw
    assert b"sides" not in amending.link(amending.CHAIN.next_version()).raw


def test_a_clause_that_is_null_is_no_charter():
    raw = canonical.encode(amending.CURRENT.model_dump(mode="json") | {"recovery": None})
    with pytest.raises(DocumentRefused):
        Charter.from_bytes(raw)


@pytest.mark.parametrize("days", [0, 6, 91])
def test_less_than_a_week_or_more_than_a_quarter_is_no_clause(days):
    with pytest.raises(ValueError, match="days"):
        recovery_with(CHAIN.current, days=days)


def test_an_amendment_never_comes_with_charters_of_other_sides():
    link = amending.link(CHAIN.next_version(), chain=CHAIN)
    assert verify_amendment(CHAIN.current, link)
    with pytest.raises(Refused, match="not-a-recovery"):
        verify_amendment(CHAIN.current, link.model_copy(update={"sides": recover().sides}))


def test_two_recoveries_of_one_version_are_a_fork():
    other = recover(in_place_of_lea_and_mia(valid_until=NOW + 200 * DAY))
    assert is_fork(CHAIN.current, recover(), other)
    assert not is_fork(CHAIN.current, recover(), recover())
    assert not is_fork(CHAIN.current, recover(), recover(approvers=(GUS, LEA)))
