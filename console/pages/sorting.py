"""Sorting lists by a column of theirs: which one is asked for in the address, `sort=name` or `sort=-name`."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class Sorting:
    """By which column a list is sorted, and by what among equals.

    `fields` has what each column is sorted by in the database.
    """

    fields: Mapping[str, str]
    column: str
    descending: bool
    then: str

    @property
    def by(self) -> str:
        """The field it is sorted by."""
        return self.fields[self.column]

    @property
    def order(self) -> tuple[str, str]:
        """What a query is ordered by."""
        sign = "-" if self.descending else ""
        return f"{sign}{self.by}", f"{sign}{self.then}"

    def direction_of(self, column: str) -> str:
        """How the list is sorted by `column`, in the words of aria-sort; empty if it is not."""
        if column != self.column:
            return ""
        return "descending" if self.descending else "ascending"

    def next(self, column: str) -> str:
        """What asks for the list sorted by `column`; the other way round, if it is so already."""
        return f"-{column}" if self.direction_of(column) == "ascending" else column


def sorting_of(request: HttpRequest, fields: Mapping[str, str], default: str, *, then: str = "pk") -> Sorting:
    """The sorting that is asked for, or `default` where none is, or none that is known."""
    asked = request.GET.get("sort", "")
    chosen = asked if asked.removeprefix("-") in fields else default
    return Sorting(fields, chosen.removeprefix("-"), chosen.startswith("-"), then)
