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
    """Some rows, newest first, and the cursors (None at an end) to those after and before them."""

    rows: Sequence[M]
    older: str | None
    newer: str | None


def page_of(
    rows: QuerySet[M], *, cursor: str | None = None, size: int = PAGE, by: str = "created_at"
) -> Page[M]:
    """The page of `rows` at `cursor`, ordered by the column `by` and the primary key, both descending."""
    if not cursor:
        found = list(rows.order_by(f"-{by}", "-pk")[: size + 1])
        return _page(found[:size], by, has_older=len(found) > size, has_newer=False)
    direction, value, key = _read(cursor, rows, by)
    if direction == "older":
        after = Q(**{f"{by}__lt": value}) | Q(**{by: value, "pk__lt": key})
        found = list(rows.filter(after, **{f"{by}__lte": value}).order_by(f"-{by}", "-pk")[: size + 1])
        return _page(found[:size], by, has_older=len(found) > size, has_newer=True)
    before = Q(**{f"{by}__gt": value}) | Q(**{by: value, "pk__gt": key})
    found = list(rows.filter(before, **{f"{by}__gte": value}).order_by(by, "pk")[: size + 1])
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
        moment = datetime.fromisoformat(value) if _is_time(rows, by) else value
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise _unknown() from None
    aware_or_number = moment.tzinfo is not None if isinstance(moment, datetime) else _is_number(moment)
    key_fits = _is_number(key) if isinstance(rows.model._meta.pk, IntegerField) else _is_text(key)  # noqa: SLF001
    if direction not in ("older", "newer") or not aware_or_number or not key_fits:
        raise _unknown()
    return direction, moment, key


def _is_time(rows: QuerySet[Any], by: str) -> bool:
    return isinstance(rows.model._meta.get_field(by), DateTimeField)  # noqa: SLF001 - Django documents it


def _is_number(value: object) -> bool:
    return type(value) is int and abs(value) < 2**63


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isalnum()


def _unknown() -> Invalid:
    return Invalid("bad-cursor", "This page of the list is not known. Begin at its first page.")
