"""The HSMs of a zone beside each other: what they say they have, and what their receipts come to."""

from io import StringIO

import pytest
from django.core.management import call_command

from hsmnodes import incoming
from hsmnodes.comparing import compare
from hsmnodes.models import Key, KeyCopy, Slot
from hsmnodes.node.operations.zone.inventory import digest_of
from tests.cast.people import EMIL, IVO
from tests.world.nodes import KCV
from tests.world.signing_in import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def zone(world, node, once):
    def make():
        zone = world.ready_zone(node)
        world.key(zone, node)
        return zone

    return once(make, node)


@pytest.fixture
def says(zone):
    """Has a node say in a heartbeat which keys of the zone it has."""

    def say(node, keys, **changes):
        lines = [(key.pk, key.label, key.algorithm) for key in keys]
        held = {"id": zone.pk, "keys": len(lines), "digest": digest_of(lines), "epoch": 1, "kcv": KCV}
        incoming.receive(node.heartbeat_message(zones=(held | changes,)))

    return say


@pytest.fixture
def second(world, zone, node, once):
    """A further HSM of the zone, which has its key."""

    def make():
        second = world.node("fra-1")
        first = zone.zone_slots.get()
        slot = Slot.objects.create(
            id="5" * 32,
            node=second.row,
            zone=zone,
            name="Further",
            backup_key="TBK",
            proposal=first.proposal,
            created_at=first.created_at,
        )
        for copy in KeyCopy.objects.all():
            KeyCopy.objects.create(key=copy.key, slot=slot, since=copy.since)
        return second

    return once(make)


def told(*options) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("compare_zones", *options, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), ended.code
    return out.getvalue(), 0


def test_those_that_say_the_same_as_their_receipts_are_in_step(zone, node, second, says):
    keys = Key.objects.all()
    for one in (node, second):
        says(one, keys)
    assert compare(zone).in_step
    assert told() == (told("--zone", zone.pk)[0], 0)
    assert "Payments" in told()[0]


def test_one_that_has_said_nothing_is_not(zone, node, second, says):
    says(node, Key.objects.all())
    found = compare(zone)
    assert not found.in_step
    assert found.may_be_in_step
    assert [one.slot.node.name for one in found.silent] == ["fra-1"]
    assert "fra-1: silent" in told()[0]


def test_what_is_missing_on_one_is_named(zone, node, second, says):
    KeyCopy.objects.filter(slot__node=second.id).delete()
    says(node, Key.objects.all())
    says(second, [])
    found = compare(zone)
    assert not found.in_step
    assert not found.may_be_in_step
    assert not found.otherwise
    [key] = Key.objects.all()
    assert [one.missing for one in found.members] == [(), (key,)]
    text, code = told()
    assert code == 1
    assert f"has not: {key.label}" in text


def test_one_that_says_otherwise_than_its_receipts_is_named(zone, node, second, says):
    """A key that was taken away behind the journal's back, or a node that is restored."""
    says(node, Key.objects.all())
    says(second, [])
    found = compare(zone)
    assert [one.slot.node.name for one in found.otherwise] == ["fra-1"]
    assert "receipts speak of 1" in told()[0]


def test_another_backup_key_is_seen(zone, node, second, says):
    says(node, Key.objects.all())
    says(second, Key.objects.all(), epoch=2, kcv="abcdef")
    found = compare(zone)
    assert not found.in_step
    assert found.backup_keys == ((1, KCV), (2, "abcdef"))


def test_the_page_and_the_api_say_it_to_those_who_see_the_zone(client, world, zone, node, second, says):
    says(node, Key.objects.all())
    sign_in(client, world.person(EMIL))
    page = client.get(f"/zones/{zone.pk}/comparison").content.decode()
    assert "Not all of them have said" in page
    assert "fra-1 has not said yet" in page
    says(second, Key.objects.all())
    assert "All 2 HSMs have the same keys" in client.get(f"/zones/{zone.pk}/comparison").content.decode()
    said = client.get(f"/api/v1/zones/{zone.pk}/comparison").json()
    assert said["in_step"] is True
    assert {one["node"]["name"]: one["keys"] for one in said["members"]} == {"ams-1": 1, "fra-1": 1}
    sign_in(client, world.person(IVO))
    assert client.get(f"/zones/{zone.pk}/comparison").status_code == 404
    assert client.get(f"/api/v1/zones/{zone.pk}/comparison").status_code == 404


def test_a_heartbeat_that_says_nothing_of_zones_is_still_one(node):
    incoming.receive(node.heartbeat_message(endpoint=None))
    assert node.row.zones_held == []
    assert node.row.serves_applications is False
