"""Enclosures: what travels beside a warrant, being too long for it, and is kept until there is an outcome.

The proposal has its hash, so it was verified with the warrant; with the intent it comes to disk, so that an
attempt that breaks off can be finished. What comes in several messages waits until the last of them is there:
only what belongs to a warrant that was verified, for some days, and not without limit.
"""

import sqlite3
from collections.abc import Mapping
from typing import cast

from hsmnodes.node.agent.journal import Key
from hsmnodes.node.agent.store import Store, Write
from hsmnodes.node.protocol.documents.backups import LONGEST_BACKUP
from hsmnodes.node.protocol.documents.base import LONGEST_LIFETIME

WAITS_FOR = LONGEST_LIFETIME
"""Seconds that something waits for the rest; it is sent again with a warrant that is sent again."""
MOST_WAITING = 4 * LONGEST_BACKUP
"""Bytes that may wait altogether."""


class Enclosures:
    """The enclosures of what was begun and has not ended, and those that wait, by (proposal, step)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keeper(self, key: Key, enclosed: Mapping[str, bytes]) -> Write:
        """Writes what is enclosed, by SHA-256, in the transaction of the intent; nothing waits any more."""

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO enclosed VALUES (?, ?, ?, ?)",
                [(*key, digest, data) for digest, data in enclosed.items()],
            )
            connection.execute("DELETE FROM waiting WHERE proposal = ? AND step = ?", key)

        return write

    def forgetter(self, key: Key) -> Write:
        """Drops what was enclosed, in the transaction of the outcome."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM enclosed WHERE proposal = ? AND step = ?", key)

        return write

    def get(self, key: Key) -> dict[str, bytes]:
        """What is enclosed, by SHA-256."""
        return self._all("SELECT sha256, data FROM enclosed WHERE proposal = ? AND step = ?", key)

    def put_aside(self, key: Key, came: Mapping[str, bytes], *, now: int) -> None:
        """Have what came of a verified warrant wait for the rest. If it is too much, the oldest goes."""
        with self._store.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?)",
                [(*key, digest, data, now + WAITS_FOR) for digest, data in came.items()],
            )
            while self._waiting() > MOST_WAITING:
                connection.execute(
                    "DELETE FROM waiting WHERE (proposal, step) IN (SELECT proposal, step FROM waiting "
                    "ORDER BY (proposal, step) = (?, ?), until, proposal, step LIMIT 1)",
                    key,
                )

    def waiting(self, key: Key) -> dict[str, bytes]:
        """What came of a warrant and waits for the rest, by SHA-256."""
        return self._all("SELECT sha256, data FROM waiting WHERE proposal = ? AND step = ?", key)

    def forget_ended(self, now: int) -> None:
        """Drop what has waited for too long."""
        if self._store.rows("SELECT 1 FROM waiting WHERE until <= ? LIMIT 1", now):
            with self._store.transaction() as connection:
                connection.execute("DELETE FROM waiting WHERE until <= ?", (now,))

    def _waiting(self) -> int:
        return cast("int", self._store.rows("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM waiting")[0][0])

    def _all(self, query: str, key: Key) -> dict[str, bytes]:
        return {str(digest): cast("bytes", data) for digest, data in self._store.rows(query, *key)}
