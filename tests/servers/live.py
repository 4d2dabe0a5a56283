"""The server that runs in the tests' own process, and shares their database with them."""

import socket
import threading

from pytest_django.live_server_helper import LiveServer

PATIENCE_SECONDS = 30


def wait_until_idle(server: LiveServer) -> None:
    """Wait until everything that was asked of the server before is answered, and its connections are closed.

    A page that goes away leaves requests behind, and the server's threads answer them on the test's own
    connection to the database while its tables are being emptied.
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
