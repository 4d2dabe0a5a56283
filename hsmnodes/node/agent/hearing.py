"""What peers last said of themselves: their verified heartbeats, kept over a start.

A heartbeat replaces the one before only if it is newer, by the peer's journal and its clock: one that is
shown again changes nothing, however late. Of what nobody shows any more, the age is known.
"""

from dataclasses import dataclass
from typing import cast

from hsmnodes.node.agent.store import Store
from hsmnodes.node.protocol.documents.node import Heartbeat


@dataclass(frozen=True)
class Record:
    """A peer's heartbeat, when it was heard here (seconds since 1970), and whether since this start."""

    heartbeat: Heartbeat
    heard_at: int
    since_start: bool


class Hearing:
    """The last heartbeat of each peer, by the peer's id."""

    def __init__(self, store: Store) -> None:
        self._store = store
        rows = cast("list[tuple[str, int, bytes]]", store.rows("SELECT node, heard_at, heartbeat FROM heard"))
        self._records = {
            node: Record(Heartbeat.from_bytes(raw), heard_at, since_start=False)
            for node, heard_at, raw in rows
        }

    def of(self, node: str) -> Record | None:
        """The last that was heard of a peer."""
        return self._records.get(node)

    def note(self, heartbeat: Heartbeat, now: int) -> None:
        """Keep a heartbeat whose signature by a peer was verified, unless a newer one is known."""
        known = self._records.get(heartbeat.node.id)
        if known is not None and _place(heartbeat) <= _place(known.heartbeat):
            return
        self._records[heartbeat.node.id] = Record(heartbeat, now, since_start=True)
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO heard VALUES (?, ?, ?) ON CONFLICT (node) DO UPDATE"
                " SET heard_at = excluded.heard_at, heartbeat = excluded.heartbeat",
                (heartbeat.node.id, now, heartbeat.raw),
            )


def _place(heartbeat: Heartbeat) -> tuple[int, int]:
    return heartbeat.journal.sequence, heartbeat.at
