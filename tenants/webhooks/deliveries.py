"""Messages to webhooks: written with what they tell, handed over with backoff, and given up in the end.

A row is taken in hand by an update that only one process can win. Nothing is held open in the database while
a receiver is waited for. A repeated message has the same `webhook-id`, by which its receiver knows it.
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from django.db import transaction

from tenants import clock, log
from tenants.access import AnyoneOf
from tenants.identifiers import new_id
from tenants.log import Event
from tenants.models import Delivery, DeliveryAttempt, Occasion, Webhook
from tenants.notices import subjects
from tenants.notices.plain import without_fingerprints
from tenants.webhooks import signing, transport
from tenants.webhooks.transport import Answer

TEST: Final = "webhook.test"
BATCH, AT_ONCE, FOR_EACH = 40, 8, 4
IN_HAND: Final = timedelta(minutes=2)
# The schedule that Standard Webhooks suggests: three days in all.
PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
AGENT: Final = "Quorate webhooks"


def put(occasion: Occasion) -> None:
    """Write a message for each webhook that asks for the event and whose organisation sees what it is about.

    In the caller's transaction. One that has been written is not written again.
    """
    concerned = [one for one in (occasion.provider, occasion.customer) if one]
    wanting = Webhook.objects.filter(organisation__in=concerned, disabled_at=None).exclude(
        deliveries__occasion=occasion
    )
    made = [
        _message(webhook, occasion.event, _told(occasion), occasion=occasion)
        for webhook in wanting.select_related("organisation")
        if occasion.event in webhook.events and subjects.sees(AnyoneOf(webhook.organisation), occasion)
    ]
    Delivery.objects.bulk_create(made, ignore_conflicts=True)


def put_test(webhook: Webhook) -> Delivery:
    """Write a message that tells nothing, to see whether it arrives."""
    made = _message(webhook, TEST, {"summary": "This is a test. Nothing happened."})
    made.save()
    return made


def deliver_due() -> int:
    """Hand over what is due, several messages at once; how many arrived."""
    taken = list(_take_due())
    arrived = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(_post, delivery): delivery for delivery in taken}
        for future in as_completed(running):
            answer = future.result()
            note_answer(running[future], answer)
            arrived += answer.is_good
    return arrived


def note_answer(delivery: Delivery, answer: Answer) -> None:
    """Keep how an attempt went, and decide how it goes on: delivered, later again, or given up."""
    now = clock.now()
    with transaction.atomic():
        webhooks = Webhook.objects.select_for_update(of=("self",), no_key=True).select_related("organisation")
        found = webhooks.filter(pk=delivery.webhook_id).first()
        if found is None:
            return
        DeliveryAttempt.objects.create(
            delivery_id=delivery.pk,
            at=now,
            status=answer.status,
            problem=answer.problem,
            milliseconds=answer.milliseconds,
        )
        if answer.is_good:
            Delivery.objects.filter(pk=delivery.pk).update(delivered_at=now, settled_at=now)
            Webhook.objects.filter(pk=found.pk).update(succeeded_at=now, failing_since=None)
            return
        found.failing_since = found.failing_since or now
        found.save(update_fields=["failing_since"])
        given_up = delivery.attempts > len(PAUSES) or delivery.event == TEST
        after = {"settled_at": now} if given_up else {"next_at": now + PAUSES[delivery.attempts - 1]}
        Delivery.objects.filter(pk=delivery.pk).update(**after)
        if answer.status == HTTPStatus.GONE:
            _disable(found, "The receiver says that it is gone for good (410).")
        elif given_up and delivery.event != TEST and found.failing_since <= delivery.created_at + PAUSES[0]:
            _disable(found, f"Nothing has arrived there since {found.failing_since:%d %b %Y, %H:%M} UTC.")


def send_again(delivery: Delivery) -> None:
    """Make a message due once more, with the same id and content, from the first attempt on."""
    Delivery.objects.filter(pk=delivery.pk).update(
        settled_at=None, delivered_at=None, attempts=0, next_at=clock.now()
    )


def _take_due() -> Iterable[Delivery]:
    """What is due, taken in hand, with no receiver having more than a few at once."""
    due = Delivery.objects.filter(settled_at=None, next_at__lte=clock.now(), webhook__disabled_at=None)
    given: dict[str, int] = {}
    for delivery in due.order_by("next_at").select_related("webhook")[: BATCH * FOR_EACH]:
        if given.get(delivery.webhook_id, 0) >= FOR_EACH or sum(given.values()) >= BATCH:
            continue
        claimed = Delivery.objects.filter(pk=delivery.pk, settled_at=None, attempts=delivery.attempts)
        delivery.attempts += 1
        if claimed.update(attempts=delivery.attempts, next_at=clock.now() + IN_HAND):
            given[delivery.webhook_id] = given.get(delivery.webhook_id, 0) + 1
            yield delivery


def _post(delivery: Delivery) -> Answer:
    """One attempt. Runs beside others, and does not touch the database."""
    body = delivery.body.encode()
    headers = signing.signed_headers(delivery.webhook, message=delivery.pk, body=body)
    plain = {"content-type": "application/json", "user-agent": AGENT}
    return transport.post(delivery.webhook.url, body=body, headers={**plain, **headers})


def _message(
    webhook: Webhook, event: str, data: Mapping[str, Any], *, occasion: Occasion | None = None
) -> Delivery:
    now = clock.now()
    at = occasion.at if occasion else now
    body = {"type": event, "timestamp": at.isoformat(timespec="seconds"), "data": data}
    return Delivery(
        id=new_id(),
        webhook=webhook,
        occasion=occasion,
        event=event,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=now,
        next_at=now,
    )


def _told(occasion: Occasion) -> Mapping[str, Any]:
    return {
        "id": occasion.pk,
        "summary": without_fingerprints(occasion.summary),
        "subject": {"kind": occasion.subject_kind, "id": occasion.subject},
        **({"over": True} if occasion.is_over else {}),
    }


def _disable(webhook: Webhook, reason: str) -> None:
    """Send nothing there any more until somebody enables it. In the caller's transaction."""
    if webhook.disabled_at is not None:
        return
    webhook.disabled_at, webhook.disabled_reason = clock.now(), reason
    webhook.save(update_fields=["disabled_at", "disabled_reason"])
    log.record(
        Event.WEBHOOK_DISABLED,
        f"The webhook {webhook.name} was disabled. {reason}",
        about=log.about_within(webhook.organisation, "webhook", webhook.pk),
    )
