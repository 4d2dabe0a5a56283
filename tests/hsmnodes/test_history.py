"""The history of a node: what it said, in samples of a constant number, and nothing that it did not sign."""

from datetime import timedelta

import pytest

from hsmnodes import history, incoming
from hsmnodes.models import Node, Sample, Span, Standing
from tenants import clock
from tests.world.history import FIGURES

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def passing(monkeypatch):
    """Time that passes when it is told to, from the beginning of an hour on."""
    start = clock.now().replace(minute=0, second=0, microsecond=0)
    moment = [start]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def go_on(**by):
        moment[0] += timedelta(**by)

    return go_on


def say(node, **changes):
    figures = FIGURES | changes.pop("figures", {})
    at = int(clock.now().timestamp())
    incoming.receive(node.heartbeat_message(**({"at": at, "figures": figures} | changes)))


def minutes():
    return list(Sample.objects.filter(span=Span.MINUTE).order_by("at"))


def test_a_minute_keeps_the_most_of_each_figure_and_the_least_free_disk(node, passing):
    say(node, figures={"load": 90, "sessions": 1, "disk_free": 2**30})
    passing(seconds=5)
    say(node, figures={"load": 10, "sessions": 9})
    assert minutes() == []
    passing(minutes=1)
    say(node)
    [kept] = minutes()
    assert (kept.heard, kept.load, kept.sessions, kept.disk_free) == (2, 90, 9, 1024)


def test_the_worst_state_of_a_minute_counts(node, passing):
    say(node)
    say(node, state="refusing", reason="It was restored.")
    say(node)
    passing(minutes=1)
    say(node)
    assert minutes()[0].standing == Standing.REFUSING


def test_a_node_that_says_no_figures_is_sampled_by_what_it_says(node, passing):
    incoming.receive(node.heartbeat_message(at=int(clock.now().timestamp())))
    passing(minutes=1)
    incoming.receive(node.heartbeat_message(at=int(clock.now().timestamp())))
    [kept] = minutes()
    assert (kept.load, kept.sessions, kept.disk_free, kept.keys) == (None, None, None, 0)


def test_a_forged_heartbeat_leaves_no_trace(world, node, passing):
    forger = world.node("ams-2")
    forger.id = node.id
    say(forger)
    passing(minutes=1)
    say(forger)
    history.roll_up()
    assert node.row.minute == {}
    assert not Sample.objects.exists()


def test_a_heartbeat_that_is_older_than_the_last_counts_for_nothing(node, passing):
    old = node.heartbeat_message(at=int(clock.now().timestamp()) - 100, figures=FIGURES | {"load": 99})
    say(node)
    incoming.receive(old)
    assert (node.row.minute["heard"], node.row.minute["load"]) == (1, 12)


def test_an_hour_is_made_of_its_minutes_and_again_without_harm(node, passing):
    for load in (10, 80, 30):
        say(node, figures={"load": load})
        passing(minutes=20)
    say(node)
    for _ in range(2):
        history.roll_up()
    hour = Sample.objects.get(span=Span.HOUR)
    assert (hour.heard, hour.load) == (3, 80)
    assert hour.at == minutes()[0].at


def test_the_last_minute_of_a_node_that_fell_silent_is_not_lost(node, passing):
    say(node)
    passing(minutes=3)
    history.roll_up()
    assert len(minutes()) == 1
    assert node.row.minute == {}


def test_a_node_has_never_more_than_so_many_samples(node, passing):
    """Ten weeks beyond what is kept, of which only hours and minutes that are young enough stay."""
    say(node)
    passing(minutes=1)
    say(node)
    [made] = minutes()
    fields = {one.attname: getattr(made, one.attname) for one in Sample._meta.concrete_fields}
    fields.pop("id")
    copies = [Sample(**fields | {"span": Span.HOUR, "at": made.at - n * history.HOUR}) for n in range(4000)]
    copies += [Sample(**fields | {"at": made.at - n * history.MINUTE}) for n in range(1, 3000)]
    Sample.objects.bulk_create(copies, batch_size=500)
    history.roll_up()
    assert Sample.objects.count() <= history.MOST_ROWS
    assert Sample.objects.filter(span=Span.HOUR).count() >= history.HOURS_KEPT // history.HOUR - 1


def test_what_a_node_says_beyond_all_measure_is_taken_and_does_no_harm(node, passing):
    most = 2**53 - 1
    say(
        node, figures=dict.fromkeys(FIGURES, most), capacity={"slots": most, "slots_used": most, "keys": most}
    )
    passing(minutes=1)
    say(node)
    assert minutes()[0].load == 2**31 - 1
    assert Node.objects.get(pk=node.id).figures["sessions"] == 3
