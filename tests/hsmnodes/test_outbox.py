"""The outbox: a crash between decision and broker loses nothing, and a repeat does no harm."""

from datetime import timedelta

import pytest
from django.db import transaction

from hsmnodes import outbox
from hsmnodes.models import OutboxMessage
from tenants import clock
from tenants.models import LogEntry, Proposal, State
from tenants.notices import telling
from tests.cast.people import ADA, BEN, CLEO, GUS, LEA

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_stacks]


class Crash(BaseException):
    """The process is gone."""


@pytest.fixture
def nearly(world, node, once):
    """A proposal that lacks one signature: Lea's."""
    return once(lambda: world.approve(world.propose_service(node), ADA, BEN, GUS), node)


def warrants(no_broker, node):
    return len(no_broker.to(node.id, "warrant")) - 1  # the enrolment's


def row(proposal):
    return OutboxMessage.objects.get(proposal=proposal, kind="warrant")


def state(proposal):
    return Proposal.objects.get(pk=proposal.pk).state


def test_the_warrant_is_sent_as_soon_as_it_is_authorised(world, nearly, node, no_broker):
    world.approve(nearly, LEA)
    assert warrants(no_broker, node) == 1
    assert state(nearly) == State.SENT


def test_a_node_need_not_wait_until_people_are_told(world, nearly, node, no_broker, monkeypatch):
    sent_before, tell_now = [], telling.tell_now

    def look_and_tell(keys):
        sent_before.append(warrants(no_broker, node))
        tell_now(keys)

    monkeypatch.setattr(telling, "tell_now", look_and_tell)
    world.approve(nearly, LEA)
    assert sent_before == [1]


def test_nothing_is_sent_if_the_decision_is_not_kept(world, nearly, node, no_broker):
    def approve_and_crash():
        with transaction.atomic():
            world.approve(nearly, LEA)
            raise Crash

    with pytest.raises(Crash):
        approve_and_crash()
    assert warrants(no_broker, node) == 0
    assert state(nearly) == State.PROPOSED
    assert not OutboxMessage.objects.filter(proposal=nearly).exists()


def test_a_crash_after_the_decision_is_made_good_by_the_sweep(
    world, nearly, node, no_broker, monkeypatch, later
):
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_hand_over", lambda _: None)  # the process ends before it gets there
        world.approve(nearly, LEA)
    assert (warrants(no_broker, node), state(nearly)) == (0, State.AUTHORISED)
    assert outbox.sweep() == 0, "whoever decided has it in hand for a while"

    later(hours=1)
    assert outbox.sweep() == 1
    assert (warrants(no_broker, node), state(nearly)) == (1, State.SENT)


def test_a_crash_after_the_broker_took_it_sends_it_again(world, nearly, node, no_broker, monkeypatch, later):
    def take_and_crash(to, text):
        no_broker.send_to_node(to, text)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr("hsmnodes.carrier.send_to_node", take_and_crash)
        with pytest.raises(Crash):
            world.approve(nearly, LEA)
    assert state(nearly) == State.AUTHORISED

    later(hours=1)
    outbox.sweep()
    assert (warrants(no_broker, node), state(nearly)) == (2, State.SENT)


def test_a_broker_that_is_down_is_asked_again(world, nearly, node, no_broker, later):
    no_broker.down = True
    world.approve(nearly, LEA)
    assert state(nearly) == State.AUTHORISED
    no_broker.down = False
    later(hours=1)
    outbox.sweep()
    assert (warrants(no_broker, node), state(nearly)) == (1, State.SENT)


def test_it_is_sent_again_until_the_receipt_is_in_and_then_no_more(world, nearly, node, no_broker, later):
    world.approve(nearly, LEA)
    later(hours=1)
    outbox.sweep()
    assert warrants(no_broker, node) == 2

    node.answer(nearly)
    later(hours=1)
    outbox.sweep()
    assert warrants(no_broker, node) == 2
    assert state(nearly) == State.DONE


def test_two_sweeps_at_once_send_it_once(world, nearly, node, no_broker, later):
    world.approve(nearly, LEA)
    later(hours=1)
    (stale,) = OutboxMessage.objects.filter(proposal=nearly)
    outbox.sweep()
    assert outbox._claim(stale) is False
    assert warrants(no_broker, node) == 2


def test_a_refused_warrant_can_be_sent_again_by_who_signed_it(world, nearly, node, no_broker):
    from tenants import execution
    from tenants.errors import NotAllowed
    from tests.cast.people import DINA

    world.approve(nearly, LEA)
    node.answer(nearly, outcome="refused", code="restoring", detail="Not now.")
    refused = Proposal.objects.get(pk=nearly.pk)
    with pytest.raises(NotAllowed):
        execution.send_again(proposal=refused, person=world.person(DINA))

    execution.send_again(proposal=refused, person=world.person(CLEO))
    assert warrants(no_broker, node) == 2
    assert row(nearly).settled_at is None


class TestWhatIsSettled:
    """It is forgotten after a month; what was done stands in receipts and log, and what is open stays."""

    @pytest.fixture
    def done(self, world, nearly, node, no_broker):
        proposal = world.approve(nearly, LEA)
        node.answer(proposal, results={"service": proposal.document.parameters["service"]["id"]})
        return Proposal.objects.get(pk=proposal.pk)

    @staticmethod
    def forget(monkeypatch, *, days):
        moment = clock.now() + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return outbox.forget_settled()

    def test_it_stays_for_a_month(self, done, monkeypatch):
        assert self.forget(monkeypatch, days=29) == 0
        assert row(done).settled_at is not None

    def test_then_it_goes_and_receipt_and_log_stay(self, done, monkeypatch):
        entries = LogEntry.objects.count()
        assert self.forget(monkeypatch, days=31) > 0
        assert not OutboxMessage.objects.filter(proposal=done).exists()
        assert done.receipts.get().outcome == "done"
        assert LogEntry.objects.count() == entries

    def test_what_is_not_settled_stays_however_old(self, world, nearly, no_broker, monkeypatch):
        proposal = world.approve(nearly, LEA)
        self.forget(monkeypatch, days=400)
        assert row(proposal).settled_at is None

    def test_a_few_at_a_time(self, done, monkeypatch):
        monkeypatch.setattr(outbox, "FORGOTTEN_AT_ONCE", 1)
        assert self.forget(monkeypatch, days=31) == 1
        assert outbox.forget_settled() in (0, 1)
