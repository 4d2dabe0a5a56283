"""What came of a proposal: each node's receipt in words, and what it made, with what proves it."""

from dataclasses import dataclass
from typing import Any

from hsmnodes.models import Attachment, Key, Receipt
from tenants.models import Person, Proposal


@dataclass(frozen=True)
class Fact:
    """One result of a receipt; `copyable` for hashes and ids."""

    label: str
    value: str
    copyable: bool = False


@dataclass(frozen=True)
class Outcome:
    """What one node says it did."""

    receipt: Receipt
    facts: tuple[Fact, ...]
    attachments: tuple[Attachment, ...]
    keys: tuple[Key, ...]


def outcomes_of(proposal: Proposal, receipts: list[Receipt], _viewer: Person) -> list[Outcome]:
    """The outcome by each receipt of `proposal`."""
    keys = list(Key.objects.filter(proposal=proposal).select_related("slot").order_by("label"))
    return [
        Outcome(
            receipt,
            tuple(_facts(receipt.results, "")) if not keys else (),
            tuple(receipt.attachments.order_by("name")),
            tuple(key for key in keys if key.slot.node_id == receipt.node_id),
        )
        for receipt in receipts
    ]


def _facts(value: Any, label: str) -> list[Fact]:
    if isinstance(value, dict):
        return [
            fact
            for name, inner in value.items()
            for fact in _facts(inner, f"{label} · {_words(name)}" if label else _words(name).capitalize())
        ]
    if isinstance(value, list):
        return [
            fact
            for place, inner in enumerate(value, start=1)
            for fact in _facts(inner, f"{label} {place}" if len(value) > 1 else label)
        ]
    text = str(value)
    return [Fact(label, text, copyable=len(text) >= 32 and " " not in text)]


def _words(name: str) -> str:
    return {"kcv": "check value", "sha256": "SHA-256"}.get(name, name.replace("_", " "))
