"""The node's clock: it never moves below the last time that was kept, and never stands still."""

import time
from collections.abc import Callable
from threading import Lock
from typing import cast

from hsmnodes.node.agent.store import Store

SPEED_WHEN_AHEAD = 0.5


class Clock:
    """Seconds since 1970, never fewer than were kept before, so that what has expired stays expired.

    If the host's clock is behind, as when somebody has set it back, time goes on at half its speed until the
    host has caught up: what is to expire then lives twice as long at most, and a node whose host was ahead
    for a while comes back to the right time. `source` is the host's clock, `steady` one that nobody sets.
    """

    def __init__(
        self,
        store: Store,
        source: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._source, self._steady = store, source, steady
        self._lock = Lock()
        rows = store.rows("SELECT at FROM clock")
        self._time = float(cast("int", rows[0][0])) if rows else 0.0
        self._looked = steady()

    def now(self) -> int:
        """The time."""
        with self._lock:
            looked = self._steady()
            own = self._time
            if self._source() < own:
                own += (looked - self._looked) * SPEED_WHEN_AHEAD
            self._time, self._looked = max(own, self._source()), looked
            return int(self._time)

    @property
    def behind(self) -> int:
        """By how many seconds the machine's clock is behind the last time that was known; as a rule 0."""
        return max(0, int(self._time) - int(self._source()))

    def not_before(self, at: int) -> None:
        """Learn of a time that has been."""
        with self._lock:
            self._time = max(self._time, float(at))

    def keep(self) -> None:
        """Write the time down. Raises NodeError if that cannot be done."""
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO clock (one, at) VALUES (1, ?)"
                " ON CONFLICT (one) DO UPDATE SET at = MAX(at, excluded.at)",
                (self.now(),),
            )
