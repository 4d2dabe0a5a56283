"""Alarms of the log that a person has not read: each says for themselves how far they have."""

from datetime import timedelta
from typing import Final

from django.db.models import QuerySet

from tenants import access, clock
from tenants.models import LogEntry, Person, Severity

RECENT: Final = timedelta(days=7)


def unread_alarms(person: Person) -> QuerySet[LogEntry]:
    """The alarms of the last seven days that the person may see and has not read, newest first."""
    recent = access.visible_log(person).filter(severity=Severity.ALARM, at__gte=clock.now() - RECENT)
    return recent.filter(sequence__gt=person.alarms_read)


def mark_read(person: Person, *, upto: int) -> None:
    """Note that the person has read all alarms up to entry number `upto`; what they read stays read.

    Raises NotVisible if they see no such entry: nobody has read what is still to come.
    """
    entry = access.get_visible(access.visible_log(person), upto)
    Person.objects.filter(pk=person.pk, alarms_read__lt=entry.sequence).update(alarms_read=entry.sequence)
