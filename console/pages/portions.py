"""Long lists that are sorted by whatever one likes, in portions; what grows fast is read by keyset instead.

Proposals, keys and log entries come in by the thousand (`tenants.listing`); zones and nodes do not, and are
sorted by columns of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

M = TypeVar("M", bound=Model)
SIZE = 100


@dataclass(frozen=True)
class Portion(Generic[M]):
    """Rows of a list, from `begin` on, of `total`; it is gone through as the list it stands for."""

    rows: Sequence[M]
    begin: int
    total: int

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def first(self) -> int:
        return self.begin + 1

    @property
    def last(self) -> int:
        return self.begin + len(self.rows)

    @property
    def is_whole(self) -> bool:
        """Whether it is all there is."""
        return len(self.rows) == self.total

    @property
    def before(self) -> int | None:
        """Where the portion before this one begins."""
        return max(0, self.begin - SIZE) if self.begin else None

    @property
    def after(self) -> int | None:
        """Where the next one begins."""
        return self.last if self.last < self.total else None


def portion_of(request: HttpRequest, rows: QuerySet[M]) -> Portion[M]:
    """The portion that is asked for by `from`; the first for what is no place in the list."""
    asked = request.GET.get("from", "")
    total = rows.order_by().count()
    begin = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0
    if begin >= total:
        begin = 0
    return Portion(list(rows[begin : begin + SIZE]), begin, total)
