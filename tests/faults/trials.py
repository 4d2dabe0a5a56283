"""Trials: a fault under load, how long it lasts, what it costs, and how soon everything is whole again."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults.hosting import Hosting
from tests.servers.process import wait_until

SECONDS_BETWEEN_OPERATIONS = 1.0
FURTHER_OPERATIONS = 3
PATIENCE = 120


@dataclass
class Measured:
    """What a fault did. Times are in seconds; `hit` are the nodes that it was to hit.

    Signatures were `lost` in sessions on a node that was hit, and `failed` in others. `served_after` is when
    the last client had signed again, of those that use all nodes and of those that use the next only without
    the first. `whole_after` is counted from when the fault was mended. `notes` are of this fault alone.
    """

    name: str
    hit: tuple[str, ...]
    sessions_hit: int = 0
    lost: int = 0
    failed: int = 0
    served_after: dict[str, float] = field(default_factory=dict)
    longest_wait: float = 0
    operations: int = 0
    whole_after: float = 0
    notes: dict[str, float] = field(default_factory=dict)


class Trial:
    """One fault on a hosting that is whole."""

    def __init__(self, hosting: Hosting, name: str, *hit: str) -> None:
        self.hosting = hosting
        self.measured = Measured(name, hit)
        self._serials = {serial for one in hit for serial in hosting.nodes[one].serials()}

    @contextmanager
    def under_load(self) -> Iterator["Trial"]:
        """Have clients sign and people approve all the time; strike and mend in between."""
        hosting, ended = self.hosting, threading.Event()
        with hosting.network.hosts["webshop"].inside.entered():
            for load in hosting.loads.values():
                load.restart()
        before = len(hosting.approved)
        operating = threading.Thread(target=self._operate, args=(ended,))
        operating.start()
        try:
            yield self
        finally:
            ended.set()
            operating.join()
        self._count(len(hosting.approved) - before)

    def _operate(self, ended: threading.Event) -> None:
        while not ended.wait(SECONDS_BETWEEN_OPERATIONS) and self.hosting.ready:
            self.hosting.approve()

    def strike(self, act: Callable[[], None]) -> None:
        """Have the fault happen."""
        self.measured.sessions_hit = self._sessions_hit()
        self.began = time.monotonic()
        act()

    def wait_until_served(self) -> None:
        """Wait until every client signs again, on whatever node."""
        for name, load in self.hosting.loads.items():
            self.measured.served_after[name] = load.wait_until_served(self.began)

    def mend(self, act: Callable[[], None], *, after: float) -> None:
        """Have the fault mended when it has lasted so many seconds, and wait until everything is whole."""
        time.sleep(max(0.0, self.began + after - time.monotonic()))
        act()
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Wait until all that was approved by now is done, and every node online with the same keys."""
        mended, approved = time.monotonic(), list(self.hosting.approved)
        self.hosting.wait_for_done(approved, seconds=PATIENCE)
        amiss: list[str] = []

        def whole() -> bool:
            amiss[:] = self.hosting.order("amiss", nodes=self.hosting.ids)
            return not amiss

        # The zone is in step only while nothing is under way, so no more is approved meanwhile.
        with self.hosting.no_more_approved():
            self.hosting.wait_for_done(list(self.hosting.approved), seconds=PATIENCE)
            assert wait_until(whole, seconds=PATIENCE, every=0.2), (amiss, self.hosting.logs())
        self.measured.whole_after = time.monotonic() - mended

    def _sessions_hit(self) -> int:
        return sum(len(load.clients_on(self._serials)) for load in self.hosting.loads.values())

    def _count(self, operations: int) -> None:
        measured, loads = self.measured, self.hosting.loads.values()
        measured.lost = sum(len(load.failed(self.began, by=self._serials)) for load in loads)
        measured.failed = sum(len(load.failed(self.began, but=self._serials)) for load in loads)
        measured.longest_wait = max(load.longest_wait(self.began) for load in loads)
        measured.operations = operations


def in_turn(hosting: Hosting, *, seconds: float, only: Collection[str] = ()) -> Iterator[Measured]:
    """Every fault, one after the other, each lasting so many seconds."""
    from tests.faults.faults import FAULTS

    for name, fault in FAULTS.items():
        if not only or name in only:
            hosting.propose(int(seconds) + FURTHER_OPERATIONS - len(hosting.ready))
            yield fault(hosting, seconds)
