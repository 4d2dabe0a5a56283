"""The e-mails that are due. Their text is made and sent in console/mailing.py; here is which, and how often.

A row is taken in hand by an update that only one process can win, and settled when it was sent. If a process
dies in between, it is sent again, under the same Message-ID: nothing can send a mail exactly once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from tenants import clock
from tenants.models import Letter, LetterKind, MailAddress, Notice, NoticeChoice, Person

BATCH = 50
IN_HAND: Final = timedelta(minutes=2)
PAUSES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)


def gather_digests() -> int:
    """From the hour on that is set for it, one letter a day for each whose notices wait; how many."""
    now = clock.now()
    if now.hour < settings.DIGEST_HOUR:
        return 0
    waiting = Notice.objects.filter(choice=NoticeChoice.DIGEST, letter=None, created_at__lt=_last_hour(now))
    addressed = waiting.filter(person__mail_address__confirmed_at__isnull=False)
    people = Person.objects.filter(pk__in=addressed.values("person"))
    return sum(_gather(person, now) for person in people)


def _last_hour(now: datetime) -> datetime:
    """Today's hour of the digest: what comes later waits for tomorrow's."""
    return now.replace(hour=settings.DIGEST_HOUR, minute=0, second=0, microsecond=0)


def _gather(person: Person, now: datetime) -> bool:
    with transaction.atomic():
        letter, made = Letter.objects.get_or_create(
            key=f"digest:{person.pk}:{now:%Y-%m-%d}",
            defaults={"kind": LetterKind.DIGEST, "person": person, "created_at": now, "next_at": now},
        )
        if made:
            person.notices.filter(
                choice=NoticeChoice.DIGEST, letter=None, created_at__lt=_last_hour(now)
            ).update(letter=letter)
        return made


def take_due() -> Iterator[Letter]:
    """The letters that are due, each taken in hand before it is handed out."""
    due = Letter.objects.filter(settled_at=None, next_at__lte=clock.now()).order_by("next_at")
    for letter in list(due.select_related("person__organisation__provider")[:BATCH]):
        claimed = Letter.objects.filter(pk=letter.pk, settled_at=None, attempts=letter.attempts)
        letter.attempts += 1
        if claimed.update(attempts=letter.attempts, next_at=clock.now() + IN_HAND):
            yield letter


def address_for(letter: Letter) -> str:
    """Where it goes: to a confirmed address, but for the code that confirms one. Empty, if there is none."""
    found = MailAddress.objects.filter(person=letter.person_id).first()
    if found is None or (found.confirmed_at is None and letter.kind != LetterKind.CODE):
        return ""
    return found.address


def note_sent(letter: Letter) -> None:
    """It was handed over."""
    now = clock.now()
    Letter.objects.filter(pk=letter.pk).update(sent_at=now, settled_at=now)


def note_needless(letter: Letter) -> None:
    """There is nobody to send it to, or nothing to say any more."""
    Letter.objects.filter(pk=letter.pk).update(settled_at=clock.now())


def note_failed(letter: Letter) -> None:
    """It could not be handed over: later again, and after two days no more."""
    if letter.attempts > len(PAUSES):
        note_needless(letter)
    else:
        Letter.objects.filter(pk=letter.pk).update(next_at=clock.now() + PAUSES[letter.attempts - 1])
