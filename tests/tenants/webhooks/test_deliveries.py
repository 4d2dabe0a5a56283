"""Webhooks as their receivers get them: signed, once, again until they arrive, and given up in the end."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tenants import clock
from tenants.errors import Invalid, NotAllowed, WrongState
from tenants.models import Delivery, DeliveryAttempt, LogEntry, Notice, Occasion, Webhook
from tenants.notices import kinds, telling
from tenants.webhooks import deliveries, endpoints, signing
from tests.cast.people import DINA, GUS, HANA, IVO, JON
from tests.tenants.webhooks.receiver import Receiver, check

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def propose(world):
    """Proposes a key, and has it told."""
    node = world.node()
    zone = world.zone(world.service(node))
    world.slot(zone, node)
    telling.sweep()
    Delivery.objects.all().delete()

    def proposing(label="payments-2027"):
        made = world.propose_key(zone, node, label=label)
        telling.sweep()
        return made

    return proposing


def test_a_message_arrives_signed_and_says_what_happened(add, receiver, propose):
    secret = add(receiver.url).secret
    proposal = propose()
    assert deliveries.deliver_due() == 1
    (request,) = receiver.requests
    told = check(secret, request.headers, request.body)
    assert told["type"] == kinds.PROPOSAL_WAITING
    assert told["data"]["subject"] == {"kind": "proposal", "id": proposal.pk}
    assert told["data"]["summary"] == proposal.sentence
    delivery = Delivery.objects.get()
    assert request.headers["webhook-id"] == delivery.pk
    assert request.headers["content-type"] == "application/json"
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)


def test_one_changed_byte_another_secret_and_another_id_are_found_out(add, receiver, propose):
    secret, other = add(receiver.url).secret, add(receiver.url, name="Other").secret
    propose()
    deliveries.deliver_due()
    request = next(
        one
        for one in receiver.requests
        if Delivery.objects.get(pk=one.headers["webhook-id"]).webhook.name == "Tickets"
    )
    assert check(secret, request.headers, request.body)
    for headers, body, key in (
        (request.headers, request.body.replace(b"waiting", b"waitinG"), secret),
        (request.headers, request.body, other),
        ({**request.headers, "webhook-id": "0" * 32}, request.body, secret),
        ({**request.headers, "webhook-timestamp": str(clock.unix_now() - 10)}, request.body, secret),
    ):
        with pytest.raises(AssertionError, match="no signature holds"):
            check(key, headers, body)


def test_an_event_that_was_not_asked_for_is_not_sent(add, receiver, propose):
    add(receiver.url, events=[kinds.PROPOSAL_FAILED])
    propose()
    assert deliveries.deliver_due() == 0
    assert receiver.requests == []


def test_an_organisation_that_does_not_see_it_hears_nothing(add, receiver, propose, world):
    every = list(endpoints.EVENTS)
    add(receiver.url, by=IVO, name="Ivo's", events=every)
    add(receiver.url, by=JON, name="Jon's", events=every)
    propose()
    deliveries.deliver_due()
    heard = set(Delivery.objects.values_list("webhook__organisation__name", flat=True))
    assert heard == {"Northgate"}


def test_it_is_told_once_however_often_tasks_repeat(add, receiver, propose):
    add(receiver.url)
    proposal = propose()
    for _ in range(3):
        Occasion.objects.filter(subject=proposal.pk).update(told_at=None)
        telling.sweep()
        deliveries.deliver_due()
    assert len(receiver.requests) == 1
    one = Delivery.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            webhook=one.webhook,
            occasion=one.occasion,
            event=one.event,
            body="",
            created_at=one.created_at,
            next_at=one.next_at,
        )


def test_a_worker_that_died_after_sending_sends_the_same_message_again(add, receiver, propose, later):
    secret = add(receiver.url).secret
    propose()
    (taken,) = deliveries._take_due()
    assert deliveries._post(taken).is_good
    assert deliveries.deliver_due() == 0  # it is in hand
    later(minutes=3)
    assert deliveries.deliver_due() == 1
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert check(secret, second.headers, second.body)


def test_what_does_not_arrive_is_sent_again_ever_more_slowly(add, receiver, propose, later):
    secret = add(receiver.url).secret
    receiver.statuses = [500, 503, 204]
    propose()
    assert (deliveries.deliver_due(), deliveries.deliver_due()) == (0, 0)
    later(seconds=deliveries.PAUSES[0].total_seconds())
    assert (deliveries.deliver_due(), len(receiver.requests)) == (0, 2)
    later(seconds=deliveries.PAUSES[0].total_seconds())
    assert len(receiver.requests) == 2
    later(seconds=deliveries.PAUSES[1].total_seconds())
    assert deliveries.deliver_due() == 1
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1
    assert all(check(secret, one.headers, one.body) for one in receiver.requests)
    tried = DeliveryAttempt.objects.filter(delivery=Delivery.objects.get())
    assert list(tried.values_list("status", flat=True)) == [500, 503, 204]
    webhook = Webhook.objects.get()
    assert (webhook.failing_since, webhook.disabled_at) == (None, None)


def test_a_dead_receiver_is_given_up_after_three_days_and_the_officers_are_told(
    add, receiver, propose, later, world
):
    url = receiver.url
    receiver.close()
    add(url)
    proposal = propose()
    began = clock.now()
    assert deliveries.deliver_due() == 0
    for pause in deliveries.PAUSES:
        assert Webhook.objects.get().disabled_at is None
        later(seconds=pause.total_seconds())
        assert deliveries.deliver_due() == 0
    webhook = Webhook.objects.get()
    assert timedelta(days=3) < webhook.disabled_at - began < timedelta(days=4)
    assert Delivery.objects.get().state == "given-up"
    assert DeliveryAttempt.objects.count() == len(deliveries.PAUSES) + 1
    assert set(DeliveryAttempt.objects.values_list("status", flat=True)) == {None}
    telling.sweep()
    told = Notice.objects.filter(occasion__event=kinds.WEBHOOK_DISABLED)
    assert sorted(told.values_list("person__name", flat=True)) == ["Gus", "Lea"]
    Occasion.objects.filter(subject=proposal.pk).exclude(deliveries=None).update(told_at=None)
    Delivery.objects.all().delete()
    telling.sweep()
    assert not Delivery.objects.exists()


def test_one_that_works_for_other_messages_is_not_disabled(add, receiver, propose, later):
    add(receiver.url)
    receiver.statuses = [500]
    propose("one")
    deliveries.deliver_due()
    receiver.statuses = [204]
    propose("two")
    assert deliveries.deliver_due() == 1
    receiver.statuses = [500]
    for pause in deliveries.PAUSES:
        later(seconds=pause.total_seconds())
        deliveries.deliver_due()
    assert Webhook.objects.get().disabled_at is None
    assert sorted(one.state for one in Delivery.objects.all()) == ["delivered", "given-up"]


def test_a_receiver_that_is_gone_for_good_is_disabled_at_once(add, receiver, propose):
    add(receiver.url)
    receiver.statuses = [410]
    propose()
    deliveries.deliver_due()
    assert "410" in Webhook.objects.get().disabled_reason


def test_enabled_again_it_gets_what_happens_from_then_on_and_the_rest_by_hand(add, receiver, propose, world):
    webhook = add(receiver.url).webhook
    receiver.statuses = [410]
    propose()
    deliveries.deliver_due()
    delivery = Delivery.objects.get()
    Delivery.objects.update(settled_at=clock.now())
    with pytest.raises(WrongState, match="Enable it first"):
        endpoints.redeliver(delivery=delivery, by=world.person(GUS))
    endpoints.enable_webhook(webhook=webhook, by=world.person(GUS))
    receiver.statuses = [204]
    assert deliveries.deliver_due() == 0
    delivery.refresh_from_db()
    endpoints.redeliver(delivery=delivery, by=world.person(GUS))
    assert deliveries.deliver_due() == 1
    assert {one.headers["webhook-id"] for one in receiver.requests} == {delivery.pk}


def test_a_test_says_nothing_and_disables_nothing(add, receiver, world):
    made = add(receiver.url)
    receiver.statuses = [500]
    endpoints.test_webhook(webhook=made.webhook, by=world.person(GUS))
    deliveries.deliver_due()
    told = check(made.secret, receiver.requests[0].headers, receiver.requests[0].body)
    assert (told["type"], told["data"]) == (
        deliveries.TEST,
        {"summary": "This is a test. Nothing happened."},
    )
    assert Delivery.objects.get().state == "given-up"
    assert Webhook.objects.get().disabled_at is None


def test_for_a_day_both_secrets_hold_and_then_the_new_one_alone(add, receiver, world, later):
    old = add(receiver.url)
    new = endpoints.renew_secret(webhook=old.webhook, by=world.person(GUS))
    assert new.secret != old.secret
    for hours, holds in ((0, (True, True)), (25, (False, True))):
        later(hours=hours)
        endpoints.test_webhook(webhook=old.webhook, by=world.person(GUS))
        deliveries.deliver_due()
        request = receiver.requests[-1]
        assert tuple(_holds(secret, request) for secret in (old.secret, new.secret)) == holds, hours


def _holds(secret, request):
    try:
        check(secret, request.headers, request.body)
    except AssertionError:
        return False
    return True


def test_the_database_holds_no_secret(add, receiver):
    made = add(receiver.url)
    raw = signing.secret_of(made.webhook.salt)
    stored = repr(list(Webhook.objects.values())) + repr(list(LogEntry.objects.values_list("raw", flat=True)))
    assert made.secret not in stored
    assert raw.hex() not in stored


def test_one_slow_receiver_has_few_messages_at_once(add, receiver, world):
    made = add(receiver.url)
    for _ in range(10):
        deliveries.put_test(made.webhook)
    taken = list(deliveries._take_due())
    assert len(taken) == deliveries.FOR_EACH


@pytest.mark.parametrize("member", [DINA, HANA], ids=lambda one: one.name)
def test_only_security_officers_look_after_them(add, receiver, member):
    with pytest.raises(NotAllowed):
        add(receiver.url, by=member)


def test_another_organisation_s_officer_does_not_even_see_it(add, receiver, world):
    made = add(receiver.url)
    for act in (endpoints.renew_secret, endpoints.remove_webhook, endpoints.test_webhook):
        with pytest.raises(Exception, match="nothing here"):
            act(webhook=made.webhook, by=world.person(IVO))


@pytest.mark.parametrize("events", [[], ["proposal.conjured"], ["*"]])
def test_events_that_there_are_not_are_refused(add, receiver, events):
    with pytest.raises(Invalid):
        add(receiver.url, events=events)


def test_how_long_a_receiver_took_is_noted(add, world, loopback_allowed):
    slow = Receiver(pause=0.2)
    try:
        add(slow.url)
        endpoints.test_webhook(webhook=Webhook.objects.get(), by=world.person(GUS))
        assert deliveries.deliver_due() == 1
        assert DeliveryAttempt.objects.get().milliseconds >= 200
    finally:
        slow.close()
