"""Watching and killing processes, by their ids."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))


def kill_after(pid: int, seconds: float) -> threading.Timer:
    """Kill a process in a while. Joining the timer waits until it is dead."""
    timer = threading.Timer(seconds, kill, (pid,))
    timer.start()
    return timer
