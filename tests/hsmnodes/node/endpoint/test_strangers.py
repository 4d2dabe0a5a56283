"""Who is not let through keeps nobody out and forges no log; who is let through crowds nobody out."""

import io
import itertools
import socket
import ssl
import time
from contextlib import ExitStack, suppress

import psutil
import pytest

from hsmnodes.node.endpoint import haproxy
from hsmnodes.node.endpoint.processes import LONGEST_LINE, lines_of
from hsmnodes.node.endpoint.served import server_name
from tests.cast.applications import Application
from tests.hsmnodes.node.endpoint.serving import served, wait_for
from tests.hsmnodes.node.endpoint.tls import VERSION, client_hello, opened, reaches_a_token

HANDSHAKE_SECONDS, SESSIONS, UNKNOWN_OF_ONE = 3, 4, 6
SOURCES = map("127.0.0.{}".format, itertools.count(2))
"""Addresses of strangers, each of somebody who was never here before."""


@pytest.fixture(scope="module")
def node():
    """A node whose limits are lower than elsewhere, so that they are soon met."""
    limits = {
        "HANDSHAKE_SECONDS": HANDSHAKE_SECONDS,
        "CONNECTIONS_OF_ONE": SESSIONS,
        "UNKNOWN_OF_ONE": UNKNOWN_OF_ONE,
        "UNKNOWN": 2 * UNKNOWN_OF_ONE,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(haproxy, name, value)
        with served() as one:
            yield one


@pytest.fixture(scope="module")
def shops(node):
    """Two applications."""
    both = [Application.make(name) for name in ("webshop", "tills")]
    for one in both:
        assert node.admit(one, ("orders", ("sign",)))[0].outcome == "done"
        wait_for(lambda one=one: reaches_a_token(node.port, node.zone_id, one))
    return both


@pytest.fixture
def opening(node):
    """Where connections to the node are kept open; it has noticed the end of all when a test is over."""
    with ExitStack() as stack:
        yield stack
    wait_for(lambda: not any(one.laddr.port == node.port and one.raddr and one.pid for one in all_sockets()))


def all_sockets():
    """All that processes of this machine hold; one that was closed belongs to none."""
    return psutil.net_connections("tcp4")


@pytest.fixture
def stranger(node, shops, opening):
    """Opens connections of somebody who is not let through."""
    somebody = next(SOURCES)

    def connect(source: str = somebody) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", node.port), timeout=5, source_address=(source, 0))
        return opening.enter_context(plain)

    return connect


@pytest.fixture
def session(node, shops, opening):
    """Opens sessions of an application that is let through."""

    def begin(application: Application, first: bytes = VERSION) -> ssl.SSLSocket:
        connection = opening.enter_context(opened(node.port, node.zone_id, application))
        connection.sendall(first)
        return connection

    return begin


def lasts(connection: socket.socket, first: bytes, then: bytes = b"") -> float:
    """How many seconds the node keeps a connection on which this is sent, the latter byte by byte."""
    began, rest = time.monotonic(), iter(then)
    connection.settimeout(0.2)
    with suppress(ConnectionError):
        connection.sendall(first)
        while time.monotonic() - began < 3 * HANDSHAKE_SECONDS:
            connection.sendall(bytes([byte]) if (byte := next(rest, None)) is not None else b"")
            with suppress(TimeoutError):
                if not connection.recv(4_096):
                    break
    return time.monotonic() - began


@pytest.mark.parametrize("how", ["nothing", "half a hello", "slow bytes", "a hello and no more"])
def test_a_handshake_ends_in_time_whatever_comes(node, stranger, how):
    hello = client_hello(server_name(node.zone_id).encode())
    sent = {
        "nothing": (b"", b""),
        "half a hello": (hello[: len(hello) // 2], b""),
        "slow bytes": (hello[:40], hello[40:]),
        "a hello and no more": (hello, b""),
    }
    assert lasts(stranger(), *sent[how]) < HANDSHAKE_SECONDS + 1.5


def test_strangers_keep_nobody_out(node, shops, stranger):
    held = []
    for source in (next(SOURCES), next(SOURCES)):
        with suppress(ConnectionError):
            for _ in range(2 * UNKNOWN_OF_ONE):
                held.append(stranger(source))
                held[-1].sendall(client_hello(server_name(node.zone_id).encode())[:40])
    assert len(held) >= UNKNOWN_OF_ONE
    assert reaches_a_token(node.port, node.zone_id, shops[0])


def test_one_source_has_few_connections_that_are_not_let_through(stranger):
    held = []
    for _ in range(2 * UNKNOWN_OF_ONE):
        with suppress(ConnectionError):
            held.append(stranger())
    time.sleep(0.2)
    assert sum(is_open(one) for one in held) == UNKNOWN_OF_ONE
    assert is_open(stranger(next(SOURCES)))


def test_sessions_do_not_count_for_a_source_as_what_is_not_let_through(node, shops, session, stranger):
    """Many applications may come from behind one address."""
    for one in shops:
        for _ in range(SESSIONS):
            assert session(one).recv(1) == VERSION
    held = [stranger("127.0.0.1") for _ in range(UNKNOWN_OF_ONE)]
    time.sleep(0.3)
    assert all(is_open(one) for one in held)


def test_an_application_has_so_many_sessions_and_takes_none_of_another_s(node, shops, session, caplog):
    caplog.set_level("INFO", logger="hsmnodes.node.endpoint")
    crowding, other = shops
    kept = [session(crowding) for _ in range(SESSIONS)]
    assert all(one.recv(1) == VERSION for one in kept)
    assert session(crowding).recv(1) == b""
    assert session(other).recv(1) == VERSION
    wait_for(lambda: f"application={crowding.named.id}" in caplog.text and "ended=PR" in caplog.text)
    kept[0].close()
    wait_for(lambda: reaches_a_token(node.port, node.zone_id, crowding))


def test_a_session_may_be_idle_for_much_longer_than_a_handshake(shops, session):
    connection = session(shops[0])
    assert connection.recv(1) == VERSION
    connection.settimeout(2 * HANDSHAKE_SECONDS + 1)
    with pytest.raises(TimeoutError):
        connection.recv(1)


def test_who_says_nothing_after_the_handshake_has_no_process_and_is_ended(node, shops, session):
    before = set(node.endpoint_processes())
    connection = session(shops[0], first=b"")
    time.sleep(0.3)
    assert set(node.endpoint_processes()) <= before
    assert lasts(connection, b"") < HANDSHAKE_SECONDS + 1.5


def test_a_question_is_answered_without_the_token_and_the_log(node, shops, session, caplog):
    caplog.set_level("INFO", logger="hsmnodes.node.endpoint")
    _, asking = shops
    before = set(node.endpoint_processes())
    connection = session(asking, first=b"GET / HTTP/1.0\r\n\r\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 204 ")
    assert set(node.endpoint_processes()) <= before
    connection.close()
    time.sleep(0.3)
    assert asking.named.id not in caplog.text


@pytest.mark.parametrize(
    "name",
    [
        b'x"\nended=-- from=10.0.0.1 name="good',
        b"\x1b[2J\r\x7f\xc2\x85\xe2\x80\xa8\xff\\",
        b"a" * 60 + b"\n" * 190,
        b"\n" * 190 + b"refused from=10.0.0.1",
    ],
    ids=["a line of its own", "control characters", "long", "longer than a line"],
)
def test_no_name_that_is_asked_for_makes_a_line_of_its_own(stranger, caplog, name):
    caplog.set_level("INFO", logger="hsmnodes.node.endpoint")
    source = next(SOURCES)
    with stranger(source) as plain, suppress(ConnectionError):
        plain.sendall(client_hello(name))
        plain.recv(100)
    wait_for(lambda: source in caplog.text)
    time.sleep(0.2)
    [line] = caplog.messages
    assert line.startswith(f'haproxy: refused from={source} name="')
    assert line.isprintable()
    assert line.isascii()
    assert line.count("ended=") + line.count("refused") <= 2
    assert "callback failed" in line  # what comes after the name is there, as HAProxy has it
    assert name[0:1] in b"\x1b\n" or chr(name[0]) in line


def test_what_a_process_says_is_one_line_each_of_printable_characters():
    long = b"a" * (LONGEST_LINE + 5) + b"refused from=10.0.0.1\n"
    said = list(lines_of(io.BytesIO(long + b"\n\x1b[2J \xff\rb\n\xe2\x80\xa8c")))
    assert said == ["a" * LONGEST_LINE, r"\x1b[2J \xff\rb", r"\u2028c"]


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False
