"""Pages of long lists by keyset: each as fast as the first, however long the list, and nothing counted."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import DateTimeField, IntegerField, Model, Q, QuerySet

from tenants.errors import Invalid

M = TypeVar("M", bound=Model)
PAGE = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """Some rows in order, and the cursors (None at an end) to those after (older) and before them (newer)."""

    rows: Sequence[M]
    older: str | None
    newer: str | None


def page_of(
    rows: QuerySet[M],
    *,
    cursor: str | None = None,
    size: int = PAGE,
    by: str = "created_at",
    ascending: bool = False,
) -> Page[M]:
    """The page of `rows` at `cursor`, ordered by the column `by` and the primary key, both one way."""
    up, down = (by, "pk"), (f"-{by}", "-pk")
    order, reverse, forth, back = (up, down, "gt", "lt") if ascending else (down, up, "lt", "gt")
    if not cursor:
        found = list(rows.order_by(*order)[: size + 1])
        return _page(found[:size], by, has_older=len(found) > size, has_newer=False)
    direction, value, key = _read(cursor, rows, by)
    way = forth if direction == "older" else back
    beyond = Q(**{f"{by}__{way}": value}) | Q(**{by: value, f"pk__{way}": key})
    beyond &= Q(**{f"{by}__{way}e": value})
    if direction == "older":
        found = list(rows.filter(beyond).order_by(*order)[: size + 1])
        return _page(found[:size], by, has_older=len(found) > size, has_newer=True)
    found = list(rows.filter(beyond).order_by(*reverse)[: size + 1])
    return _page(found[:size][::-1], by, has_older=True, has_newer=len(found) > size)


def _page(rows: list[M], by: str, *, has_older: bool, has_newer: bool) -> Page[M]:
    return Page(
        rows,
        _write("older", rows[-1], by) if rows and has_older else None,
        _write("newer", rows[0], by) if rows and has_newer else None,
    )


def _write(direction: str, row: Model, by: str) -> str:
    value = getattr(row, by)
    moment = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([direction, moment, row.pk]).encode()).decode().rstrip("=")


def _read(cursor: str, rows: QuerySet[Any], by: str) -> tuple[str, Any, Any]:
    """The direction, and where to go on: values that the columns of `rows` can be compared with."""
    try:
        direction, value, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = _place(rows, by, value)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise _unknown() from None
    key_fits = _is_number(key) if isinstance(rows.model._meta.pk, IntegerField) else _is_text(key)  # noqa: SLF001
    if direction not in ("older", "newer") or not key_fits:
        raise _unknown()
    return direction, place, key


def _place(rows: QuerySet[Any], by: str, value: Any) -> Any:
    """A value of the column `by`. Raises ValueError, or TypeError, for what it could not be compared with."""
    column = rows.model._meta.get_field(by)  # noqa: SLF001 - Django documents it
    if isinstance(column, DateTimeField):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    fits = _is_number(value) if isinstance(column, IntegerField) else _is_printable(value)
    if not fits:
        raise ValueError
    return value


def _is_number(value: object) -> bool:
    return type(value) is int and abs(value) < 2**63


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isalnum()


def _is_printable(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _unknown() -> Invalid:
    return Invalid("bad-cursor", "This page of the list is not known. Begin at its first page.")
