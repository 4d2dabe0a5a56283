"""A node and a recovery below quorum: it waits by the node's own journal, and anybody stops it."""

import pytest

from hsmnodes.node.agent.messages import CancellationMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_amendment
from hsmnodes.node.protocol.documents import AuthorityKind, Proposal, Role, Warrant
from tests.cast.charters import Chain
from tests.cast.people import (
    ADA,
    DINA,
    EMIL,
    FAY,
    GUS,
    HANA,
    IVO,
    JON,
    KIM,
    LEA,
    MERIDIAN,
    ZONE_PEOPLE,
    Member,
)
from tests.cast.signing import DAY, cancel, make_warrant, suspend
from tests.hsmnodes.node.agent.making import charters
from tests.hsmnodes.node.agent.test_suspensions import tell
from tests.hsmnodes.node.protocol.amending import in_order
from tests.hsmnodes.node.protocol.recovering import recover, recovery_with

WEEK = 7 * DAY
OSCAR = Member("Oscar", MERIDIAN, (Role.KEY_MANAGER,))
PIA = Member("Pia", MERIDIAN, (Role.KEY_MANAGER,))
RITA = Member("Rita", MERIDIAN, (Role.AUDITOR,))
SIGNERS = (DINA, GUS, LEA, JON, KIM, PIA)


@pytest.fixture
def zone(cast):
    clause = recovery_with(cast.meridian.current, cast.northgate.current, role=Role.KEY_MANAGER)
    return cast.zone(members=(*ZONE_PEOPLE, RITA), recovery=clause)


@pytest.fixture
def site(make_site, zone):
    return make_site().with_zone(zone)


def recovered(cast, zone: Chain, *, approvers=SIGNERS, **more) -> Chain:
    """The chain of the zone, recovered: Emil and Fay have lost their tokens; Oscar and Pia come."""
    people = in_order([DINA.person(), OSCAR.person(), PIA.person(), RITA.person()])
    new = zone.next_version(people=people, **more.pop("charter", {}))
    link = recover(
        new,
        chain=zone,
        others=more.pop("others", (cast.meridian, cast.northgate)),
        requester=more.pop("requester", HANA),
        approvers=approvers,
        newcomers=(OSCAR, PIA),
        now=cast.now,
        **more,
    )
    return Chain(zone.members, [*zone.charters, new], [*zone.links, link])


def proposal_of(chain: Chain) -> Proposal:
    return Proposal.from_bytes(warrant_of(chain).proposal_bytes)


def warrant_of(chain: Chain) -> Warrant:
    return Warrant.from_bytes(canonical.b64u_decode(chain.links[-1].warrant))


def version(site, zone) -> int:
    return site.facts.chains[AuthorityKind.ZONE, zone.current.authority.id].current.version


def shown(site, chain: Chain) -> str | None:
    """The code of what the node has against these charters."""
    refused = site.deliver(charters(chain)).refused
    return refused.code if refused else None


def cancelled(site, chain: Chain, member: Member, cast, **changes) -> str | None:
    """The code of what the node has against the member's cancellation."""
    proposal = proposal_of(chain)
    message = CancellationMessage(
        proposal=canonical.b64u(proposal.raw),
        cancellation=canonical.b64u(cancel(proposal, member, at=cast.now).raw),
        request=warrant_of(chain).request,
        **({"coming": chain.links[-1].charter} | changes),
    )
    refused = site.deliver(message).refused
    return refused.code if refused else None


def test_it_is_announced_and_taken_when_its_days_are_over(site, cast, zone):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    assert (version(site, zone), len(site.facts.announced)) == (1, 1)
    site.clock.now += WEEK - 1
    site.start()
    assert (shown(site, chain), version(site, zone)) == ("delayed", 1)
    site.clock.now += 1
    assert (shown(site, chain), version(site, zone)) == (None, 2)
    cast.now += WEEK
    proposal = Proposal.from_bytes(cast.generate_keys(site.at, chain).proposal_bytes)
    assert site.send(make_warrant(proposal, DINA, (OSCAR, PIA)), chain).outcome == "done"


def test_a_console_that_says_that_it_waited_long_ago_shortens_nothing(site, cast, zone):
    """The proposal is dated back as far as it can be, and the node waits from when it is shown it."""
    chain = recovered(cast, zone, not_before=cast.now - WEEK + 1, expires_at=cast.now + 1)
    assert shown(site, chain) == "delayed"
    site.clock.now += WEEK - 1
    assert shown(site, chain) == "delayed"
    site.clock.now -= 30 * DAY
    assert shown(site, chain) == "delayed"
    assert version(site, zone) == 1


@pytest.mark.parametrize(
    ("approvers", "code"),
    [
        ((DINA, GUS, LEA, PIA, OSCAR), "not-authorised-old"),
        ((DINA, JON, KIM, PIA, OSCAR), "not-authorised-old"),
        ((GUS, LEA, JON, KIM, PIA, OSCAR), "not-authorised-old"),
        ((DINA, GUS, LEA, JON, KIM), "not-authorised-new"),
    ],
    ids=["without the provider", "without the customer", "without who is left", "without newcomers"],
)
def test_what_too_few_have_signed_is_not_even_announced(site, cast, zone, approvers, code):
    assert shown(site, recovered(cast, zone, approvers=approvers)) == code
    assert site.facts.announced == {}


def test_without_a_clause_there_is_no_recovery(make_site, cast):
    plain = cast.zone()
    site = make_site(name="plain").with_zone(plain)
    chain = recovered(cast, plain)
    assert shown(site, chain) == "no-recovery"
    assert site.facts.announced == {}


@pytest.mark.parametrize("member", [DINA, EMIL, FAY, RITA, GUS, JON, HANA], ids=lambda one: one.name)
def test_anybody_of_the_charter_stops_it_and_so_does_the_other_side_and_who_requested_it(
    site, cast, zone, member
):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    assert cancelled(site, chain, member, cast) is None
    site.clock.now += WEEK
    assert (shown(site, chain), version(site, zone)) == ("closed", 1)
    site.start()
    assert (shown(site, chain), version(site, zone)) == ("closed", 1)


def test_also_with_a_suspended_token(site, cast, zone):
    assert tell(site, suspend(zone.current, FAY, FAY, at=cast.now)) is None
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    assert cancelled(site, chain, FAY, cast) is None


def test_those_who_come_stop_it_by_the_charter_in_which_they_come(site, cast, zone):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    assert cancelled(site, chain, OSCAR, cast, coming=None) == "not-a-cancellation"
    strange = canonical.b64u(zone.next_version(people=chain.current.people[:3]).raw)
    assert cancelled(site, chain, OSCAR, cast, coming=strange) == "not-a-cancellation"
    assert cancelled(site, chain, OSCAR, cast) is None
    site.clock.now += WEEK
    assert (shown(site, chain), version(site, zone)) == ("closed", 1)


def test_who_would_come_by_what_is_not_announced_here_writes_nothing(site, cast, zone):
    chain, before = recovered(cast, zone), site.head
    assert cancelled(site, chain, OSCAR, cast) == "not-a-cancellation"
    assert site.head == before


@pytest.mark.parametrize("member", [ADA, IVO], ids=["of no side's officers", "of another customer"])
def test_nobody_else_stops_it(site, cast, zone, member):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    assert cancelled(site, chain, member, cast) == "not-a-cancellation"


@pytest.mark.parametrize("member", [DINA, GUS, JON], ids=lambda one: one.name)
def test_a_token_that_is_suspended_while_it_waits_counts_no_more(site, cast, zone, member):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    charter = {DINA: zone, GUS: cast.meridian, JON: cast.northgate}[member].current
    assert tell(site, suspend(charter, member, member, at=cast.now)) is None
    site.clock.now += WEEK
    assert shown(site, chain) == "not-authorised-old"
    assert version(site, zone) == 1


def test_an_amendment_meanwhile_shows_that_it_was_not_needed(site, cast, zone):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 200 * DAY)
    assert shown(site, zone) is None
    site.clock.now += WEEK
    assert shown(site, chain) == "goes-back"
    cast.now += WEEK
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"


def test_two_recoveries_of_one_version_freeze_the_authority(site, cast, zone):
    one = recovered(cast, zone)
    other = recovered(cast, zone, charter={"valid_until": cast.now + 100 * DAY}, proposal="1" * 32)
    assert [shown(site, one), shown(site, other)] == ["delayed", "delayed"]
    site.clock.now += WEEK
    assert shown(site, one) is None
    assert shown(site, other) is None
    assert site.facts.chains[AuthorityKind.ZONE, zone.current.authority.id].frozen
    assert site.send(cast.generate_keys(site.at, one)).code == "frozen"


def test_it_cannot_be_used_a_second_time(site, cast, zone):
    chain = recovered(cast, zone)
    shown(site, chain)
    site.clock.now += WEEK
    assert shown(site, chain) is None
    again = Chain(zone.members, [*chain.charters, chain.current], [*chain.links, chain.links[-1]])
    assert shown(site, again) is None
    assert version(site, zone) == 2
    following = chain.next_version(valid_until=cast.now + 100 * DAY)
    replayed = chain.links[-1].model_copy(update={"charter": canonical.b64u(following.raw)})
    again = Chain(zone.members, [*chain.charters, following], [*chain.links, replayed])
    assert shown(site, again) == "not-authorised-old"
    assert version(site, zone) == 2


def test_a_side_that_is_another_here_consents_to_nothing(site, cast, zone):
    """The provider's charter was amended twice: the node is shown the one, and the zone the other."""
    here, there = (
        Chain(cast.northgate.members, [*cast.northgate.charters], [*cast.northgate.links]) for _ in "12"
    )
    for chain, days in ((here, 100), (there, 200)):
        chain.amend(requester=ADA, approvers=(JON, KIM), now=cast.now, valid_until=cast.now + days * DAY)
        verify_amendment(chain.charters[0], chain.links[-1])
    assert shown(site, here) is None
    assert shown(site, recovered(cast, zone, others=(cast.meridian, there))) == "other-side"


def test_who_pins_the_chain_later_takes_none_that_cannot_have_waited(make_site, cast, zone):
    site = make_site(name="later").serving()
    chain = recovered(cast, zone)
    assert site.send(cast.create_slot(site.at, chain), chain).code == "delayed"
