"""The node's database: one SQLite file, every commit on disk before it returns (synchronous=FULL).

The journal and the receipts can only be added to, which triggers hold the file itself to. The other tables
are what the node may forget or replace.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.protocol import canonical

Write = Callable[[sqlite3.Connection], None]
"""Writes something in a transaction that is somebody else's."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, proposal TEXT, step INTEGER,
    entry BLOB NOT NULL, hash TEXT NOT NULL UNIQUE
);
CREATE UNIQUE INDEX IF NOT EXISTS once ON entries (kind, proposal, step) WHERE proposal IS NOT NULL;
CREATE TABLE IF NOT EXISTS receipts (
    proposal TEXT NOT NULL, step INTEGER NOT NULL, envelope BLOB NOT NULL, PRIMARY KEY (proposal, step)
);
CREATE TABLE IF NOT EXISTS attachments (
    proposal TEXT NOT NULL, step INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL,
    data BLOB NOT NULL, PRIMARY KEY (proposal, step, place)
);
CREATE TABLE IF NOT EXISTS enclosed (
    proposal TEXT NOT NULL, step INTEGER NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (proposal, step, sha256)
);
CREATE TABLE IF NOT EXISTS waiting (
    proposal TEXT NOT NULL, step INTEGER NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL,
    until INTEGER NOT NULL, PRIMARY KEY (proposal, step, sha256)
);
CREATE TABLE IF NOT EXISTS refusals (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, subject TEXT NOT NULL,
    code TEXT NOT NULL, detail TEXT NOT NULL, envelope BLOB
);
CREATE INDEX IF NOT EXISTS refused ON refusals (subject, code);
CREATE TABLE IF NOT EXISTS witnessed (node TEXT PRIMARY KEY, sequence INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS heard (node TEXT PRIMARY KEY, heard_at INTEGER NOT NULL, heartbeat BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS vault (name TEXT PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS contributions (
    proposal TEXT NOT NULL, step INTEGER NOT NULL, contribution TEXT NOT NULL, sealed BLOB NOT NULL,
    answer BLOB NOT NULL, PRIMARY KEY (proposal, step, contribution)
);
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_remain BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS receipts_stay BEFORE UPDATE ON receipts
    BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END;
CREATE TRIGGER IF NOT EXISTS receipts_remain BEFORE DELETE ON receipts
    BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END;
"""

ONE_ENCLOSURE = """
BEGIN IMMEDIATE;
INSERT OR IGNORE INTO enclosed SELECT proposal, step, sha256_hex(data), data FROM enclosures;
DROP TABLE enclosures;
COMMIT;
"""
"""Carries over a database of the time when a step had one enclosure, known by nothing but its step."""


class Store:
    """The open database. Safe to use from several threads; one transaction at a time."""

    def __init__(self, file: Path) -> None:
        """Open the database, or make it."""
        self._lock = RLock()
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA recursive_triggers = ON")  # so that REPLACE cannot pass the triggers
        self._connection.executescript(SCHEMA)
        if self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'enclosures'"):
            self._connection.create_function("sha256_hex", 1, canonical.sha256_hex)
            self._connection.executescript(ONE_ENCLOSURE)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of what is done with the connection, or nothing; on disk when this ends. May be nested.

        Raises NodeError if it cannot be written, as on a full disk.
        """
        with self._lock:
            if self._is_in_transaction():
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise NodeError(f"The node's database cannot be written: {error}.") from error
            finally:
                if self._is_in_transaction():  # SQLite itself has rolled back where it found no room
                    self._connection.execute("ROLLBACK")

    def _is_in_transaction(self) -> bool:
        return self._connection.in_transaction

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Every row that a query finds."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


@contextmanager
def open_store(file: Path) -> Iterator[Store]:
    """The database of a node that is there, while it is needed. Raises NodeError if there is none."""
    if not file.exists():
        raise NodeError("There is no node here yet: make it with quorate-node init.")
    store = Store(file)
    try:
        yield store
    finally:
        store.close()
