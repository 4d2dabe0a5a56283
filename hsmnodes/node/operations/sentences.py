"""What people read before they sign: a sentence and every field, from a proposal and the catalogue alone.

The desk renders the same in JavaScript; `tests/vectors/rendering.json` holds both to it.

A sentence is a template. `{a.b}` stands for a field of the parameters, or else of the proposal; `{a[].b}` for
that field of every item of a list. Text, names and ids come in quotation marks, choices in their words, and
several values are joined with ", ". `{a[].b} ({a[].c})`, with nothing but the brackets between, pairs them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hsmnodes.node.operations.envelope import ENVELOPE
from hsmnodes.node.operations.fields import FieldTree, field_trees
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol import canonical, words
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.errors import ProposalRefused

QUOTED = frozenset({"text", "named", "id"})
_PLACE = re.compile(r"\{([a-z_.\[\]]+)\}(?: \(\{([a-z_.\[\]]+)\}\))?")


@dataclass(frozen=True)
class Row:
    """One field as people see it; `detail` is the exact id or hash behind a value that is made for people."""

    label: str
    value: str
    detail: str = ""


def render_sentence(proposal: Proposal) -> str:
    """What the proposal asks for, in one sentence.

    Raises ProposalRefused for an unknown operation, DocumentRefused for parameters that are not its own.
    """
    found = operation(proposal.operation)
    found.read(proposal.parameters)
    trees = [*field_trees(found.parameters), *ENVELOPE]
    values = {**proposal.model_dump(mode="json"), **proposal.parameters}
    return _PLACE.sub(lambda place: _fill(place.group(1), place.group(2), trees, values), found.sentence)


def render_fields(proposal: Proposal) -> list[Row]:
    """Every field of the proposal: the parameters first, then what is around them.

    Raises ProposalRefused for an unknown operation, DocumentRefused for parameters that are not its own.
    """
    found = operation(proposal.operation)
    found.read(proposal.parameters)
    envelope = {
        name: value for name, value in proposal.model_dump(mode="json").items() if name != "parameters"
    }
    return [
        *_group(field_trees(found.parameters), proposal.parameters, ""),
        *_group(ENVELOPE, envelope, ""),
    ]


def _fill(path: str, paired: str | None, trees: Sequence[FieldTree], values: Mapping[str, Any]) -> str:
    filled = _values(path.split("."), trees, values)
    if paired is not None:
        others = _values(paired.split("."), trees, values)
        filled = [f"{one} ({other})" for one, other in zip(filled, others, strict=True)]
    return ", ".join(filled) if filled else "none"


def _values(path: Sequence[str], trees: Sequence[FieldTree], values: Mapping[str, Any]) -> list[str]:
    name, rest = path[0].removesuffix("[]"), path[1:]
    tree = next(tree for tree in trees if tree["name"] == name)
    if path[0].endswith("[]"):
        return [one for item in values[name] for one in _values(rest, tree["item"]["fields"], item)]
    if rest:
        return _values(rest, tree["fields"], values[name])
    return [_in_sentence(tree, values[name])]


def _in_sentence(tree: FieldTree, value: Any) -> str:
    text = _scalar(tree, value).value
    if tree["kind"] not in QUOTED:
        return text
    plain = text.replace("“", '"').replace("”", '"')
    return f"“{plain}”"


def _group(trees: Sequence[FieldTree], values: Mapping[str, Any], label: str) -> list[Row]:
    if {tree["name"] for tree in trees} != set(values):
        raise ProposalRefused("cannot-show", "The proposal has fields that cannot be shown.")
    return [row for tree in trees for row in _rows(tree, values[tree["name"]], label)]


def _rows(tree: FieldTree, value: Any, parent: str) -> list[Row]:
    label = f"{parent} · {tree['label']}" if parent else tree["label"]
    if tree["kind"] == "group":
        return _group(tree["fields"], value, label)
    if tree["kind"] == "list":
        return _list(tree["item"], value, label)
    row = _scalar(tree, value)
    return [Row(label, row.value, row.detail)]


def _list(item: FieldTree, values: Sequence[Any], label: str) -> list[Row]:
    if not values:
        return [Row(label, "none")]
    if item["kind"] != "group":
        return [Row(label, ", ".join(_scalar(item, value).value for value in values))]
    return [
        row
        for place, value in enumerate(values, start=1)
        for row in _group(item["fields"], value, f"{label} {place}")
    ]


def _scalar(tree: FieldTree, value: Any) -> Row:
    """The value and detail of a field that holds no others; the label is left to the caller."""
    match tree["kind"]:
        case _ if value is None and tree.get("nullable"):
            return Row("", "none")
        case "named":
            return Row("", value["name"], value["id"])
        case "hash":
            return Row("", " ".join(words.fingerprint(value)), value)
        case "words":
            digest = canonical.sha256_hex(canonical.b64u_decode(value))
            return Row("", " ".join(words.fingerprint(digest)), digest)
        case "choice":
            return Row("", next(one["label"] for one in tree["choices"] if one["value"] == value), value)
        case "time":
            return Row("", datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))
        case "boolean":
            return Row("", "yes" if value else "no")
        case "integer":
            return Row("", str(value))
        case _:
            return Row("", value)
