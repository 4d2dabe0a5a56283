"""The load of signatures: clients of an application that sign all the time, and what came of it."""

import json
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.hsmnodes.node.endpoint.serving import MODULE, Host
from tests.servers.process import KeptProcess, wait_until

CLIENT = Path(__file__).with_name("client.py")
CLIENTS, PAUSE_SECONDS = 4, 0.25


@dataclass(frozen=True)
class Attempt:
    """To connect or to sign: when it began and how long it took (monotonic seconds), where, and its error."""

    client: int
    at: float
    took: float
    what: str
    serial: str
    error: str

    @property
    def ended(self) -> float:
        return self.at + self.took


class Load:
    """Clients of one connection."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.file = folder / f"{host.name}.attempts"
        self._process = KeptProcess(
            [
                *(sys.executable, "-I", str(CLIENT), str(MODULE), host.token, host.pin),
                *(str(self.file), str(CLIENTS), str(PAUSE_SECONDS)),
            ],
            folder=folder,
            name=f"{host.name}-clients",
            environment={"P11_KIT_SERVER_ADDRESS": f"unix:path={host.socket}"},
        )

    def restart(self) -> None:
        """Begin anew, on the host where the caller is; wait until every client signs."""
        self.stop()
        self._began = time.monotonic()
        self._process.start(self._all_sign)

    def stop(self) -> None:
        """End."""
        self._process.stop()

    def _all_sign(self) -> bool:
        return {one.client for one in self.signed(self._began)} == set(range(CLIENTS))

    def clients_on(self, serials: Collection[str]) -> set[int]:
        """The clients whose last signature was by one of these tokens."""
        last = {one.client: one.serial for one in self.signed(self._began)}
        return {client for client, serial in last.items() if serial in serials}

    # -------------------------------------------------------------- what became of it

    def attempts(self, since: float) -> Iterator[Attempt]:
        """What ended since a moment."""
        if self.file.exists():
            for line in self.file.read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    one = Attempt(**json.loads(line))
                    if one.ended >= since:
                        yield one

    def signed(self, since: float) -> list[Attempt]:
        """The signatures that were made."""
        return [one for one in self.attempts(since) if one.what == "sign" and not one.error]

    def failed(
        self, since: float, *, by: Collection[str] | None = None, but: Collection[str] = ()
    ) -> list[Attempt]:
        """The signatures that failed, by these tokens or by all but those."""
        return [
            one
            for one in self.attempts(since)
            if one.what == "sign" and one.error and (by is None or one.serial in by) and one.serial not in but
        ]

    def longest_wait(self, since: float) -> float:
        """The longest time, in seconds, that a client was without a signature since a moment."""
        made: dict[int, list[float]] = {number: [since] for number in range(CLIENTS)}
        for one in self.signed(since):
            made[one.client].append(one.ended)
        now = time.monotonic()
        return max(
            after - before
            for times in made.values()
            for before, after in zip(times, [*times[1:], now], strict=True)
        )

    def wait_until_served(self, since: float, *, seconds: float = 60) -> float:
        """Wait until every client has signed again; after how many seconds the last of them had."""

        def served() -> bool:
            return {one.client for one in self.attempts(since) if self._is_new(one, since)} == set(
                range(CLIENTS)
            )

        assert wait_until(served, seconds=seconds), "not every client is served again"
        firsts: dict[int, float] = {}
        for one in self.attempts(since):
            if self._is_new(one, since):
                firsts.setdefault(one.client, one.ended)
        return max(firsts.values()) - since

    @staticmethod
    def _is_new(one: Attempt, since: float) -> bool:
        return one.what == "sign" and not one.error and one.at >= since
