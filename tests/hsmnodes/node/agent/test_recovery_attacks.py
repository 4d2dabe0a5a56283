"""A recovery that the charter does not give is not carried out, in whatever way a node is shown it.

No operation that nodes carry out, a recovery has no place in the standard tests: these are its own.
"""

from collections.abc import Callable

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, Role
from tests.cast.charters import Chain
from tests.cast.people import ADA, DINA, FAY, GUS, HANA, JON, KIM, LEA, MERIDIAN, ZONE_PEOPLE, Member, named
from tests.cast.signing import make_warrant
from tests.hsmnodes.node.agent.making import carrying
from tests.hsmnodes.node.agent.test_recovering import (
    OSCAR,
    PIA,
    RITA,
    SIGNERS,
    cancelled,
    proposal_of,
    recovered,
    shown,
    version,
    warrant_of,
)
from tests.hsmnodes.node.protocol.amending import in_order
from tests.hsmnodes.node.protocol.recovering import DAY, recover, recovery_with, side_of

MONTH = 30 * DAY


@pytest.fixture
def clause(cast):
    """One key manager, with both organisations, after thirty days."""
    sides = (cast.meridian.current, cast.northgate.current)
    return recovery_with(*sides, days=30, role=Role.KEY_MANAGER)


@pytest.fixture
def zone(cast, clause):
    return cast.zone(members=(*ZONE_PEOPLE, RITA), recovery=clause)


@pytest.fixture
def site(make_site, zone):
    return make_site().with_zone(zone)


def standing(site) -> tuple:
    """All that a recovery could change on a node."""
    facts = site.facts
    pinned = {of: (chain.current.sha256, chain.frozen) for of, chain in facts.chains.items()}
    return pinned, dict(facts.announced), set(facts.intents), repr(facts.holdings)


def of_another_zone(cast, zone: Chain) -> Chain:
    """Cards is recovered, and its link is put behind the charters of Payments."""
    cards = cast.zone(named("Cards"), members=zone.members, recovery=zone.current.recovery)
    link = recovered(cast, cards).links[-1]
    return Chain(zone.members, [*zone.charters, zone.current], [*zone.links, link])


def by_the_warrant_of_another_zone(cast, zone: Chain) -> Chain:
    """The next charter of Payments, by the warrant that recovers Cards."""
    cards = cast.zone(named("Cards"), members=zone.members, recovery=zone.current.recovery)
    good = recovered(cast, zone)
    link = good.links[-1].model_copy(update={"warrant": recovered(cast, cards).links[-1].warrant})
    return Chain(zone.members, good.charters, [*zone.links, link])


def without_sides(cast, zone: Chain) -> Chain:
    good = recovered(cast, zone)
    return Chain(
        zone.members, good.charters, [*zone.links, good.links[-1].model_copy(update={"sides": None})]
    )


def as_an_amendment(cast, zone: Chain) -> Chain:
    """Its signers sign an amendment: one key manager of the old version is too few for that."""
    people = in_order([DINA.person(), OSCAR.person(), PIA.person(), RITA.person()])
    new = zone.next_version(people=people)
    link = zone.link_to(new, requester=OSCAR, approvers=SIGNERS, now=cast.now, newcomers=(OSCAR, PIA))
    return Chain(zone.members, [*zone.charters, new], [*zone.links, link])


def with_a_shorter_clause(cast, zone: Chain) -> Chain:
    """The version that comes says seven days, and so does what is signed."""
    shorter = zone.current.recovery.model_copy(update={"days": 7})
    return recovered(cast, zone, charter={"recovery": shorter}, parameters={"days": 7})


ATTACKS: dict[str, tuple[Callable[..., Chain], str | None]] = {
    "says seven days where the clause says thirty": (
        lambda cast, zone: recovered(cast, zone, parameters={"days": 7}),
        "not-authorised-old",
    ),
    "says no days": (
        lambda cast, zone: recovered(cast, zone, parameters={"days": 0}),
        "not-authorised-old",
    ),
    "would have the clause say seven days": (with_a_shorter_clause, "changes-more"),
    "names the customer alone as the other side": (
        lambda cast, zone: recovered(
            cast, zone, others=(cast.meridian,), sides=[side_of(cast.meridian), side_of(cast.northgate)]
        ),
        "not-authorised-old",
    ),
    "brings the charter of one side alone": (
        lambda cast, zone: recovered(cast, zone, sides=[side_of(cast.meridian)]),
        "side-missing",
    ),
    "brings another customer's charter": (
        lambda cast, zone: recovered(cast, zone, sides=[side_of(cast.lumen), side_of(cast.northgate)]),
        "other-side",
    ),
    "brings no charter of a side": (without_sides, "side-missing"),
    "is signed by one alone of the provider": (
        lambda cast, zone: recovered(cast, zone, approvers=(DINA, GUS, LEA, JON, PIA)),
        "not-authorised-old",
    ),
    "is signed by the provider's administrators": (
        lambda cast, zone: recovered(cast, zone, approvers=(DINA, GUS, LEA, ADA, PIA)),
        "not-authorised-old",
    ),
    "is requested by who is left": (
        lambda cast, zone: recovered(cast, zone, requester=DINA, approvers=(GUS, LEA, JON, KIM, PIA, OSCAR)),
        "not-authorised-old",
    ),
    "is of another zone, whose charters the node does not pin": (of_another_zone, None),
    "has the warrant of another zone's recovery": (by_the_warrant_of_another_zone, "not-authorised-old"),
    "is signed as an amendment": (as_an_amendment, "not-authorised-old"),
}


@pytest.mark.parametrize(("make", "code"), ATTACKS.values(), ids=ATTACKS.keys())
def test_nothing_changes_and_nothing_is_announced_when_it(site, cast, zone, make, code):
    before, acts = standing(site), site.pool.acts
    assert shown(site, make(cast, zone)) == code
    site.clock.now += 2 * MONTH
    assert shown(site, make(cast, zone)) == code
    assert site.pool.acts == acts
    site.start()
    assert standing(site) == before


@pytest.mark.parametrize("with_clause", [True, False], ids=["with the clause", "without the clause"])
@pytest.mark.parametrize("names_the_node", [True, False], ids=["naming the node", "naming none"])
def test_as_a_warrant_of_its_own_it_is_refused(make_site, cast, zone, with_clause, names_the_node):
    """A node takes a charter as part of a chain, and never as something to do."""
    chain = zone if with_clause else cast.zone(members=(*ZONE_PEOPLE, RITA))
    site = make_site(name="ams-2").with_zone(chain)
    named_nodes = {"nodes": (site.at.at,)} if names_the_node else {}
    warrant = warrant_of(recovered(cast, chain, **named_nodes))
    before, acts = standing(site), site.pool.acts
    report = site.deliver(carrying(warrant, chain, cast.meridian, cast.northgate))
    codes = [site.read(one).code for one in report.said] or [report.refused.code]
    assert codes == ["not-for-nodes"]
    site.clock.now += 2 * MONTH
    site.deliver(carrying(warrant, chain))
    assert (standing(site), site.pool.acts) == (before, acts)


def test_what_was_cancelled_is_not_taken_when_it_is_shown_again(site, cast, zone):
    chain = recovered(cast, zone)
    assert shown(site, chain) == "delayed"
    assert cancelled(site, chain, FAY, cast) is None
    for days in (0, 1, 40, 400):
        site.clock.now = cast.now + days * DAY
        site.start()
        assert shown(site, chain) == "closed"
    assert version(site, zone) == 1


def test_what_was_cancelled_and_is_signed_anew_waits_anew(site, cast, zone):
    """The days that the first one has waited are no days of the second."""
    first = recovered(cast, zone)
    assert shown(site, first) == "delayed"
    site.clock.now += MONTH - 1
    cast.now = site.clock.now
    second = recovered(cast, zone, proposal="2" * 32)
    assert cancelled(site, first, FAY, cast) is None
    assert shown(site, second) == "delayed"
    site.clock.now += MONTH - 1
    assert (shown(site, second), shown(site, first)) == ("delayed", "closed")
    site.clock.now += 1
    assert (shown(site, second), version(site, zone)) == (None, 2)


def test_signatures_for_one_charter_recover_no_other(site, cast, zone):
    """The console puts a newcomer of its own where Pia was."""
    mallory = Member("Mallory", MERIDIAN, (Role.KEY_MANAGER,))
    good = recovered(cast, zone)
    new = zone.next_version(people=in_order([DINA.person(), OSCAR.person(), mallory.person()]))
    link = recover(
        new,
        chain=zone,
        others=(cast.meridian, cast.northgate),
        requester=HANA,
        approvers=(),
        newcomers=(OSCAR, mallory),
        now=cast.now,
    ).model_copy(update={"warrant": good.links[-1].warrant})
    before = standing(site)
    assert (
        shown(site, Chain(zone.members, [*zone.charters, new], [*zone.links, link])) == "not-authorised-old"
    )
    assert standing(site) == before
    assert proposal_of(good).parameters["charter"] != new.sha256


def test_one_byte_of_the_warrant_changed_is_refused(site, cast, zone):
    good = recovered(cast, zone)
    warrant = warrant_of(good)
    other = make_warrant(proposal_of(good), HANA, ())
    for changed in (
        warrant.model_copy(update={"request": other.request, "approvals": ()}),
        warrant.model_copy(update={"approvals": warrant.approvals[1:]}),
        warrant.model_copy(update={"approvals": (*warrant.approvals[1:], warrant.approvals[1])}),
    ):
        link = good.links[-1].model_copy(update={"warrant": canonical.b64u(changed.raw)})
        chain = Chain(zone.members, good.charters, [*zone.links, link])
        assert shown(site, chain) == "not-authorised-old"
    assert version(site, zone) == 1
    assert AuthorityKind.ZONE in {kind for kind, _ in site.facts.chains}
