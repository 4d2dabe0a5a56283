"""One driver process as the agent holds it: started, asked, ended."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hsmnodes.node.drivers.errors import DriverDied, DriverTimeout
from hsmnodes.node.drivers.wire import Launch, frame, read_frame, read_launched, read_reply, request

COMMAND = [sys.executable, "-P", "-m", "hsmnodes.node.drivers.child"]
SOURCES = Path(__file__).resolve().parents[3]
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")
SECONDS_TO_END = 5.0

# The kernel kills a driver process when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG), so
# one thread, which lives as long as this process, starts them all. By process id: a fork has no threads.
_starters: dict[int, ThreadPoolExecutor] = {}


class ChildProcess:
    """A running driver process. After `DriverDied` or `DriverTimeout` it runs no more."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._socket, theirs = socket.socketpair()
        starter = _starters.setdefault(self._owner, ThreadPoolExecutor(1, "driver-starter"))
        with theirs:
            self._process = starter.submit(_start, theirs).result()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it runs and is this process's: a fork must not speak into its parent's connection."""
        return self._owner == os.getpid() and self._process.poll() is None

    def launch(self, launch: Launch, timeout: float) -> None:
        """Tell it what it drives. Raises what went wrong with that."""
        read_launched(self._exchange("launch", launch.model_dump_json().encode(), timeout))

    def call(self, method: str, arguments: Mapping[str, Any], timeout: float) -> Any:
        """Call a method of its driver; `timeout` in seconds. Raises what the method raises there."""
        return read_reply(method, self._exchange(method, request(method, arguments), timeout))

    def end(self) -> None:
        """Let it finish by ending its input; kill it if it does not."""
        self._socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_END)
        self.kill()

    def kill(self) -> None:
        """End it at once, unless it is another process's."""
        self._socket.close()
        if self._owner != os.getpid():
            return
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it can be stuck in the HSM's kernel driver
            self._process.wait(SECONDS_TO_END)

    def _exchange(self, what: str, payload: bytes, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        message = frame(payload)
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(message)
            answer = read_frame(lambda length: self._receive(length, deadline))
        except TimeoutError:
            self.kill()
            raise DriverTimeout(f"the HSM did not answer {what} in {timeout:g} seconds") from None
        except OSError:
            answer = None
        except BaseException:
            self.kill()  # interrupted in the middle of an exchange: the next answer would be the wrong one
            raise
        if answer is None:
            self.kill()
            raise DriverDied(f"the driver process died during {what}")
        return answer

    def _receive(self, length: int, deadline: float) -> bytes:
        """Exactly this many bytes, or fewer at the end. Raises `TimeoutError`."""
        received = bytearray()
        while len(received) < length:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self._socket.settimeout(remaining)
            part = self._socket.recv(min(length - len(received), 1 << 16))
            if not part:
                break
            received += part
        return bytes(received)


def _start(connection: socket.socket) -> subprocess.Popen[bytes]:
    """Start a driver process that speaks through `connection`.

    It gets none of the agent's environment but the paths, no signals of the agent's terminal, and writes what
    it has to say about mistakes to the agent's standard error.
    """
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment["PYTHONPATH"] = str(SOURCES)
    channel = connection.fileno()
    return subprocess.Popen(
        [*COMMAND, str(os.getpid())],
        stdin=channel,
        stdout=channel,
        cwd="/",
        env=environment,
        start_new_session=True,
    )
