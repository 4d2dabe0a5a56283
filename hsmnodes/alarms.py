"""Alarms: what is found of nodes and zones again and again, told once while it lasts and once it is over.

A condition that is found begins an alarm, and one that is found no more ends it. Nobody is told before it has
lasted. Found again within a quarter of an hour, it is the same alarm that goes on, so that what wavers about
its limit is told of once; what has been gone for so long is over, which those are told who were told that it
began. Of a node that is not heard nothing is known: what was found of it before neither ends nor begins.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from hsmnodes.models import Alarm
from tenants import clock
from tenants.models import Occasion
from tenants.notices import occasions

THE_SAME_WITHIN = timedelta(minutes=15)
KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Found:
    """A condition of the thing of this kind and id, in words; what to say once it is over; and who is told.

    `to_customers` are the words for customers, where there is more than is their business. `node` is where a
    zone has it. `since` is when it began, if that is known better than by this look.
    """

    subject_kind: str
    subject: str
    words: str
    over: str
    provider: str = ""
    customers: tuple[str, ...] = ()
    to_customers: str = ""
    node: str = ""
    since: datetime | None = None

    @property
    def place(self) -> tuple[str, str]:
        """What has the condition, and where: there it is one alarm."""
        return self.subject, self.node


def observe(event: str, found: Iterable[Found], *, unheard: Collection[str] = ()) -> None:
    """Take what was found at this look, all of it: what is not among it has ended, but on nodes not heard."""
    here = {one.place: one for one in found if (one.node or one.subject) not in unheard}
    now = clock.now()
    known = {(alarm.subject, alarm.node): alarm for alarm in Alarm.objects.filter(event=event, ended_at=None)}
    gone = [
        alarm.pk
        for place, alarm in known.items()
        if place not in here and (alarm.node or alarm.subject) not in unheard
    ]
    Alarm.objects.filter(pk__in=gone).update(ended_at=now)
    _settle_what_is_over(event, now)
    for place, one in here.items():
        alarm = known.get(place) or _begin(event, one, now)
        with transaction.atomic():
            if (alarm.words, alarm.over) != (one.words, one.over):
                Alarm.objects.filter(pk=alarm.pk).update(words=one.words, over=one.over)
            lasted = now - alarm.since >= timedelta(seconds=settings.NODE_ALARM_SECONDS)
            if lasted and Alarm.objects.filter(pk=alarm.pk, told_at=None).update(told_at=now):
                _tell(alarm, one)


def forget_old() -> None:
    """Forget the alarms that ended long ago."""
    Alarm.objects.filter(ended_at__lt=clock.now() - KEPT).delete()


def _begin(event: str, one: Found, now: datetime) -> Alarm:
    """A new alarm, or the last one of the same thing, which is not over and goes on."""
    wavers = Alarm.objects.filter(event=event, subject=one.subject, node=one.node, over_at=None)
    for alarm in wavers.order_by("-since")[:1]:
        Alarm.objects.filter(pk=alarm.pk).update(ended_at=None)
        return alarm
    return Alarm.objects.create(
        event=event,
        subject_kind=one.subject_kind,
        subject=one.subject,
        node=one.node,
        words=one.words,
        over=one.over,
        since=min(one.since or now, now),
    )


def _tell(alarm: Alarm, one: Found) -> None:
    """One occasion for the provider, and one for each customer whom it concerns."""
    for provider, customer in [(one.provider, "")] * bool(one.provider) + [
        ("", each) for each in one.customers
    ]:
        occasions.note(
            key=f"{_key(alarm)}{customer}",
            event=alarm.event,
            summary=(one.to_customers if customer else "") or one.words,
            subject=(one.subject_kind, one.subject),
            provider=provider,
            customer=customer,
        )


def _settle_what_is_over(event: str, now: datetime) -> None:
    """Tell that an alarm is over, to the sides that were told that it began."""
    for alarm in Alarm.objects.filter(event=event, over_at=None, ended_at__lte=now - THE_SAME_WITHIN):
        with transaction.atomic():
            if not Alarm.objects.filter(pk=alarm.pk, over_at=None).update(over_at=now):
                continue
            said = _("%(over)s It began on %(since)s and ended on %(ended)s UTC.") % {
                "over": alarm.over or alarm.words,
                "since": f"{alarm.since:%d %b %Y, %H:%M}",
                "ended": f"{alarm.ended_at:%d %b %Y, %H:%M}",
            }
            for told in Occasion.objects.filter(key__startswith=_key(alarm), is_over=False):
                occasions.note(
                    key=f"{told.key}:over",
                    event=alarm.event,
                    summary=said,
                    subject=(alarm.subject_kind, alarm.subject),
                    provider=told.provider,
                    customer=told.customer,
                    is_over=True,
                )


def _key(alarm: Alarm) -> str:
    return f"alarm:{alarm.pk}:"
