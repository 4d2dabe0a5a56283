"""The other sides of a recovery consent by the charters that are in force here when it is announced."""

import pytest

from hsmnodes.node.protocol.documents import AuthorityKind, Role
from tests.cast.charters import Chain
from tests.cast.people import (
    ADA,
    DINA,
    GUS,
    HANA,
    JON,
    KIM,
    LEA,
    MERIDIAN,
    NORTHGATE,
    ZONE_PEOPLE,
    Member,
)
from tests.cast.signing import DAY, suspend
from tests.hsmnodes.node.agent.making import charters
from tests.hsmnodes.node.agent.test_recovering import (
    PIA,
    RITA,
    WEEK,
    cancelled,
    recovered,
    shown,
    version,
)
from tests.hsmnodes.node.agent.test_suspensions import tell
from tests.hsmnodes.node.protocol.amending import in_order
from tests.hsmnodes.node.protocol.recovering import recovery_with

LARS = Member("Lars", NORTHGATE, (Role.SECURITY_OFFICER,))
MAJA = Member("Maja", NORTHGATE, (Role.SECURITY_OFFICER,))
CID = Member("Cid", MERIDIAN, (Role.SECURITY_OFFICER,))
COR = Member("Cor", MERIDIAN, (Role.SECURITY_OFFICER,))
OF_THE_NEW = (DINA, CID, COR, JON, KIM, PIA)
"""Who signs when Cid and Cor are the customer's officers."""


@pytest.fixture
def zone(cast):
    clause = recovery_with(cast.meridian.current, cast.northgate.current, role=Role.KEY_MANAGER)
    return cast.zone(members=(*ZONE_PEOPLE, RITA), recovery=clause)


@pytest.fixture
def site(make_site, zone):
    return make_site().with_zone(zone)


def copy(chain: Chain) -> Chain:
    """The chain as it is now, whatever is amended later."""
    return Chain(chain.members, [*chain.charters], [*chain.links])


def replace_officers(chain: Chain, cast, *, requester: Member = HANA, old=(GUS, LEA), new=(CID, COR)) -> None:
    """Two other officers come, and those there were go."""
    staying = [one for one in chain.current.people if Role.SECURITY_OFFICER not in one.roles]
    chain.amend(
        requester=requester,
        approvers=(*old, *new),
        newcomers=new,
        now=cast.now,
        people=in_order([*staying, *(one.person() for one in new)]),
    )


def renew(chain: Chain, cast, *, requester: Member, approvers, days: int = 200) -> None:
    chain.amend(requester=requester, approvers=approvers, now=cast.now, valid_until=cast.now + days * DAY)


def nothing_is_announced(site, zone) -> bool:
    site.clock.now += WEEK
    return site.facts.announced == {} and version(site, zone) == 1


def test_those_whom_an_amendment_has_replaced_consent_to_nothing(site, cast, zone):
    old = copy(cast.meridian), copy(cast.northgate)
    replace_officers(cast.meridian, cast)
    replace_officers(cast.northgate, cast, requester=ADA, old=(JON, KIM), new=(LARS, MAJA))
    for chain in (cast.meridian, cast.northgate):
        assert shown(site, chain) is None
    assert shown(site, recovered(cast, zone, others=old)) == "side-replaced"
    assert nothing_is_announced(site, zone)


@pytest.mark.parametrize("kind", [AuthorityKind.CUSTOMER, AuthorityKind.PROVIDER])
def test_one_side_that_was_replaced_is_enough_to_refuse_it(site, cast, zone, kind):
    sides = {AuthorityKind.CUSTOMER: cast.meridian, AuthorityKind.PROVIDER: cast.northgate}
    old = {of: copy(chain) for of, chain in sides.items()}
    who = {
        AuthorityKind.CUSTOMER: (HANA, (GUS, LEA)),
        AuthorityKind.PROVIDER: (ADA, (JON, KIM)),
    }[kind]
    renew(sides[kind], cast, requester=who[0], approvers=who[1])
    assert shown(site, sides[kind]) is None
    assert shown(site, recovered(cast, zone, others=tuple(old.values()))) == "side-replaced"
    assert shown(site, recovered(cast, zone)) == "delayed"


@pytest.mark.parametrize("member", [GUS, JON], ids=lambda one: one.name)
def test_a_token_suspended_under_the_version_in_force_does_not_count_by_the_one_before(
    site, cast, zone, member
):
    old = copy(cast.meridian), copy(cast.northgate)
    renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA))
    renew(cast.northgate, cast, requester=ADA, approvers=(JON, KIM))
    for chain in (cast.meridian, cast.northgate):
        assert shown(site, chain) is None
    charter = {GUS: cast.meridian, JON: cast.northgate}[member].current
    assert tell(site, suspend(charter, member, member, at=cast.now)) is None
    assert shown(site, recovered(cast, zone)) == "not-authorised-old"
    assert shown(site, recovered(cast, zone, others=old)) in ("side-replaced", "not-authorised-old")
    assert nothing_is_announced(site, zone)


@pytest.mark.parametrize("member", [GUS, JON], ids=lambda one: one.name)
def test_nor_when_it_is_suspended_under_a_version_that_came_while_it_waits(site, cast, zone, member):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    sides = {GUS: cast.meridian, JON: cast.northgate}
    renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA))
    renew(cast.northgate, cast, requester=ADA, approvers=(JON, KIM))
    for side in sides.values():
        assert shown(site, side) is None
    assert tell(site, suspend(sides[member].current, member, member, at=cast.now)) is None
    site.clock.now += WEEK
    assert shown(site, chain) == "not-authorised-old"
    assert version(site, zone) == 1


def test_a_side_that_amends_while_it_waits_has_consented(site, cast, zone):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA))
    assert shown(site, cast.meridian) is None
    site.clock.now += WEEK
    site.start()
    assert (shown(site, chain), version(site, zone)) == (None, 2)


@pytest.mark.parametrize("member", [CID, GUS], ids=["who came to the side", "who consented for it"])
def test_and_its_people_stop_it_those_who_came_and_those_who_left(site, cast, zone, member):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    replace_officers(cast.meridian, cast)
    assert shown(site, cast.meridian) is None
    assert cancelled(site, chain, member, cast) is None
    site.clock.now += WEEK
    assert (shown(site, chain), version(site, zone)) == ("closed", 1)


@pytest.mark.parametrize("why", ["cancelled", "suspended", "unknown"])
def test_an_amendment_that_is_not_in_force_here_consents_to_nothing(site, cast, zone, why):
    ahead = copy(cast.meridian)
    if why == "suspended":
        assert tell(site, suspend(cast.meridian.current, GUS, GUS, at=cast.now)) is None
    replace_officers(ahead, cast)
    if why == "cancelled":
        assert cancelled(site, ahead, GUS, cast) is None
    if why != "unknown":
        assert shown(site, ahead) in ("closed", "not-authorised-old")
    chain = recovered(cast, zone, others=(ahead, cast.northgate), approvers=OF_THE_NEW)
    assert shown(site, chain) == "side-unknown"
    assert nothing_is_announced(site, zone)


def test_a_later_charter_of_a_side_that_comes_along_is_walked_first(site, cast, zone):
    renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA))
    renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA), days=190)
    chain = recovered(cast, zone)
    refused = site.deliver(charters(chain, cast.meridian)).refused
    assert refused.code == "delayed"
    assert len(site.facts.announced) == 1


@pytest.mark.parametrize(
    ("of", "code"),
    [
        ("both", "not-authorised-old"),
        ("customer", "not-authorised-old"),
        ("provider", "not-authorised-old"),
    ],
)
def test_a_side_whose_charter_has_expired_when_it_is_proposed_consents_to_nothing(site, cast, zone, of, code):
    if of != "provider":
        renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA), days=10)
    if of != "customer":
        renew(cast.northgate, cast, requester=ADA, approvers=(JON, KIM), days=10)
    for chain in (cast.meridian, cast.northgate):
        assert shown(site, chain) is None
    cast.now += 10 * DAY + 100
    site.clock.now = cast.now
    assert shown(site, recovered(cast, zone)) == code
    assert nothing_is_announced(site, zone)


def test_nor_one_that_expires_before_it_is_announced(site, cast, zone):
    renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA), days=1)
    assert shown(site, cast.meridian) is None
    chain = recovered(cast, zone, not_before=cast.now, expires_at=cast.now + 2 * DAY)
    site.clock.now = cast.now + DAY
    assert shown(site, chain) == "side-expired"
    assert nothing_is_announced(site, zone)


def test_a_charter_that_expires_while_it_waits_has_consented(site, cast, zone):
    renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA), days=2)
    assert shown(site, cast.meridian) is None
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    site.clock.now += WEEK
    assert (shown(site, chain), version(site, zone)) == (None, 2)


def test_a_recovery_that_has_expired_is_not_announced(site, cast, zone):
    chain = recovered(cast, zone, not_before=cast.now - DAY, expires_at=cast.now + DAY)
    site.clock.now = cast.now + DAY
    assert shown(site, chain) == "expired"
    assert nothing_is_announced(site, zone)


def test_one_that_is_announced_in_its_last_second_is_taken_when_its_days_are_over(site, cast, zone):
    chain = recovered(cast, zone, not_before=cast.now - DAY, expires_at=cast.now + DAY)
    site.clock.now = cast.now + DAY - 1
    assert shown(site, chain) == "delayed"
    site.clock.now += WEEK
    assert (shown(site, chain), version(site, zone)) == (None, 2)


def test_a_second_recovery_that_has_expired_freezes_nothing(site, cast, zone):
    one = recovered(cast, zone)
    other = recovered(
        cast,
        zone,
        charter={"valid_until": cast.now + 100 * DAY},
        proposal="1" * 32,
        not_before=cast.now - DAY,
        expires_at=cast.now + DAY,
    )
    assert shown(site, one) == "delayed"
    site.clock.now += WEEK
    assert shown(site, one) is None
    assert shown(site, other) == "expired"
    assert not site.facts.chains[AuthorityKind.ZONE, zone.current.authority.id].frozen


# ------------------------------------------------------------------ who pins the chain later


def waited(cast, site) -> None:
    """The days of the recovery are over, for people and for the node."""
    cast.now += WEEK + 100
    site.clock.now = cast.now


def test_who_pins_the_chain_later_takes_it_by_the_charters_it_knows(make_site, cast, zone):
    site, chain = make_site(name="later").serving(), recovered(cast, zone)
    waited(cast, site)
    renew(cast.meridian, cast, requester=HANA, approvers=(GUS, LEA))
    assert shown(site, cast.meridian) is None
    warrant = cast.create_slot(site.at, chain, managers=(DINA, PIA))
    assert site.send(warrant, chain).outcome == "done"
    assert version(site, zone) == 2


def test_but_not_by_one_that_was_replaced_before_it_was_proposed(make_site, cast, zone):
    site, old = make_site(name="later").serving(), copy(cast.meridian)
    replace_officers(cast.meridian, cast)
    assert shown(site, cast.meridian) is None
    cast.now += 30 * DAY
    chain = recovered(cast, zone, others=(old, cast.northgate))
    waited(cast, site)
    assert site.send(cast.create_slot(site.at, chain), chain).code == "side-replaced"


def test_nor_by_one_that_it_does_not_know(make_site, cast, zone):
    site, ahead = make_site(name="later").serving(), copy(cast.meridian)
    replace_officers(ahead, cast)
    chain = recovered(cast, zone, others=(ahead, cast.northgate), approvers=OF_THE_NEW)
    waited(cast, site)
    assert site.send(cast.create_slot(site.at, chain), chain).code == "side-unknown"
