"""Alarms: what is found of nodes and zones again and again, told to people once while it lasts.

A condition that is found begins an alarm, and one that is found no more ends it. Found again within the
hour, it is the same one that goes on, so that what wavers about its limit is told of once. Nobody is told
before it has lasted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from hsmnodes.models import Alarm
from tenants import clock
from tenants.notices import occasions

THE_SAME_WITHIN = timedelta(hours=1)
KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Found:
    """A condition of the thing of this kind and id, in words; and the sides that are told."""

    subject_kind: str
    subject: str
    words: str
    provider: str = ""
    customers: tuple[str, ...] = ()


def observe(event: str, found: Iterable[Found]) -> None:
    """Take what was found at this look, all of it: what is not among it has ended."""
    here = {one.subject: one for one in found}
    now = clock.now()
    open_ones = Alarm.objects.filter(event=event, ended_at=None)
    open_ones.exclude(subject__in=here).update(ended_at=now)
    known = {alarm.subject: alarm for alarm in open_ones}
    for subject, one in here.items():
        alarm = known.get(subject) or _begin(event, one, now)
        with transaction.atomic():
            if alarm.words != one.words:
                Alarm.objects.filter(pk=alarm.pk).update(words=one.words)
            lasted = now - alarm.since >= timedelta(seconds=settings.NODE_ALARM_SECONDS)
            if lasted and Alarm.objects.filter(pk=alarm.pk, told_at=None).update(told_at=now):
                _tell(alarm, one)


def forget_old() -> None:
    """Forget the alarms that ended long ago."""
    Alarm.objects.filter(ended_at__lt=clock.now() - KEPT).delete()


def _begin(event: str, one: Found, now: datetime) -> Alarm:
    """A new alarm, or the last one of the same thing, which goes on."""
    lately = Alarm.objects.filter(
        event=event, subject=one.subject, ended_at__gte=now - THE_SAME_WITHIN
    ).order_by("-since")
    for alarm in lately[:1]:
        Alarm.objects.filter(pk=alarm.pk).update(ended_at=None)
        return alarm
    return Alarm.objects.create(
        event=event,
        subject_kind=one.subject_kind,
        subject=one.subject,
        words=one.words,
        since=now,
    )


def _tell(alarm: Alarm, one: Found) -> None:
    """One occasion for the provider, and one for each customer whom it concerns."""
    for provider, customer in [(one.provider, "")] * bool(one.provider) + [
        ("", each) for each in one.customers
    ]:
        occasions.note(
            key=f"alarm:{alarm.pk}:{customer}",
            event=alarm.event,
            summary=one.words,
            subject=(one.subject_kind, one.subject),
            provider=provider,
            customer=customer,
        )
