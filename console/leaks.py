"""What must never leave a desk: the secrets that tokens compute (PRF), in whatever a browser hands in.

A desk of this project clears them before anything is sent. Where they arrive, a desk was altered or is
another's: the console keeps nothing of it, refuses, and raises an alarm.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tenants import clock, log
from tenants.log import Event
from tenants.models import LogEntry, Person

LEAKS = {"clientExtensionResults", "prf"}
ALARMS_A_MINUTE = 10


def find_leak(content: Any, person: Person | None) -> bool:
    """Whether `content` has, at any depth, a member for what a token computed; then it raises an alarm.

    `person` is in whose name it was handed in, if that is known: their officers are told.

    Anyone who may hand something in can feign it, so alarms are not raised without limit.
    """
    leaked = LEAKS & set(member_names(content))
    if not leaked:
        return False
    recent = LogEntry.objects.filter(
        event=Event.SECRET_LEAKED.value, at__gte=clock.now() - timedelta(minutes=1)
    )
    if recent.count() < ALARMS_A_MINUTE:
        log.alarm(
            Event.SECRET_LEAKED,
            "A desk sent what must never leave it; it is not this project's desk, or it was altered.",
            about=log.about_within(person.organisation, "person", person.pk) if person else log.About(),
            members=sorted(leaked),
        )
    return True


def member_names(value: Any) -> Iterator[str]:
    """Every member name in `value`, in time that its depth does not multiply."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
