"""Whole HSMs: what their nodes would refuse is foreseen, and one zone has them."""

import pytest

from tenants.errors import Invalid, WrongState
from tenants.models import CharterState, CharterVersion, Proposal, TrustZone
from tests.cast.people import GUS, LEA

pytestmark = pytest.mark.django_db


def refused(make) -> str:
    before = Proposal.objects.count(), TrustZone.objects.count()
    with pytest.raises(Invalid) as refusal:
        make()
    assert (Proposal.objects.count(), TrustZone.objects.count()) == before
    return f"{refusal.value.code}: {refusal.value.message}"


@pytest.mark.parametrize("mode", ["exclusive", "shared"])
def test_nothing_is_started_on_an_hsm_that_is_given_to_one_service(world, node, mode):
    world.service(node, mode="exclusive")
    told = refused(lambda: world.propose_service(node, name="Another", mode=mode))
    assert told.startswith("hsm-is-exclusive: ams-1 is given to Payments service alone")


def test_an_hsm_that_others_are_on_is_given_to_nobody_alone(world, node):
    world.service(node)
    told = refused(lambda: world.propose_service(node, name="Another", mode="exclusive"))
    assert told.startswith("hsm-is-shared: ams-1 cannot be given to one service alone: Payments service")


def test_shared_services_lie_side_by_side(world, node):
    world.service(node)
    world.service(node, name="Another")


def test_no_other_services_zone_gets_a_slot_on_an_exclusive_hsm(world, node):
    world.service(node, mode="exclusive")
    elsewhere = world.node("ams-2")
    zone = world.zone(world.service(elsewhere, name="Another"))
    assert refused(lambda: world.propose_slot(zone, node)).startswith("hsm-is-exclusive")
    world.propose_slot(zone, elsewhere)


def test_an_exclusive_service_has_one_zone_and_a_master_backup_key(world, node):
    service = world.service(node, mode="exclusive")
    zone = world.zone(service)
    made = world.slot(zone, node)
    assert made.document.parameters["backup_key"] == "MBK"
    told = refused(lambda: world.draft_zone(service, name="Payroll"))
    assert told.startswith("hsm-is-exclusive: Payments service is exclusive: whole HSMs with one Trust Zone")


def test_of_two_zones_that_were_drafted_for_an_exclusive_service_one_is_founded(world, node):
    service = world.service(node, mode="exclusive")
    drafts = [world.draft_zone(service, name=name) for name in ("Payments", "Payroll", "Cards")]
    for one in drafts:
        world.sign_charter(one)
    proposals = [world.propose_zone(one) for one in drafts[:2]]
    world.approve(proposals[0], GUS, LEA)
    with pytest.raises(WrongState, match="exclusive"):
        world.approve(proposals[1], GUS, LEA)
    assert TrustZone.objects.filter(founded_at__isnull=False).count() == 1
    assert CharterVersion.objects.get(pk=drafts[1].pk).state == CharterState.COLLECTING
    assert refused(lambda: world.propose_zone(drafts[2])).startswith("hsm-is-exclusive")
