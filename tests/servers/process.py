"""A server process of the tests, run under a keeper so that it never outlives them."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

KEEPER = Path(__file__).parents[2] / "console" / "server" / "keeper.py"


class ServerFailed(Exception):
    """A server did not come up, or a command about it failed; holds the end of what it printed."""


def free_ports(count: int) -> list[int]:
    """TCP ports of 127.0.0.1 that nobody listens on, different from each other."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def unprivileged_user() -> str | None:
    """The user to run a server as that refuses to be root; None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class KeptProcess:
    """One server in a folder of its own. It can be killed and started again; its folder stays."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        name: str,
        owner: int | None = None,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self.command = list(command)
        self.folder = folder
        self.name = name
        self.owner = owner or os.getpid()
        self.environment = dict(environment or {})
        self.user = user
        self.pid_file = folder / f"{name}.pid"
        self.log_file = folder / f"{name}.log"
        self.keeper: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Start the server and wait until `ready` says so; ServerFailed when it does not."""
        self.pid_file.unlink(missing_ok=True)
        with self.log_file.open("ab") as log:
            self.keeper = subprocess.Popen(
                [
                    *(sys.executable, "-I", str(KEEPER), "--owner", str(self.owner)),
                    *("--pid-file", str(self.pid_file), "--grace", "10"),
                    *(("--user", self.user) if self.user else ()),
                    *("--", *self.command),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                cwd=self.folder,
                start_new_session=True,
            )
        self.folder.joinpath(f"{self.name}.keeper").write_text(str(self.keeper.pid))
        if not wait_until(lambda: self.keeper.poll() is not None or ready(), seconds=seconds):
            self.stop()
            raise ServerFailed(f"{self.name} was not ready after {seconds:.0f} s\n{self.log_end()}")
        if self.keeper.poll() is not None:
            raise ServerFailed(f"{self.name} ended at once\n{self.log_end()}")

    def kill(self) -> None:
        """End the server as a crash would, by kill -9; its keeper ends what it leaves behind."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(self.pid_file.read_text()), signal.SIGKILL)
        if self.keeper is not None:
            self.keeper.wait()

    def stop(self) -> None:
        """End the server in order."""
        if self.keeper is not None:
            self.keeper.terminate()
            self.keeper.wait()

    def leave(self) -> None:
        """Let the server run on when this process ends: another owns it. The returncode silences Popen."""
        if self.keeper is not None:
            self.keeper.returncode = 0

    def log_end(self) -> str:
        return self.log_file.read_text(errors="replace")[-3000:] if self.log_file.exists() else ""


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.05) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
