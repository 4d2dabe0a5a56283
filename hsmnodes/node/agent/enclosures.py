"""Enclosures: what travels beside a warrant, being too long for it, and is kept until there is an outcome.

The proposal has its hash, so it was verified with the warrant; with the intent it comes to disk, so that an
attempt that breaks off can be finished.
"""

import sqlite3
from typing import cast

from hsmnodes.node.agent.journal import Key
from hsmnodes.node.agent.store import Store, Write


class Enclosures:
    """The enclosures of what was begun and has not ended, by (proposal, step)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keeper(self, key: Key, data: bytes) -> Write:
        """Writes an enclosure, if there is one, in the transaction of the intent."""

        def write(connection: sqlite3.Connection) -> None:
            if data:
                connection.execute("INSERT INTO enclosures VALUES (?, ?, ?)", (*key, data))

        return write

    def forgetter(self, key: Key) -> Write:
        """Drops an enclosure, in the transaction of the outcome."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM enclosures WHERE proposal = ? AND step = ?", key)

        return write

    def get(self, key: Key) -> bytes:
        """The enclosure; empty if there is none."""
        rows = self._store.rows("SELECT data FROM enclosures WHERE proposal = ? AND step = ?", *key)
        return cast("bytes", rows[0][0]) if rows else b""
