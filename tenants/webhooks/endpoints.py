"""An organisation's webhooks: added, changed, given another secret, enabled and removed by its officers."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from tenants import access, clock, log
from tenants.errors import Invalid, WrongState
from tenants.identifiers import new_id
from tenants.log import Event
from tenants.models import Delivery, Person, Webhook
from tenants.notices.kinds import KINDS, WEBHOOK_DISABLED
from tenants.people import check_name
from tenants.webhooks import deliveries
from tenants.webhooks.signing import shown_secret
from tenants.webhooks.transport import check_url

OLD_SECRET_FOR: Final = timedelta(days=1)
MOST: Final = 20
EVENTS: Final = tuple(event for event in KINDS if event != WEBHOOK_DISABLED)
"""What can be sent. How an organisation's webhooks are doing is for its officers alone."""


@dataclass(frozen=True)
class NewSecret:
    """A webhook with its new secret, which is shown once."""

    webhook: Webhook
    secret: str


@transaction.atomic
def add_webhook(*, name: str, url: str, events: Sequence[str], by: Person) -> NewSecret:
    """Have these events of the organisation of `by` sent to a URL. Raises NotAllowed and Invalid."""
    _require(by)
    if Webhook.objects.filter(organisation=by.organisation).count() >= MOST:
        raise Invalid("too-many", f"An organisation has at most {MOST} webhooks.")
    webhook = Webhook(id=new_id(), organisation=by.organisation, salt=secrets.token_hex(32), added_by=by)
    _save(webhook, name=name, url=url, events=events)
    _log(Event.WEBHOOK_ADDED, webhook, by, f"was added: events go to {urlsplit(url).hostname}.")
    return NewSecret(webhook, shown_secret(webhook.salt))


@transaction.atomic
def change_webhook(*, webhook: Webhook, name: str, url: str, events: Sequence[str], by: Person) -> None:
    """Send other events, or elsewhere. Raises NotAllowed and Invalid."""
    webhook = _locked(webhook, by)
    _save(webhook, name=name, url=url, events=events)
    _log(Event.WEBHOOK_CHANGED, webhook, by, f"was changed: events go to {urlsplit(url).hostname}.")


@transaction.atomic
def renew_secret(*, webhook: Webhook, by: Person) -> NewSecret:
    """Draw another secret; for a day messages are signed with the one before, too."""
    webhook = _locked(webhook, by)
    webhook.previous_salt, webhook.previous_until = webhook.salt, clock.now() + OLD_SECRET_FOR
    webhook.salt = secrets.token_hex(32)
    webhook.save(update_fields=["salt", "previous_salt", "previous_until"])
    _log(Event.WEBHOOK_CHANGED, webhook, by, "has a new secret.")
    return NewSecret(webhook, shown_secret(webhook.salt))


@transaction.atomic
def disable_webhook(*, webhook: Webhook, by: Person) -> None:
    """Send nothing there until it is enabled again."""
    webhook = _locked(webhook, by)
    if webhook.disabled_at is not None:
        raise WrongState("disabled-already", "It is disabled already.")
    webhook.disabled_at, webhook.disabled_reason = clock.now(), f"{by.name} disabled it."
    webhook.save(update_fields=["disabled_at", "disabled_reason"])
    _log(Event.WEBHOOK_CHANGED, webhook, by, "was disabled.")


@transaction.atomic
def enable_webhook(*, webhook: Webhook, by: Person) -> None:
    """Send there again, from now on. What happened meanwhile is not sent by itself."""
    webhook = _locked(webhook, by)
    if webhook.disabled_at is None:
        raise WrongState("enabled-already", "It is enabled already.")
    webhook.disabled_at, webhook.disabled_reason, webhook.failing_since = None, "", None
    webhook.save(update_fields=["disabled_at", "disabled_reason", "failing_since"])
    _log(Event.WEBHOOK_ENABLED, webhook, by, "was enabled.")


@transaction.atomic
def remove_webhook(*, webhook: Webhook, by: Person) -> None:
    """Remove it with its messages; the log keeps that it was there."""
    webhook = _locked(webhook, by)
    _log(Event.WEBHOOK_REMOVED, webhook, by, "was removed.")
    webhook.delete()


@transaction.atomic
def test_webhook(*, webhook: Webhook, by: Person) -> Delivery:
    """Have a message sent that tells nothing. Raises WrongState while it is disabled."""
    return deliveries.put_test(_enabled(webhook, by))


@transaction.atomic
def redeliver(*, delivery: Delivery, by: Person) -> None:
    """Have a message sent once more, with the same id. Raises WrongState while its webhook is disabled."""
    _enabled(delivery.webhook, by)
    if delivery.settled_at is None:
        raise WrongState("on-its-way", "It is on its way already.")
    deliveries.send_again(delivery)


def _require(by: Person) -> None:
    access.require(
        access.may_manage_people(by, by.organisation),
        "Webhooks are looked after by the organisation's security officers.",
    )


def _locked(webhook: Webhook, by: Person) -> Webhook:
    _require(by)
    return access.get_visible(access.visible_webhooks(by).select_for_update(no_key=True), webhook.pk)


def _enabled(webhook: Webhook, by: Person) -> Webhook:
    webhook = _locked(webhook, by)
    if webhook.disabled_at is not None:
        raise WrongState("disabled", "It is disabled. Enable it first.")
    return webhook


def _save(webhook: Webhook, *, name: str, url: str, events: Sequence[str]) -> None:
    unknown = set(events) - set(EVENTS)
    if unknown or not events:
        raise Invalid("bad-events", "Choose at least one event, of those that there are.")
    webhook.name, webhook.url = check_name(name), check_url(url)
    webhook.events = [event for event in EVENTS if event in set(events)]
    try:
        with transaction.atomic():
            webhook.save()
    except IntegrityError:
        raise Invalid("name-taken", "There is a webhook with this name already.") from None


def _log(event: Event, webhook: Webhook, by: Person, what: str) -> None:
    log.record(
        event,
        f"The webhook {webhook.name} {what}",
        about=log.about_within(webhook.organisation, "webhook", webhook.pk),
        actor=by,
    )
