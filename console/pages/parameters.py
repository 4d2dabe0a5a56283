"""The parameters of a proposal as they are laid out: single values, and the items of lists as things."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.fields import FieldTree, field_trees
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


def count_rows(operation: Operation[Any], parameters: Mapping[str, Any]) -> int:
    """How many of the rows of a proposal are its parameters: they come first."""
    return sum(_rows(tree, parameters[tree["name"]]) for tree in field_trees(operation.parameters))


def _rows(tree: FieldTree, value: Any) -> int:
    """How many rows a field takes where it is rendered (hsmnodes/node/operations/sentences.py)."""
    if tree["kind"] == "group":
        return sum(_rows(inner, value[inner["name"]]) for inner in tree["fields"])
    if tree["kind"] == "list" and tree["item"]["kind"] == "group" and value:
        return sum(_rows({"kind": "group", "fields": tree["item"]["fields"]}, one) for one in value)
    return 1
