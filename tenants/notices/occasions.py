"""Noting, in the transaction in which something happens, that people are to be told of it.

A row here is all that the transaction has to write. Who is told is found out after it has committed; should
the process die in between, or something go wrong, the sweep does it (telling.py).
"""

from collections.abc import Iterable

from django.db import transaction

from tenants import clock
from tenants.models import Occasion


def note(
    *,
    key: str,
    event: str,
    summary: str,
    subject: tuple[str, str],
    provider: str,
    customer: str = "",
    again: bool = False,
    is_over: bool = False,
) -> None:
    """Note one occasion, in the caller's transaction; one with this key that is noted already stays as it is.

    `subject` is the kind and id of what it is about. With `again`, those are told who have not heard of it.
    `is_over` says that what the event tells has ended.
    """
    if not again and Occasion.objects.filter(key=key).exists():
        return
    now = clock.now()
    kind, subject_id = subject
    note_all(
        [
            Occasion(
                key=key,
                event=event,
                summary=summary,
                subject_kind=kind,
                subject=subject_id,
                provider=provider,
                customer=customer,
                is_over=is_over,
                at=now,
                next_at=now,
            )
        ]
    )
    if again:
        Occasion.objects.filter(key=key).update(told_at=None, next_at=now, attempts=0)


def note_all(noted: Iterable[Occasion]) -> None:
    """Note occasions, in the caller's transaction."""
    from tenants.notices import telling  # it reads charters, which are logged, and the log notes occasions

    rows = list(noted)
    Occasion.objects.bulk_create(rows, ignore_conflicts=True)
    keys = [row.key for row in rows]
    if keys:
        transaction.on_commit(lambda: telling.tell_now(keys))
