"""Which keys of a zone should be replaced since earlier backups can be opened by others, and by what label.

A key that was backed up under a backup key that is retired since stays within the reach of who has such a
backup and enough of that key's shares. Only another key in its place ends that.
"""

import re
from collections.abc import Iterable

from django.db.models import Max, Q, QuerySet

from hsmnodes.models import Epoch, Key
from hsmnodes.node.protocol.documents.base import NAME_MAX

_VERSION = re.compile(r"^(?P<stem>.*?) v(?P<number>[1-9][0-9]{0,5})$", re.DOTALL)


def replaceable(zone: str) -> QuerySet[Key]:
    """The living keys of a zone (by its id) that no living key was made in the place of."""
    living = Key.objects.filter(zone=zone, destroyed_at=None)
    return living.exclude(pk__in=living.exclude(replaces=None).values("replaces"))


def reachable(zone: str) -> QuerySet[Key]:
    """Those of them that were backed up under a backup key that is retired since.

    A key that came in a backup from elsewhere has no receipt that says under which: it counts as one of them.
    """
    last = Epoch.objects.filter(slot__zone=zone).aggregate(last=Max("number"))["last"] or 1
    if last == 1:
        return Key.objects.none()
    return replaceable(zone).filter(Q(results__epoch__lt=last) | Q(results__epoch__isnull=True))


def next_label(label: str, taken: Iterable[str]) -> str:
    """A label for the key in the place of the one with this label, which none of those `taken` is.

    `payments` is followed by `payments v2`, and that by `payments v3`.
    """
    known = {one.casefold() for one in taken}
    found = _VERSION.match(label)
    stem, number = (found["stem"], int(found["number"])) if found else (label, 1)
    while True:
        number += 1
        ending = f" v{number}"
        wanted = stem[: NAME_MAX - len(ending)] + ending
        if wanted.casefold() not in known:
            return wanted
