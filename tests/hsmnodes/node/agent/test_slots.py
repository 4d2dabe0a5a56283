"""Services and slots: exclusive or shared, each name once, each zone founded as its customer wanted it."""

import pytest

from hsmnodes.node.protocol.documents import AuthorityKind, Role
from tests.cast.charters import Chain, make_charter
from tests.cast.deployment import PAYMENTS, PAYMENTS_SERVICE, PAYMENTS_SLOT
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    DINA,
    EMIL,
    FAY,
    GUS,
    IVO,
    LEA,
    LUMEN,
    OLGA,
    Member,
    named,
)
from tests.cast.signing import DAY, cancel, changed, make_warrant
from tests.hsmnodes.node.agent.making import Site
from tests.hsmnodes.node.agent.test_refusals import proposed

RECORDS, RECORDS_SERVICE = named("Records"), named("Records service")
KEEPERS = tuple(Member(name, LUMEN, (Role.KEY_MANAGER,)) for name in ("Nora", "Otto", "Pia"))


def start(site, cast, service, mode, customer, officers):
    warrant = cast.start_service(site.at, service=service, mode=mode, customer=customer, officers=officers)
    return site.send(warrant, cast.northgate, customer)


def start_records(site, cast, mode="shared"):
    return start(site, cast, RECORDS_SERVICE, mode, cast.lumen, (IVO, OLGA))


@pytest.fixture
def serving(make_site) -> Site:
    return make_site().serving()


def test_two_customers_share_an_hsm_each_under_its_own_backup_key(site, cast):
    rita = Member("Rita", LUMEN, (Role.AUDITOR,))
    members = (IVO, OLGA, rita)
    cast.lumen = Chain.founded(make_charter(AuthorityKind.CUSTOMER, LUMEN, members, now=cast.now), members)
    assert start_records(site, cast).outcome == "done"
    records = cast.zone(RECORDS, service=RECORDS_SERVICE, members=KEEPERS, customer=LUMEN)
    founding = cast.found_zone(records, requester=rita, officers=(IVO, OLGA))
    warrant = cast.create_slot(site.at, records, founding, slot=named("Slot 2"), managers=KEEPERS[:2])
    assert site.send(warrant, records).outcome == "done"
    payments, lumens = site.facts.holdings.slots.values()
    assert payments.kcv != lumens.kcv


def test_an_exclusive_service_is_alone(make_site, cast):
    site = make_site().enrolled()
    assert start(site, cast, PAYMENTS_SERVICE, "exclusive", cast.meridian, (GUS, LEA)).outcome == "done"
    zone = cast.zone()
    assert start_records(site, cast).code == "hsm-is-exclusive"
    assert site.send(cast.create_slot(site.at, zone), zone).code == "wrong-backup-key"
    receipt = site.send(cast.create_slot(site.at, zone, backup_key="MBK"), zone)
    assert receipt.results["backup_key"]["kind"] == "MBK"
    other = cast.zone(named("Payroll"))
    second = cast.create_slot(site.at, other, slot=named("Slot 2"), backup_key="MBK")
    assert site.send(second, other).code == "hsm-is-exclusive"


@pytest.mark.parametrize("mode", ["shared", "exclusive"])
def test_nobody_gets_in_beside_an_exclusive_zone(make_site, cast, mode):
    """Another customer with all the signatures there are: for a service, then for slots without one."""
    site = make_site().enrolled()
    zone = cast.zone()
    start(site, cast, PAYMENTS_SERVICE, "exclusive", cast.meridian, (GUS, LEA))
    assert site.send(cast.create_slot(site.at, zone, backup_key="MBK"), zone).outcome == "done"
    rita = Member("Rita", LUMEN, (Role.AUDITOR,))
    members = (IVO, OLGA, rita)
    cast.lumen = Chain.founded(make_charter(AuthorityKind.CUSTOMER, LUMEN, members, now=cast.now), members)
    assert start_records(site, cast, mode).code == "hsm-is-exclusive"
    calls = site.pool.calls.copy()
    for service, code in ((RECORDS_SERVICE, "no-such-service"), (PAYMENTS_SERVICE, "hsm-is-exclusive")):
        records = cast.zone(RECORDS, service=service, members=KEEPERS, customer=LUMEN)
        founding = cast.found_zone(records, requester=rita, officers=(IVO, OLGA))
        for kind in ("TBK", "MBK"):
            slot = named(f"Slot {service.name} {kind}")
            warrant = cast.create_slot(
                site.at, records, founding, slot=slot, backup_key=kind, managers=KEEPERS[:2]
            )
            assert site.send(warrant, records, cast.lumen).code == code
    assert [one.zone for one in site.facts.holdings.slots.values()] == [PAYMENTS]
    assert site.pool.calls["install_backup_key"] == calls["install_backup_key"] == 1


def test_nobody_gets_a_whole_hsm_that_others_are_on(serving, cast):
    assert start_records(serving, cast, "exclusive").code == "hsm-is-shared"


def test_a_shared_slot_is_under_a_tenant_backup_key(serving, cast, zone):
    assert serving.send(cast.create_slot(serving.at, zone, backup_key="MBK"), zone).code == "wrong-backup-key"


def test_a_zone_has_one_slot_on_a_node(site, cast, zone):
    again = cast.create_slot(site.at, zone, slot=named("Slot 2"))
    assert site.send(again).code == "slot-exists"


@pytest.mark.parametrize("name", ["Slot 1", "slot 1"])
def test_the_name_of_a_slot_is_given_once(site, cast, name):
    other = cast.zone(named("Payroll"))
    slot = PAYMENTS_SLOT.model_copy(update={"id": named("another").id, "name": name})
    assert site.send(cast.create_slot(site.at, other, slot=slot), other).code == "name-in-use"


def test_the_name_of_a_zone_is_given_once_in_its_organisation(site, cast):
    namesake = cast.zone(PAYMENTS.model_copy(update={"id": named("namesake").id}))
    warrant = cast.create_slot(site.at, namesake, slot=named("Slot 2"))
    assert site.send(warrant, namesake).code == "name-in-use"


def test_the_name_of_a_service_is_given_once(serving, cast):
    namesake = PAYMENTS_SERVICE.model_copy(update={"id": named("namesake").id})
    assert start(serving, cast, namesake, "shared", cast.meridian, (GUS, LEA)).code == "name-in-use"
    assert (
        start(serving, cast, PAYMENTS_SERVICE, "shared", cast.meridian, (GUS, LEA)).code == "already-started"
    )


def test_a_node_has_only_so_many_slots(make_site, cast, zone):
    site = make_site(slots=1).with_zone(zone)
    other = cast.zone(named("Payroll"))
    assert site.send(cast.create_slot(site.at, other, slot=named("Slot 2")), other).code == "no-slot-left"


def evidence_cases(cast, zone):
    good = cast.found_zone(zone)
    other = cast.zone(named("Payroll"))
    return {
        "none": [],
        "twice": [good.raw, good.raw],
        "not a warrant": [b"{}"],
        "a warrant for something else": [cast.enrol_for_test.raw],
        "signed by too few": [make_warrant(proposed(good), DINA, (GUS,)).raw],
        "signed by people of other roles": [make_warrant(proposed(good), DINA, (EMIL, FAY)).raw],
        "for another zone": [cast.found_zone(other).raw],
        "for another charter": [
            make_warrant(
                changed(proposed(good), parameters=proposed(good).parameters | {"charter": "ab" * 32}),
                DINA,
                (GUS, LEA),
            ).raw
        ],
        "for another service": [
            make_warrant(
                changed(
                    proposed(good),
                    parameters=proposed(good).parameters | {"service": named("Payroll").model_dump()},
                ),
                DINA,
                (GUS, LEA),
            ).raw
        ],
        "under other terms": [
            make_warrant(
                changed(proposed(good), parameters=proposed(good).parameters | {"controller": "provider"}),
                DINA,
                (GUS, LEA),
            ).raw
        ],
        "expired": [
            make_warrant(
                changed(proposed(good), not_before=cast.now - DAY, expires_at=cast.now), DINA, (GUS, LEA)
            ).raw
        ],
        "cancelled": [
            make_warrant(
                proposed(good), DINA, (GUS, LEA), cancellations=[cancel(proposed(good), LEA, at=cast.now)]
            ).raw
        ],
    }


EVIDENCE = (
    "none", "twice", "not a warrant", "a warrant for something else", "signed by too few",
    "signed by people of other roles", "for another zone", "for another charter", "for another service",
    "under other terms", "expired", "cancelled",
)  # fmt: skip


@pytest.mark.parametrize("case", EVIDENCE)
def test_without_the_customers_consent_to_just_this_zone_there_is_no_slot(serving, cast, zone, case):
    cast.enrol_for_test = cast.enrol(serving.at)
    proposal = proposed(cast.create_slot(serving.at, zone))
    warrant = make_warrant(proposal, CLEO, (ADA, BEN, DINA, EMIL), evidence=evidence_cases(cast, zone)[case])
    receipt = serving.send(warrant, zone)
    assert receipt.outcome == "refused"
    assert receipt.code.startswith("evidence") or receipt.code in {"other-founding", "other-terms"}
    assert not serving.pool.calls["install_backup_key"]
    assert not serving.facts.holdings.slots


def test_a_zone_whose_founders_did_not_all_sign_is_refused(serving, cast, zone):
    link = zone.links[0]
    zone.links[0] = link.model_copy(update={"possession": link.possession[1:]})
    assert serving.send(cast.create_slot(serving.at, zone), zone).outcome == "refused"
    assert len(serving.facts.chains) == 2


@pytest.mark.parametrize("approvers", [(ADA, BEN), (DINA, EMIL), (ADA, BEN, DINA), (ADA, DINA, EMIL)])
def test_provider_and_zone_must_both_consent_to_a_slot(serving, cast, zone, approvers):
    warrant = cast.create_slot(serving.at, zone)
    short = make_warrant(proposed(warrant), CLEO, approvers, evidence=[cast.found_zone(zone).raw])
    assert serving.send(short, zone).code == "quorum-not-met"


def test_a_name_in_the_proposal_that_is_not_the_one_here_is_refused(serving, cast, zone):
    good = cast.create_slot(serving.at, zone)
    for field in ("zone", "service"):
        parameters = proposed(good).parameters
        renamed = parameters | {field: parameters[field] | {"name": "Payroll"}}
        wrong = make_warrant(
            changed(proposed(good), parameters=renamed),
            CLEO,
            (ADA, BEN, DINA, EMIL),
            evidence=[cast.found_zone(zone).raw],
        )
        assert serving.send(wrong, zone).code == "other-name"
    assert FAY.id in zone.current.persons
