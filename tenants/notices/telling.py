"""Telling an occasion: a notice for each person it concerns, an e-mail or a place in the day's, webhooks.

All of it is written in one transaction, each piece under a key of its own, so that however often it is tried
nobody is told twice. A failure leaves the occasion to be told; the sweep tries again, ever more slowly.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog
from django.db import DatabaseError, transaction

from tenants import clock
from tenants.models import (
    Letter,
    LetterKind,
    MailAddress,
    Notice,
    NoticeChoice,
    Occasion,
    Person,
)
from tenants.notices import preferences, subjects
from tenants.notices.audience import audience_of
from tenants.notices.kinds import KINDS, waiting_key
from tenants.webhooks import deliveries

logger = structlog.get_logger(__name__)

BATCH = 200
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)


def tell_now(keys: Sequence[str]) -> None:
    """Tell the occasions with these keys, which were just committed. What goes wrong is left to the sweep."""
    try:
        for key in list(Occasion.objects.filter(key__in=keys, told_at=None).values_list("pk", flat=True)):
            _try(key)
    except DatabaseError:
        # What was committed stands; whoever did it is not to see an error for what comes after.
        logger.exception("not-told-now", keys=keys)


def sweep() -> int:
    """Tell all that is due; how many occasions were told."""
    due = Occasion.objects.filter(told_at=None, next_at__lte=clock.now()).order_by("next_at")
    return sum(_try(key) for key in list(due.values_list("pk", flat=True)[:BATCH]))


def tell(key: str) -> bool:
    """Tell the occasion with this id, unless it is told already; whether it was told now."""
    with transaction.atomic():
        occasion = Occasion.objects.select_for_update(no_key=True).filter(pk=key, told_at=None).first()
        if occasion is None:
            return False
        people = [person for person in audience_of(occasion) if subjects.sees(person, occasion)]
        _tell_people(occasion, people)
        if occasion.subject_kind == "proposal":
            _settle_waiting(occasion.subject)
        deliveries.put(occasion)
        Occasion.objects.filter(pk=key).update(told_at=clock.now())
        return True


def _try(key: str) -> bool:
    try:
        return tell(key)
    except Exception:
        # Whatever it is, what was decided stands, and whoever signed is not to see an error for it.
        logger.exception("not-told", occasion=key)
        occasion = Occasion.objects.get(pk=key)
        pause = min(FIRST_PAUSE * 2 ** min(occasion.attempts, 10), LONGEST_PAUSE)
        Occasion.objects.filter(pk=key, told_at=None).update(
            attempts=occasion.attempts + 1, next_at=clock.now() + pause
        )
        return False


def _settle_waiting(proposal: str) -> None:
    """That a proposal waits is no news any more to those for whom it does not."""
    told = Notice.objects.filter(occasion__key=waiting_key(proposal), read_at=None)
    over = told.exclude(person__in=Person.objects.filter(inbox__proposal=proposal))
    over.update(read_at=clock.now())


def _tell_people(occasion: Occasion, people: Iterable[Person]) -> None:
    """A notice for each who has none yet, and a letter for those who want one and have an address."""
    told = set(occasion.notices.values_list("person", flat=True))
    new = [person for person in people if person.pk not in told]
    choices = preferences.choices_of(new, KINDS[occasion.event])
    with_address = set(
        MailAddress.objects.filter(person__in=new, confirmed_at__isnull=False).values_list("pk", flat=True)
    )
    now = clock.now()
    letters = {
        person.pk: Letter(
            key=f"notice:{occasion.pk}:{person.pk}",
            kind=LetterKind.NOTICE,
            person=person,
            created_at=now,
            next_at=now,
        )
        for person in new
        if choices[person.pk] is NoticeChoice.MAIL and person.pk in with_address
    }
    Letter.objects.bulk_create(letters.values())
    Notice.objects.bulk_create(
        Notice(
            occasion=occasion,
            person=person,
            choice=choices[person.pk],
            created_at=now,
            read_at=now if choices[person.pk] is NoticeChoice.QUIET else None,
            letter=letters.get(person.pk),
        )
        for person in new
    )
