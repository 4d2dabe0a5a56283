"""Starts the processes, starts one again that ends by itself, and stops all of them."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from console.server.kept import start_kept
from console.server.plan import Process

# A process that lived this long was well; the next end of it counts as its first.
WELL_AFTER_SECONDS = 60
LONGEST_PAUSE_SECONDS = 30


class Watched:
    """One process: its keeper while it runs, and when to start it again after it ended by itself."""

    def __init__(self, process: Process, *, environment: Mapping[str, str], log: Path) -> None:
        self.process = process
        self.environment = environment
        self.log = log
        self.failures = 0
        self.start_at = 0.0
        self.started = 0.0
        self.keeper: subprocess.Popen[bytes] | None = None
        self.descriptor: int | None = None

    def start(self) -> None:
        self.started = time.monotonic()
        self.keeper = start_kept(self.process.command, environment=self.environment, log=self.log)
        self.descriptor = os.pidfd_open(self.keeper.pid)

    def note_end(self) -> float:
        """It ended by itself: how long to wait, in seconds, before it is started again."""
        if self.keeper is not None:
            self.keeper.wait()
        if self.descriptor is not None:
            os.close(self.descriptor)
        self.keeper = self.descriptor = None
        now = time.monotonic()
        self.failures = 1 if now - self.started > WELL_AFTER_SECONDS else self.failures + 1
        pause = min(LONGEST_PAUSE_SECONDS, 2.0 ** (self.failures - 1))
        self.start_at = now + pause
        return pause


class Supervisor:
    """Runs a list of processes until it is asked to stop by SIGINT or SIGTERM."""

    def __init__(
        self,
        processes: list[Process],
        *,
        environment: Mapping[str, str],
        logs: Path,
        say: Callable[[str], None],
    ) -> None:
        self.say = say
        self.watched = [
            Watched(process, environment=environment, log=logs / f"{process.name.replace(' ', '-')}.log")
            for process in processes
        ]
        self.asked, self.ask = os.pipe()
        os.set_blocking(self.ask, False)
        self.stopping = False

    def start(self) -> None:
        """Start everything. From here on a signal stops it in order."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop_later)
        for one in self.watched:
            one.start()

    def stop_later(self, *_: object) -> None:
        self.stopping = True
        os.write(self.ask, b".")

    def watch(self, until: Callable[[], bool] = lambda: False, *, seconds: float | None = None) -> None:
        """Look after the processes until asked to stop, until the condition holds, or for so long."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.stopping and not until():
            if deadline is not None and time.monotonic() > deadline:
                return
            running = {one.descriptor: one for one in self.watched if one.descriptor is not None}
            impatient = deadline is not None or len(running) < len(self.watched)
            ended, _, _ = select.select([self.asked, *running], [], [], 0.1 if impatient else None)
            for descriptor in ended:
                if descriptor in running:
                    self.note_end_of(running[descriptor])
            self.start_those_due()

    def note_end_of(self, one: Watched) -> None:
        pause = one.note_end()
        self.say(f"{one.process.name} ended; starting it again in {pause:.0f} s. Its log: {one.log}")

    def start_those_due(self) -> None:
        for one in self.watched:
            if one.keeper is None and time.monotonic() >= one.start_at and not self.stopping:
                one.start()

    def stop(self) -> None:
        """Ask all to finish at once, and wait; their keepers see to those who do not."""
        keepers = [one.keeper for one in self.watched if one.keeper is not None]
        for keeper in keepers:
            keeper.terminate()
        for keeper in keepers:
            keeper.wait()
