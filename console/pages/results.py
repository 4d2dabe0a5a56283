"""What came of a proposal: each node's receipt in words, and what it made, with what proves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from console.pages import wording
from hsmnodes.models import Attachment, Key, Receipt
from hsmnodes.node.operations.base import NodeOperation
from hsmnodes.node.operations.registry import operation
from tenants import clock
from tenants.models import Person, Proposal

Titles = Mapping[str, str]


@dataclass(frozen=True)
class Fact:
    """One result of a receipt; `copyable` for hashes and ids."""

    label: str
    value: str
    copyable: bool = False


@dataclass(frozen=True)
class Table:
    """Results of one kind: a row each, whose facts have the columns' names as their labels."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Fact, ...], ...]


@dataclass(frozen=True)
class Outcome:
    """What one node says it did."""

    receipt: Receipt
    facts: tuple[Fact, ...]
    tables: tuple[Table, ...]
    attachments: tuple[Attachment, ...]
    keys: tuple[Key, ...]


def outcomes_of(proposal: Proposal, receipts: list[Receipt], _viewer: Person) -> list[Outcome]:
    """The outcome by each receipt of `proposal`."""
    keys = list(Key.objects.filter(proposal=proposal).select_related("slot").order_by("label"))
    titles = _titles(proposal)
    outcomes = []
    for receipt in receipts:
        results = {} if keys and receipt.step == 0 else receipt.results
        lists = {name: value for name, value in results.items() if _is_table(value)}
        rest = {name: value for name, value in results.items() if name not in lists}
        outcomes.append(
            Outcome(
                receipt,
                tuple(_facts(rest, "", titles)),
                tuple(_table(_title(name, titles), rows, titles) for name, rows in lists.items()),
                tuple(receipt.attachments.order_by("name")),
                tuple(key for key in keys if key.slot.node_id == receipt.node_id and receipt.step == 0),
            )
        )
    return outcomes


def _titles(proposal: Proposal) -> Titles:
    kind = operation(proposal.operation)
    return kind.titles if isinstance(kind, NodeOperation) else {}


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _table(title: str, items: list[dict[str, Any]], titles: Titles) -> Table:
    rows = tuple(tuple(_facts(item, "", titles)) for item in items)
    columns = dict.fromkeys(fact.label for row in rows for fact in row)
    return Table(title, tuple(columns), tuple(tuple(_in_order(row, columns)) for row in rows))


def _in_order(row: tuple[Fact, ...], columns: Mapping[str, None]) -> list[Fact]:
    """The facts of a row, one for each column; what the row has not is left empty."""
    known = {fact.label: fact for fact in row}
    return [known.get(column) or Fact(column, "") for column in columns]


def _facts(value: Any, label: str, titles: Titles) -> list[Fact]:
    if isinstance(value, dict):
        if value.keys() == {"id", "name"}:
            return [Fact(label, value["name"])]
        return [
            fact
            for name, inner in _sorted(value, titles)
            for fact in _facts(
                inner, f"{label} · {_title(name, titles)}" if label else _title(name, titles), titles
            )
        ]
    if _is_table(value):
        return [
            fact
            for number, one in enumerate(value, start=1)
            for fact in _facts(one, f"{label} {number}", titles)
        ]
    if isinstance(value, list):
        return [Fact(label, ", ".join(str(one) for one in value) or _("none"))]
    if value is None:
        return [Fact(label, _("none"))]
    if label == titles.get("kept_until"):
        return [Fact(label, date_format(clock.from_unix(value), "DATETIME_FORMAT"))]
    if label == _title("algorithm", titles):
        return [Fact(label, wording.algorithm(str(value)))]
    text = str(value)
    return [Fact(label, text, copyable=len(text) >= 32 and " " not in text)]


def _sorted(value: dict[str, Any], titles: Titles) -> list[tuple[str, Any]]:
    """The members in the order of their titles, and not in that of canonical JSON."""
    places = {name: place for place, name in enumerate(titles)}
    return sorted(value.items(), key=lambda member: places.get(member[0], len(places)))


def _title(name: str, titles: Titles) -> str:
    """What people read for a result; its name, for what a later version of a node adds."""
    return titles.get(name) or name.replace("_", " ").capitalize()
