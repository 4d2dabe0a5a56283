"""Between the decision and its being told: what is committed is told, what is rolled back is not."""

import pytest
from django.db import IntegrityError, transaction

from tenants.models import Notice, Occasion
from tenants.notices import kinds, telling
from tests.cast.people import EMIL, FAY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_stacks]


class Crash(BaseException):
    """The process is gone."""


@pytest.fixture
def ready(world):
    node = world.node()
    zone = world.zone(world.service(node))
    world.slot(zone, node)
    return node, zone


def heard(event):
    return sorted(Notice.objects.filter(occasion__event=event).values_list("person__name", flat=True))


def test_it_is_told_as_soon_as_it_is_committed(world, ready):
    node, zone = ready
    world.propose_key(zone, node)
    assert {"Emil", "Fay"} <= set(heard(kinds.PROPOSAL_WAITING))


def test_a_crash_between_commit_and_telling_is_made_good_by_the_sweep_once(world, ready, monkeypatch):
    node, zone = ready
    Notice.objects.all().delete()

    def crash(_keys):
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(telling, "tell_now", crash)
        with pytest.raises(Crash):
            world.propose_key(zone, node)
    assert heard(kinds.PROPOSAL_WAITING) == []
    telling.sweep()
    assert heard(kinds.PROPOSAL_WAITING) == ["Emil", "Fay"]
    telling.sweep()
    assert heard(kinds.PROPOSAL_WAITING) == ["Emil", "Fay"]


def test_what_goes_wrong_in_telling_touches_no_decision_and_is_tried_again(world, ready, monkeypatch, later):
    node, zone = ready
    Notice.objects.all().delete()

    def broken(_occasion):
        raise RuntimeError("a mistake in here")

    proposal = world.propose_key(zone, node)
    Notice.objects.all().delete()
    with monkeypatch.context() as patched:
        patched.setattr(telling, "audience_of", broken)
        world.approve(proposal, EMIL)
    proposal.refresh_from_db()
    assert proposal.seats_filled == 1
    waiting = Occasion.objects.get(event=kinds.PROPOSAL_SIGNED, subject=proposal.pk)
    assert (waiting.told_at, waiting.attempts) == (None, 1)
    telling.sweep()
    assert heard(kinds.PROPOSAL_SIGNED) == []
    later(minutes=1)
    telling.sweep()
    assert heard(kinds.PROPOSAL_SIGNED) == ["Dina"]


def test_what_is_rolled_back_is_told_to_nobody(world, ready):
    node, zone = ready
    before = Notice.objects.count()

    def propose_and_crash():
        with transaction.atomic():
            world.propose_key(zone, node, label="never")
            raise Crash

    with pytest.raises(Crash):
        propose_and_crash()
    telling.sweep()
    assert Notice.objects.count() == before
    assert not Occasion.objects.filter(summary__contains="never").exists()


def test_the_database_itself_lets_nobody_be_told_twice(world, ready):
    node, zone = ready
    world.propose_key(zone, node)
    one = Notice.objects.filter(person=FAY.id).first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(
            occasion=one.occasion, person=one.person, choice=one.choice, created_at=one.created_at
        )
