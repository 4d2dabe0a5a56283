"""Backups that the provider's people take blindly, since the zone's charter says so, and what they cannot."""

import pytest

from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from hsmnodes.node.protocol.documents import AuthorityKind, Clause, Group, Rule
from tests.cast.backups import restore_backup, take_backup
from tests.cast.charters import Chain, make_charter
from tests.cast.deployment import PAYMENTS
from tests.cast.people import ADA, BEN, NORTHGATE, ZONE_PEOPLE, Member
from tests.cast.signing import make_warrant
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying, real_drivers
from tests.hsmnodes.node.agent.test_refusals import proposed

ODA, PER, RUT = (Member(name, NORTHGATE, ()) for name in ("Oda", "Per", "Rut"))
OPERATORS = "backup-operators"
TAKE = "backup.take/v1"


def zone_with(cast, *operators) -> Chain:
    """Payments, in whose charter these people, who manage no keys, are those who take its backups."""
    members = (*ZONE_PEOPLE, *operators)
    ids = tuple(sorted(one.id for one in operators))
    rule = Rule(operation=TAKE, clauses=(Clause(role=None, group=OPERATORS, m=2),))
    rules = (*(one for one in default_rules(AuthorityKind.ZONE) if one.operation != TAKE), rule)
    charter = make_charter(
        AuthorityKind.ZONE,
        PAYMENTS,
        members,
        now=cast.now,
        zone=cast.zone().current.zone,
        groups=(Group(name=OPERATORS, people=ids),),
        rules=tuple(sorted(rules, key=lambda one: one.operation)),
    )
    return Chain.founded(charter, members)


@pytest.fixture
def zone(cast):
    return zone_with(cast, ODA, PER, RUT)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def site(request, make_site, cast, zone):
    site = make_site(drivers=request.param).with_zone(zone)
    site.send(cast.generate_keys(site.at, zone, ("cards", "ec-p256", ("sign",))))
    return site


def by_operators(cast, site, zone, tag, parameters, requester=ODA, approvers=(PER, RUT)):
    whole = {"zone": PAYMENTS.model_dump(), **parameters}
    return make_warrant(cast.propose(tag, whole, [zone], [site.at], requester), requester, approvers)


def blind(cast, site, zone, **who):
    return by_operators(cast, site, zone, TAKE, {"what": "all", "keys": []}, **who)


def test_they_back_up_what_they_cannot_read(site, cast, zone):
    [said] = site.deliver(carrying(blind(cast, site, zone))).said
    assert site.read(said).outcome == "done"
    backup = read_backup(canonical.b64u_decode(said.attachments[0].data))
    assert [key.label for key in backup.manifest.keys] == ["cards"]


def test_they_can_do_nothing_else_with_the_zone(site, cast, zone):
    [said] = site.deliver(carrying(blind(cast, site, zone))).said
    backup = read_backup(canonical.b64u_decode(said.attachments[0].data))
    plan = restore_backup(cast, site.at, zone, backup, {"cards": "replace"})
    restoring = proposed(plan).parameters
    for tag, parameters in (
        ("backup.restore/v1", restoring),
        ("key.generate/v1", {"keys": [{"label": "new", "algorithm": "ec-p256", "usages": ["sign"]}]}),
        ("backup-key.drill/v1", {"epoch": 1, "share_set": 1, "shares": 2}),
    ):
        warrant = by_operators(cast, site, zone, tag, dict(parameters))
        message = carrying(warrant).model_copy(update={"enclosures": (canonical.b64u(backup.data),)})
        [said] = site.deliver(message).said
        assert (site.read(said).outcome, site.read(said).code) == ("refused", "quorum-not-met"), tag


def test_two_of_them_are_one_too_few_and_the_key_managers_are_no_longer_asked(site, cast, zone):
    assert site.send(blind(cast, site, zone, approvers=(PER,))).code == "quorum-not-met"
    assert site.send(take_backup(cast, site.at, zone)).code == "quorum-not-met"


def test_nobody_of_the_provider_may_whom_the_charter_does_not_name(make_site, cast):
    zone = cast.zone()
    site = make_site().with_zone(zone)
    site.send(cast.generate_keys(site.at, zone, ("cards", "ec-p256", ("sign",))))
    receipt = site.send(blind(cast, site, zone))
    assert receipt.outcome == "refused"


def test_who_administers_the_hsm_is_none_of_them(make_site, cast):
    zone = zone_with(cast, ADA, BEN, ODA)
    site = make_site().serving()
    receipt = site.send(cast.create_slot(site.at, zone), zone)
    assert (receipt.outcome, receipt.code) == ("refused", "separation")
