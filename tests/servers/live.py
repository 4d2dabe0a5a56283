"""The server that runs in the tests' own process, and shares their database with them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.db.transaction import Atomic
from pytest_django.live_server_helper import LiveServer

PATIENCE_SECONDS = 30
_turn = threading.RLock()


@contextmanager
def taking_turns() -> Iterator[None]:
    """Have the test and each request to the server take turns at the database: a transaction, a statement.

    It is SQLite in memory, where nobody waits for a lock: who finds a table locked gets an error instead.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WSGIHandler, "get_response", _in_turn(WSGIHandler.get_response))
        patch.setattr(Atomic, "__enter__", _begin)
        patch.setattr(Atomic, "__exit__", _end)
        with connection.execute_wrapper(_in_turn(lambda execute, *what: execute(*what))):
            yield


def wait_until_idle(server: LiveServer) -> None:
    """Wait until everything that was asked of the server before is answered, and its connections are closed.

    A page that goes away leaves requests behind, and the server's threads answer them while the database's
    tables are being emptied.
    """
    host, port = server.thread.host, server.thread.port
    with socket.create_connection((host, port), timeout=PATIENCE_SECONDS) as last:
        last.shutdown(socket.SHUT_WR)
        last.recv(1)  # it is closed once it was accepted, and all before it were accepted earlier
    answering = [one for one in threading.enumerate() if one.name.endswith("(process_request_thread)")]
    for thread in answering:
        thread.join(PATIENCE_SECONDS)
    if any(thread.is_alive() for thread in answering):
        raise TimeoutError(f"somebody still holds a connection to {server.url} after {PATIENCE_SECONDS} s")


def _in_turn(function: Callable[..., Any]) -> Callable[..., Any]:
    def waiting(*what: Any) -> Any:
        with _turn:
            return function(*what)

    return waiting


def _begin(block: Atomic, *, begin: Callable[[Atomic], None] = Atomic.__enter__) -> None:
    _turn.acquire()
    try:
        begin(block)
    except BaseException:
        _turn.release()
        raise


def _end(block: Atomic, *error: Any, end: Callable[..., None] = Atomic.__exit__) -> None:
    try:
        end(block, *error)
    finally:
        _turn.release()
