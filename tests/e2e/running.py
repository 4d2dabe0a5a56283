"""The whole of Quorate as `script/server` runs it, on free ports and in a folder of its own."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 240


@dataclass(frozen=True)
class Running:
    """Where it is and where its state lies."""

    console: str
    desk: str
    state: Path
    environment: dict[str, str]

    def manage(self, *words: str) -> str:
        """What `manage.py` prints when it is run on this deployment."""
        origins = {"QUORATE_CONSOLE_ORIGIN": self.console, "QUORATE_DESK_ORIGIN": self.desk}
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=self.environment | origins,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout


def free_ports(count: int) -> list[int]:
    """Ports nobody uses at this moment, each another."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


@contextmanager
def running_demo(state: Path) -> Iterator[Running]:
    """Start the demo from nothing and stop it at the end."""
    with running(state, demo=True) as everything:
        yield everything


@contextmanager
def running_again(stopped: Running) -> Iterator[Running]:
    """Start a demo that was stopped, with all that it has, at the addresses where it was."""
    with running(stopped.state, demo=True, again=stopped) as everything:
        yield everything


@contextmanager
def running(state: Path, *, demo: bool, again: Running | None = None) -> Iterator[Running]:
    """Start Quorate from nothing and stop it at the end; without a demo nobody and no node is there yet."""
    console, desk = [urlsplit(at).port for at in (again.console, again.desk)] if again else free_ports(2)
    output = state.with_suffix(".output")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("QUORATE_", "DJANGO_"))},
        "QUORATE_STATE_DIR": str(state),
        "QUORATE_CONSOLE_PORT": str(console),
        "QUORATE_DESK_PORT": str(desk),
        "QUORATE_DEMO": "1" if demo else "0",
    }
    began = datetime.now(UTC)
    with output.open("wb") as writer:
        process = subprocess.Popen(
            [sys.executable, "-m", "console.server", *([] if again else ["--fresh"])],
            cwd=ROOT,
            env=environment,
            stdout=writer,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for_greeting(process, output)
        if demo:
            _wait_for_nodes(state / "console.sqlite3", since=began)
        yield Running(f"http://127.0.0.1:{console}", f"http://localhost:{desk}", state, environment)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _wait_for_greeting(process: subprocess.Popen, output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "Quorate is running" not in output.read_text("utf-8"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"It did not start:\n{output.read_text('utf-8')}")
        time.sleep(0.2)


def _wait_for_nodes(database: Path, *, since: datetime) -> None:
    """Until every node is enrolled and was heard of: before that it is offered to nobody."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(database, timeout=30)) as console:
            rows = console.execute("SELECT enrolled_at, last_seen_at FROM hsmnodes_node").fetchall()
        if all(
            enrolled and seen and datetime.fromisoformat(seen + "+00:00") > since for enrolled, seen in rows
        ):
            return
        time.sleep(0.5)
    raise AssertionError("The nodes do not answer.")
