"""The parameters of a proposal as they are laid out: single values, and the items of lists as things."""

import re
from dataclasses import dataclass

from hsmnodes.node.operations.sentences import Row

_ITEM = re.compile(r"^(?P<title>.+ \d+) · (?P<label>.+)$")


@dataclass(frozen=True)
class Thing:
    """One item of a list with its fields."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Parameters:
    """Every row of the parameters, once."""

    rows: tuple[Row, ...]
    things: tuple[Thing, ...]


def put_together(rows: list[Row]) -> Parameters:
    """The rows, those of each item of a list put together under its title."""
    single: list[Row] = []
    items: dict[str, list[Row]] = {}
    for row in rows:
        found = _ITEM.match(row.label)
        if found is None:
            single.append(row)
        else:
            items.setdefault(found["title"], []).append(Row(found["label"], row.value, row.detail))
    return Parameters(tuple(single), tuple(Thing(title, tuple(one)) for title, one in items.items()))
