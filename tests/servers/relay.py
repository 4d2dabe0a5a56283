"""A relay between a process and a server that it reaches by TCP: what goes either way can be held up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

MOST = 65_536
LONGEST_HOLD = 20
"""Seconds after which what is held up goes on by itself, so that a test of who waits for ever fails."""


class Relay:
    """Takes connections at `url` and carries them on; `requests` and `answers` flow while they are set."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._to = (parts.hostname, parts.port)
        self._taking = socket.create_server(("127.0.0.1", 0))
        port = self._taking.getsockname()[1]
        self.url = server.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")
        self.requests, self.answers = threading.Event(), threading.Event()
        self.go_on()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def hold_requests(self) -> None:
        """Let nothing more through to the server."""
        self.requests.clear()

    def hold_answers(self) -> None:
        """Let nothing more through from the server."""
        self.answers.clear()

    def go_on(self) -> None:
        """Let everything through, also what was held up."""
        self.requests.set()
        self.answers.set()

    def close(self) -> None:
        """End, with all connections."""
        self.go_on()
        for one in (self._taking, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _take(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._taking.accept()
                far = socket.create_connection(self._to)
                self._open += [near, far]
                for ends in ((near, far, self.requests), (far, near, self.answers)):
                    threading.Thread(target=_carry, args=ends, daemon=True).start()


def _carry(one: socket.socket, other: socket.socket, may_flow: threading.Event) -> None:
    with suppress(OSError):
        while data := one.recv(MOST):
            may_flow.wait(LONGEST_HOLD)
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


@contextmanager
def relaying(server: str) -> Iterator[Relay]:
    """A relay to the server at a URL."""
    made = Relay(server)
    try:
        yield made
    finally:
        made.close()
