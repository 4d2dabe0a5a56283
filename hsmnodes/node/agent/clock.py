"""The node's clock: it never moves below the last time that was kept."""

import time
from collections.abc import Callable
from typing import cast

from hsmnodes.node.agent.store import Store


class Clock:
    """Seconds since 1970, never fewer than were kept before, so that what has expired stays expired."""

    def __init__(self, store: Store, source: Callable[[], float] = time.time) -> None:
        self._store = store
        self._source = source
        rows = store.rows("SELECT at FROM clock")
        self._last = cast("int", rows[0][0]) if rows else 0

    def now(self) -> int:
        """The time."""
        self._last = max(self._last, int(self._source()))
        return self._last

    @property
    def behind(self) -> int:
        """By how many seconds the machine's clock is behind the last time that was known; as a rule 0."""
        return max(0, self._last - int(self._source()))

    def not_before(self, at: int) -> None:
        """Learn of a time that has been."""
        self._last = max(self._last, at)

    def keep(self) -> None:
        """Write the time down."""
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO clock (one, at) VALUES (1, ?)"
                " ON CONFLICT (one) DO UPDATE SET at = MAX(at, excluded.at)",
                (self.now(),),
            )
