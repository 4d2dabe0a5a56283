"""The endpoint's processes: they have no rights, gain none, and end with the agent."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from hsmnodes.node.endpoint.folder import Account

logger = logging.getLogger(__name__)

SECONDS_TO_END = 5.0
LONGEST_LINE = 1_000
LOADED, SECONDS_TO_LOAD = "Loading success.", 5.0
"""What HAProxy says when it has read its configuration; and for how long that is waited for."""


class ServingProcess:
    """A process with all that it forks. The kernel kills it when the thread that started it ends."""

    def __init__(
        self, name: str, command: Sequence[str], account: Account | None, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self._loading_since: float | None = time.monotonic()
        self._process = subprocess.Popen(
            [*_without_rights(account), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
            start_new_session=True,
        )
        self._children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        threading.Thread(target=self._log, name=f"log of {name}", daemon=True).start()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def children(self) -> int:
        """How many processes it has forked that still run (proc(5)); none once it has ended."""
        try:
            return len(self._children.read_text("ascii").split())
        except OSError:
            return 0

    def may_reload(self) -> bool:
        """Whether HAProxy has read its configuration: while it does, a signal to read it again is lost."""
        since = self._loading_since
        return since is None or time.monotonic() - since > SECONDS_TO_LOAD

    def reload(self) -> None:
        """Have HAProxy read its configuration again."""
        self._loading_since = time.monotonic()
        self._process.send_signal(signal.SIGUSR2)

    def end(self) -> None:
        """End it and everything that it forked, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_END)

    def _log(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 -- it was asked for above
        with stream:
            for text in lines_of(stream):
                if text.endswith(LOADED):
                    self._loading_since = None
                logger.log(_level(text), "%s: %s", self.name, text)


def lines_of(stream: IO[bytes]) -> Iterator[str]:
    """The lines of what a process says, each as one of printable characters; of a long one, its beginning."""
    begins = True
    for piece in iter(lambda: stream.readline(LONGEST_LINE), b""):
        text = piece.decode("utf-8", "backslashreplace").rstrip()
        if begins and text:
            yield "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
        begins = piece.endswith(b"\n")


def _level(text: str) -> int:
    refused = text.startswith(("refused ", "ended=PR ", "[ALERT]"))
    return logging.WARNING if refused else logging.INFO


def _without_rights(account: Account | None) -> list[str]:
    """The beginning of a command (setpriv(1)) that gives up rights and dies with its parent."""
    change = [] if account is None else [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    return ["setpriv", *change, "--no-new-privs", "--pdeathsig=KILL", "--"]
