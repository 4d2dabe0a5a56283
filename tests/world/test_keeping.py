"""What tests begin with is put back as it was made, each time, and only after the same story."""

import pytest
from django.db import transaction

from hsmnodes.models import Backup
from hsmnodes.models.backup import store
from tenants.models import LogEntry
from tests.cast.people import DINA
from tests.world import keeping
from tests.world.nodes import NodeOfWorld
from tests.world.world import World
from tests.world.zones import split_zone

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def calls(monkeypatch):
    """The nodes that were registered in this test."""
    made = []
    register = NodeOfWorld.register.__func__

    def counted(cls, name, *, by):
        made.append(name)
        return register(cls, name, by=by)

    monkeypatch.setattr(NodeOfWorld, "register", classmethod(counted))
    return made


@pytest.fixture
def nothing_kept(monkeypatch):
    monkeypatch.setattr(keeping, "_kept", {})
    monkeypatch.setattr(keeping, "_ends", {keeping.NOTHING})


def _again(make_world, then):
    """The same story twice, the second time from what was kept: what `then` finds after each."""
    found = []
    for _ in range(2):
        before = transaction.savepoint()
        found.append(then(make_world()))
        transaction.savepoint_rollback(before)
    return found


def _key(world: World):
    node = keeping.made_once(world.node, inside=[world])

    def make():
        zone = split_zone(world, node)
        world.key(zone, node)
        return zone

    return node, keeping.made_once(make, inside=[world, node])


def test_every_row_is_put_back_as_it_was_made_and_nothing_is_made_again(
    settings, no_broker, nothing_kept, calls
):
    settings.DEMO = True

    def then(world):
        _key(world)
        return {model: rows for model, rows in keeping._all_rows().items() if rows}

    first, second = _again(lambda: keeping.made_once(World), then)
    assert first == second
    assert len(first) > 20
    assert calls == ["ams-1"]


def test_the_story_goes_on_from_what_was_put_back(settings, no_broker, nothing_kept):
    """The node has the key it had, the store its files, and custody its shares."""
    settings.DEMO = True

    def then(world):
        node, zone = _key(world)
        for backup in Backup.objects.all():
            store().delete(backup.file)
        given = world.give_share(world.drill(zone, node), DINA)
        world.custody(node).answer(given)
        given.refresh_from_db()
        assert given.outcome == "accepted"
        return node.sequence, node.previous, LogEntry.objects.count()

    first, second = _again(lambda: keeping.made_once(World), then)
    assert first[0] == second[0]
    assert first[2] == second[2]


def test_files_that_a_test_deleted_are_there_again(settings, no_broker, nothing_kept):
    settings.DEMO = True

    def then(world):
        _key(world)
        [backup] = Backup.objects.all()
        with store().open(backup.file) as file:
            data = file.read()
        store().delete(backup.file)
        return data

    first, second = _again(lambda: keeping.made_once(World), then)
    assert first == second
    assert first


def test_what_a_test_does_to_the_objects_stays_in_it(settings, no_broker, nothing_kept):
    settings.DEMO = True

    def then(world):
        node = keeping.made_once(world.node, inside=[world])
        was = node.sequence, dict(world._custody)
        node.sequence = 1000
        world.custody(node)
        return was

    first, second = _again(lambda: keeping.made_once(World), then)
    assert first == second


def test_after_another_story_it_is_made_anew(settings, no_broker, nothing_kept, calls):
    settings.DEMO = True
    world = keeping.made_once(World)
    kept = len(keeping._kept)
    world.propose_enrolment(world.node("fra-1", enrolled=False))
    node = keeping.made_once(world.node, inside=[world])
    assert calls == ["fra-1", "ams-1"]
    assert len(keeping._kept) == kept
    assert node.row.enrolled_at
