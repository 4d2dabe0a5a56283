"""A part of the deployment as a test holds it: a fork of the zygote, to be asked, paused and killed."""

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

from tests.servers.process import wait_until

PATIENCE = 90


class Part:
    """A fork of the zygote, alive as long as its connection is."""

    def __init__(self, path: Path, part: str, **given: Any) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(str(path))
        self.stream = self.connection.makefile("rw")
        print(json.dumps({"part": part, "with": given}), file=self.stream, flush=True)
        self.pid = json.loads(self.stream.readline())

    def answer(self, seconds: float = PATIENCE) -> Any:
        """What came of it; None if it died."""
        self.connection.settimeout(seconds)
        line = self.stream.readline()
        self.close()
        answer = json.loads(line) if line else None
        assert not (isinstance(answer, dict) and "failed" in answer), answer["failed"]
        return answer

    @property
    def is_dead(self) -> bool:
        """Whether every process of it is gone."""
        self.connection.setblocking(False)
        try:
            said = self.connection.recv(10_000, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        finally:
            self.connection.setblocking(True)
        assert not said, f"It ended by itself:\n{json.loads(said)}"
        return True

    def signal(self, number: int) -> None:
        """Send a signal to all of it."""
        os.killpg(self.pid, number)

    def end(self) -> None:
        """Kill it and wait until it is gone."""
        if not self.is_dead:
            self.signal(signal.SIGKILL)
        assert wait_until(lambda: self.is_dead, seconds=10, every=0.01)
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self.stream.close()
        self.connection.close()
