"""Names that a node would refuse are refused before anybody signs."""

import pytest

from hsmnodes.models import Key
from tenants.errors import Invalid
from tenants.models import Proposal
from tests.cast.people import CLEO, DINA

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(world, node, once):
    return once(lambda: world.ready_zone(node), node)


def refused(make) -> str:
    before = Proposal.objects.count()
    with pytest.raises(Invalid) as refusal:
        make()
    assert Proposal.objects.count() == before
    return f"{refusal.value.code}: {refusal.value.message}"


@pytest.mark.parametrize("label", ["card-signing", "Card-Signing"])
def test_a_label_that_a_key_of_the_zone_has_or_had(world, node, zone, label):
    made = world.key(zone, node, label="card-signing")
    assert refused(lambda: world.propose_key(zone, node, label=label)).startswith(
        "name-in-use: The zone has had a key called “card-signing” already."
    )
    Key.objects.update(destroyed_at=made.finished_at, destroyed_by=made)
    assert "name-in-use" in refused(lambda: world.propose_key(zone, node, label=label))


def test_one_label_for_two_new_keys(world, node, zone):
    key = {"algorithm": "ec-p256", "usages": ["sign"]}
    parameters = {
        "zone": {"id": zone.id, "name": zone.name},
        "keys": [{"label": "One", **key}, {"label": "one", **key}],
    }
    assert "name-twice" in refused(lambda: world.draft("key.generate/v1", parameters, by=DINA, nodes=[node]))


def test_a_label_that_is_asked_for_on_another_hsm_first(world, node, zone):
    other = world.node("fra-1")
    world.slot(zone, other, name="Slot 2")
    asked = world.propose_key(zone, node, label="card-signing")
    with pytest.raises(Invalid, match="asks for “card-signing” already, on ams-1 first"):
        world.propose_key(zone, other, label="Card-Signing")
    world.cancel(asked, DINA)
    world.propose_key(zone, other, label="Card-Signing")


def test_a_draft_that_was_made_before_the_label_was_asked_for_elsewhere(world, node, zone):
    other = world.node("fra-1")
    world.slot(zone, other, name="Slot 2")
    parameters = {
        "zone": {"id": zone.id, "name": zone.name},
        "keys": [{"label": "card-signing", "algorithm": "ec-p256", "usages": ["sign"]}],
    }
    drafts = [world.draft("key.generate/v1", parameters, by=DINA, nodes=[one]) for one in (node, other)]
    world.sign_draft(drafts[0], DINA)
    with pytest.raises(Invalid, match="asks for “card-signing” already, on ams-1 first"):
        world.sign_draft(drafts[1], DINA)
    assert Proposal.objects.get(pk=drafts[1].pk).state == "draft"
    world.cancel(drafts[0], DINA)
    world.sign_draft(drafts[1], DINA)
    assert Proposal.objects.get(pk=drafts[1].pk).state == "proposed"


def test_another_label_and_the_same_in_another_zone_are_good(world, node, zone):
    world.key(zone, node, label="card-signing")
    world.propose_key(zone, node, label="card-signing-2")
    other = world.zone(zone.service, name="Treasury")
    world.slot(other, node, name="Slot 2")
    world.propose_key(other, node, label="card-signing")


def test_a_second_service_of_one_name_on_another_hsm(world, node, zone):
    other = world.node("fra-1")
    told = refused(lambda: world.propose_service(other, name="payments SERVICE"))
    assert told.startswith("name-in-use: Meridian Bank has a service called “payments SERVICE” already.")
    world.place(zone.service, other)
    assert zone.service.placements.count() == 2


def test_a_service_of_a_name_that_is_asked_for_on_another_hsm(world, node):
    asked = world.propose_service(node, name="Archive")
    other = world.node("fra-1")
    assert "name-is-asked-for" in refused(lambda: world.propose_service(other, name="archive"))
    world.cancel(asked, CLEO)
    world.propose_service(other, name="archive")


def test_the_name_of_a_service_or_slot_on_the_node(world, node, zone):
    assert "name-in-use" in refused(lambda: world.propose_service(node, name="payments SERVICE"))
    assert "slot-exists" in refused(lambda: world.propose_slot(zone, node))
    other = world.zone(zone.service, name="Treasury")
    assert "name-in-use" in refused(lambda: world.propose_slot(other, node))
