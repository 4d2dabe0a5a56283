"""The journal: what the node has accepted, meant to do and done, as a chain of hashes that is only added to.

An entry is canonical JSON with its sequence number (from 1), the hash of the entry before it, the time, its
kind and its body. `verify` rebuilds the chain from the bytes. Ceremonies, intents and outcomes are keyed by
(proposal, step), and the database takes only one of each.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.store import Store, Write
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.node import JournalHead
from hsmnodes.node.protocol.errors import Refused

Kind = Literal[
    "begun",
    "charter",
    "frozen",
    "closed",
    "announced",
    "suspended",
    "peer",
    "ceremony",
    "contribution",
    "intent",
    "outcome",
]
KEYED = ("ceremony", "intent", "outcome")
Key = tuple[str, int]

BEFORE_ALL = JournalHead(sequence=0, hash="0" * 64)
ENTRY_LIMIT = 8_000_000


@dataclass(frozen=True)
class Draft:
    """An entry to be: its kind, its body (plain JSON) and, if it is keyed, the (proposal, step)."""

    kind: Kind
    body: Mapping[str, Any]
    key: Key | None = None


@dataclass(frozen=True)
class Entry:
    """An entry as it stands: `raw` are its canonical bytes."""

    sequence: int
    previous: str
    at: int
    kind: Kind
    body: Mapping[str, Any]
    raw: bytes
    hash: str


class Journal:
    """The journal of one node."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.head = BEFORE_ALL
        for entry in self.verify():
            self.head = JournalHead(sequence=entry.sequence, hash=entry.hash)

    def append(self, drafts: Sequence[Draft], *, at: int, beside: Write | None = None) -> list[Entry]:
        """Add entries, all or none; they are on disk when this returns. `at` is in seconds since 1970.

        `beside` writes what is to be on disk together with them. Raises NodeError if one of the same
        kind and (proposal, step) is there already.
        """
        head, entries = self.head, []
        with self._store.transaction() as connection:
            for draft in drafts:
                entry = _entry(draft, after=head, at=at)
                _insert(connection, entry, draft.key)
                head = JournalHead(sequence=entry.sequence, hash=entry.hash)
                entries.append(entry)
            if beside is not None:
                beside(connection)
        self.head = head
        return entries

    def verify(self) -> Iterator[Entry]:
        """Every entry in order, checked against the one before. Raises NodeError where the chain breaks."""
        head = BEFORE_ALL
        rows = self._store.rows(
            "SELECT sequence, kind, proposal, step, entry, hash FROM entries ORDER BY sequence"
        )
        for sequence, kind, proposal, step, raw, digest in rows:
            entry = _read(cast("bytes", raw))
            key = (entry.body.get("proposal"), entry.body.get("step"))
            found = (entry.sequence, entry.kind, entry.hash)
            keyed = key if entry.kind in KEYED else (None, None)
            if found != (sequence, kind, digest) or keyed != (proposal, step):
                raise NodeError(f"The journal is broken at entry {sequence}: it is not what it says it is.")
            if entry.sequence != head.sequence + 1 or entry.previous != head.hash:
                raise NodeError(f"The journal is broken at entry {sequence}: it does not follow.")
            head = JournalHead(sequence=entry.sequence, hash=entry.hash)
            yield entry

    def hash_at(self, sequence: int) -> str | None:
        """The hash of an entry, or None if there is none."""
        if sequence == 0:
            return BEFORE_ALL.hash
        rows = self._store.rows("SELECT hash FROM entries WHERE sequence = ?", sequence)
        return str(rows[0][0]) if rows else None

    def size(self, first: int, last: int) -> int:
        """How many bytes entries `first` to `last` have together."""
        query = "SELECT COALESCE(SUM(LENGTH(entry)), 0) FROM entries WHERE sequence BETWEEN ? AND ?"
        return cast("int", self._store.rows(query, first, last)[0][0])

    def read(self, first: int, last: int) -> list[bytes]:
        """The bytes of entries `first` to `last`, both included."""
        rows = self._store.rows(
            "SELECT entry FROM entries WHERE sequence BETWEEN ? AND ? ORDER BY sequence", first, last
        )
        return [cast("bytes", raw) for (raw,) in rows]


def _entry(draft: Draft, *, after: JournalHead, at: int) -> Entry:
    fields: dict[str, Any] = {
        "sequence": after.sequence + 1,
        "previous": after.hash,
        "at": at,
        "kind": draft.kind,
        "body": draft.body,
    }
    raw = canonical.encode(fields)
    if len(raw) > ENTRY_LIMIT:
        raise NodeError(f"An entry of {len(raw):,} bytes is too long for the journal.")
    return Entry(**fields, raw=raw, hash=canonical.sha256_hex(raw))


def _insert(connection: sqlite3.Connection, entry: Entry, key: Key | None) -> None:
    proposal, step = key or (None, None)
    try:
        connection.execute(
            "INSERT INTO entries (sequence, kind, proposal, step, entry, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (entry.sequence, entry.kind, proposal, step, entry.raw, entry.hash),
        )
    except sqlite3.IntegrityError:
        raise NodeError(f"The journal has an {entry.kind} of this proposal and step already.") from None


def _read(raw: bytes) -> Entry:
    try:
        fields = cast("dict[str, Any]", canonical.decode(raw, limit=ENTRY_LIMIT))
        return Entry(**fields, raw=raw, hash=canonical.sha256_hex(raw))
    except (Refused, TypeError):
        raise NodeError("The journal is broken: an entry cannot be read.") from None
