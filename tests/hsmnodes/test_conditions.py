"""Conditions that last are told once while they last, to those whom they concern, with what to do."""

from datetime import timedelta

import pytest

from hsmnodes import conditions, incoming
from hsmnodes.models import Alarm, KeyCopy, NodeStatus, Slot
from hsmnodes.node.operations.zone.inventory import digest_of
from tenants import clock
from tenants.models import Notice, Occasion
from tenants.notices import kinds, telling
from tests.world.history import FIGURES
from tests.world.nodes import KCV

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]

ADMINISTRATORS = {"Ada", "Ben", "Cleo", "Jon", "Kim"}
FULL = {"disk_free": 2**30}


@pytest.fixture
def zone(world, node, once):
    def make():
        zone = world.ready_zone(node)
        world.key(zone, node)
        return zone

    return once(make, node)


@pytest.fixture
def look(monkeypatch, settings):
    """A look at everything, some time after the last; what nodes say in between is said by `say`."""
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def look(*says, after=0):
        moment[0] += timedelta(seconds=after)
        for node, said in says:
            at = int(clock.now().timestamp()) + said.pop("ahead", 0)
            figures = FIGURES | said.pop("figures", {})
            incoming.receive(node.heartbeat_message(at=at, figures=figures, **said))
        conditions.look()

    look.patience = settings.NODE_ALARM_SECONDS + 1
    return look


def occasions(event):
    return Occasion.objects.filter(event=event)


def told(event):
    telling.sweep()
    return set(Notice.objects.filter(occasion__event=event).values_list("person__name", flat=True))


def test_a_disk_that_stays_nearly_full_is_told_once_to_the_provider_alone(node, zone, look):
    look((node, {"figures": FULL}))
    assert not occasions(kinds.NODE_DISK).exists()
    for _ in range(3):
        look((node, {"figures": FULL}), after=look.patience)
    assert occasions(kinds.NODE_DISK).count() == 1
    assert told(kinds.NODE_DISK) == ADMINISTRATORS
    assert "Make room on its host" in occasions(kinds.NODE_DISK).get().summary


def test_a_disk_with_room_is_no_condition(node, look):
    look((node, {}))
    assert not Alarm.objects.exists()


def test_what_wavers_is_one_alarm_and_what_comes_back_another_day_is_another(node, look):
    for _ in range(4):
        look((node, {"figures": FULL}), after=look.patience)
        look((node, {}), after=60)
    assert occasions(kinds.NODE_DISK).count() == 1
    look((node, {}), after=86_400)
    for _ in range(2):
        look((node, {"figures": FULL}), after=look.patience)
    assert occasions(kinds.NODE_DISK).filter(is_over=False).count() == 2
    assert occasions(kinds.NODE_DISK).filter(is_over=True).count() == 1


def test_a_clock_that_is_ahead_is_told(node, look):
    for _ in range(2):
        look((node, {"ahead": 90}), after=look.patience)
    assert "90 seconds ahead" in occasions(kinds.NODE_CLOCK).get().summary
    assert told(kinds.NODE_CLOCK) == ADMINISTRATORS


def test_a_clock_that_was_set_back_is_told_although_the_node_goes_on_from_where_it_was(node, look):
    for _ in range(2):
        look((node, {"figures": {"clock_behind": 3600}}), after=look.patience)
    assert "set back by 60 minutes" in occasions(kinds.NODE_CLOCK).get().summary
    assert node.row.status == NodeStatus.OUT_OF_STEP


def test_that_all_messages_are_late_is_nobodys_clock_but_one_later_than_the_others_is(world, node, look):
    others = [world.node(name) for name in ("ams-2", "ams-3")]
    slow = [(one, {"ahead": -100}) for one in (node, *others)]
    for _ in range(2):
        look(*[(one, dict(said)) for one, said in slow], after=look.patience)
    assert not Alarm.objects.filter(event=kinds.NODE_CLOCK).exists()
    assert {one.row.status for one in (node, *others)} == {NodeStatus.ONLINE}
    for _ in range(2):
        look(*[(one, {"ahead": -100 if one is not node else -300}) for one, _ in slow], after=look.patience)
    assert "ams-1: What it said last was 3 minutes older" in occasions(kinds.NODE_CLOCK).get().summary
    assert [one.row.status for one in (node, *others)] == [NodeStatus.OUT_OF_STEP] + 2 * [NodeStatus.ONLINE]


def test_a_delay_that_is_over_makes_no_clock_wrong(world, node, look):
    """What was shared was noted at the last look; nobody is ahead for being in time again."""
    others = [world.node(name) for name in ("ams-2", "ams-3")]
    for ahead in (-100, 0, 0):
        look(*[(one, {"ahead": ahead}) for one in (node, *others)], after=look.patience)
        assert {one.row.status for one in (node, *others)} == {NodeStatus.ONLINE}
    assert node.row.clock_shared == 0
    assert not Alarm.objects.filter(event=kinds.NODE_CLOCK).exists()


def test_a_node_that_refuses_is_told_to_both_sides_of_its_services(node, zone, look):
    refusing = {"state": "refusing", "reason": "An older state was restored."}
    for _ in range(3):
        look((node, dict(refusing)), after=look.patience)
    assert occasions(kinds.NODE_OUT_OF_STEP).count() == 2
    assert told(kinds.NODE_OUT_OF_STEP) == ADMINISTRATORS | {"Dina", "Emil", "Fay", "Gus", "Lea"}


def test_keys_that_are_not_those_of_the_receipts_are_told_to_who_manages_them(node, zone, look):
    held = {"id": zone.pk, "keys": 0, "digest": digest_of([]), "epoch": 1, "kcv": KCV}
    for _ in range(2):
        look((node, {"zones": (dict(held),)}), after=look.patience)
    assert Slot.objects.get().differs_since is not None
    assert told(kinds.ZONE_OUT_OF_STEP) == {"Ada", "Ben", "Cleo", "Dina", "Emil", "Fay"}
    keys = [(one.key_id, one.key.label, one.key.algorithm) for one in KeyCopy.objects.all()]
    look((node, {"zones": (held | {"keys": len(keys), "digest": digest_of(keys)},)}), after=60)
    assert Slot.objects.get().differs_since is None
    assert Alarm.objects.get(event=kinds.ZONE_OUT_OF_STEP).ended_at is not None


OUT = "Payments is out of service on ams-1: it lacks a change of the keys that fra-1 has."


def out(zone, state="out", **changes):
    """What a node says of a zone that it does not serve."""
    said = {"zone": zone.pk, "state": state, "since": clock.unix_now() - 60} | changes
    return {"standings": (said,)}


class TestAZoneOutOfService:
    @pytest.fixture
    def other(self, world, zone, once):
        def make():
            other = world.node("fra-1")
            world.slot(zone, other)
            return other

        return once(make, zone)

    @pytest.fixture
    def behind(self, zone, other):
        return out(zone, peer=other.row.named())

    def test_it_is_told_once_to_the_provider_and_its_key_managers_with_where_it_is_served(
        self, node, other, behind, look
    ):
        look((node, dict(behind)), (other, {}))
        assert not occasions(kinds.ZONE_OUT_OF_SERVICE).exists()
        for _ in range(3):
            look((node, dict(behind)), (other, {}), after=look.patience)
        assert occasions(kinds.ZONE_OUT_OF_SERVICE).count() == 2
        assert told(kinds.ZONE_OUT_OF_SERVICE) == {"Ada", "Ben", "Cleo", "Dina", "Emil", "Fay"}
        said = occasions(kinds.ZONE_OUT_OF_SERVICE).first().summary
        assert said.startswith(f"{OUT} Its applications are served on fra-1. Compare the zone's HSMs")

    def test_it_counts_from_when_the_node_says_that_it_fell_behind(self, node, zone, look):
        look((node, out(zone, since=clock.unix_now() - look.patience)))
        assert occasions(kinds.ZONE_OUT_OF_SERVICE).count() == 2
        assert "No HSM that is heard of serves it." in occasions(kinds.ZONE_OUT_OF_SERVICE).first().summary

    def test_each_node_is_an_occasion_of_its_own(self, node, other, zone, look):
        for _ in range(2):
            look((node, out(zone)), (other, out(zone, state="waiting")), after=look.patience)
        assert occasions(kinds.ZONE_OUT_OF_SERVICE).count() == 4
        found = Alarm.objects.filter(event=kinds.ZONE_OUT_OF_SERVICE)
        assert set(found.values_list("node", flat=True)) == {node.id, other.id}

    def test_that_it_is_over_is_told_once_too_to_the_same(self, node, other, behind, look):
        for says in (behind, behind, {}, {}, {}):
            look((node, dict(says)), (other, {}), after=max(look.patience, 901))
        over = occasions(kinds.ZONE_OUT_OF_SERVICE).filter(is_over=True)
        assert over.count() == 2
        assert over.first().summary.startswith("Payments is no longer out of service on ams-1. It began on ")
        telling.sweep()
        heard = Notice.objects.filter(occasion__in=over).values_list("person__name", flat=True)
        assert set(heard) == {"Ada", "Ben", "Cleo", "Dina", "Emil", "Fay"}
        for _ in range(2):
            look((node, dict(behind)), (other, {}), after=look.patience)
        assert occasions(kinds.ZONE_OUT_OF_SERVICE).filter(is_over=False).count() == 4

    @pytest.mark.parametrize("says", [None, {"state": "starting"}, {"state": "refusing"}])
    def test_a_node_that_falls_silent_or_starts_anew_is_not_said_to_serve_again(
        self, node, other, behind, look, says
    ):
        for _ in range(2):
            look((node, dict(behind)), after=look.patience)
        for _ in range(3):
            look(*[] if says is None else [(node, dict(says))], (other, {}), after=901)
        assert Alarm.objects.get(event=kinds.ZONE_OUT_OF_SERVICE).ended_at is None
        assert not occasions(kinds.ZONE_OUT_OF_SERVICE).filter(is_over=True).exists()

    def test_one_that_serves_although_it_is_behind_or_hears_nobody_is_not_out_of_service(
        self, node, zone, look
    ):
        for state in ("behind", "unheard", "behind"):
            look((node, out(zone, state=state)), after=look.patience)
        assert not Alarm.objects.filter(event=kinds.ZONE_OUT_OF_SERVICE).exists()


def test_a_node_that_waits_for_its_peers_is_told_when_that_lasts(node, zone, look):
    waiting = {"state": "starting", "reason": "Waiting for the peers to say what they know."}
    for _ in range(2):
        look((node, dict(waiting)), after=look.patience)
    assert told(kinds.NODE_OUT_OF_STEP) == ADMINISTRATORS | {"Dina", "Emil", "Fay", "Gus", "Lea"}
    assert "serves no application" in occasions(kinds.NODE_OUT_OF_STEP).first().summary


def test_a_new_key_makes_the_digest_new(world, node, zone, look):
    """What is kept of a slot's keys follows every receipt: else a zone would differ for ever."""
    look((node, {}))
    before = Slot.objects.get().keys_digest
    world.key(zone, node, label="another")
    assert Slot.objects.get().keys_digest == ""
    look((node, {}), after=1)
    assert Slot.objects.get().keys_digest not in ("", before)
    assert Slot.objects.get().keys_count == 2


def test_a_receipt_that_comes_while_the_digest_is_made_is_not_overlooked(node, zone):
    from hsmnodes.comparing import bring_digests_up_to_date, forget_digests

    slot = Slot.objects.get()
    forget_digests(Slot.objects.all())
    bring_digests_up_to_date([slot])
    assert Slot.objects.get().keys_digest == ""


def test_an_alarm_that_cannot_be_open_twice(node, look):
    from django.db import IntegrityError, transaction

    look((node, {"figures": FULL}))
    alarm = Alarm.objects.get()
    alarm.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        alarm.save(force_insert=True)
