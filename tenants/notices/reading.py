"""A person's own notices: the list, how many are new, and that they were read."""

from datetime import timedelta

from django.db.models import QuerySet

from tenants import clock
from tenants.models import Letter, Notice, Occasion, Person


def notices_of(person: Person) -> QuerySet[Notice]:
    """What the person was told, with what it was about."""
    return Notice.objects.filter(person=person).select_related("occasion")


def count_unread(person: Person) -> int:
    """How many the person has not read."""
    return Notice.objects.filter(person=person, read_at=None).count()


def mark_read(notices: QuerySet[Notice]) -> int:
    """Note that these were read; how many were new."""
    return notices.filter(read_at=None).update(read_at=clock.now())


def forget_old(*, days: int) -> None:
    """Delete what was told so long ago, with what was sent of it: the log has what happened."""
    before = clock.now() - timedelta(days=days)
    Occasion.objects.filter(told_at__lt=before).delete()
    Letter.objects.filter(settled_at__lt=before).delete()
