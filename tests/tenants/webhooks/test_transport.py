"""Where messages can be made to go: to public addresses, to the one that was checked, no further."""

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenants.errors import Invalid
from tenants.webhooks import transport
from tests.tenants.webhooks.receiver import Receiver

PRIVATE = """
    127.0.0.1 127.255.255.254 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 192.0.0.8
    224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 198.18.0.1 192.0.2.1
    ::1 :: fe80::1 fc00::1 fd12:3456::1 ff02::1 fec0::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::7f00:1
    64:ff9b::7f00:1 64:ff9b::a00:1 2002:7f00:1:: 2002:a00:1:: 2001:db8::1
    2001:0:4136:e378:8000:63bf:80ff:fffe
""".split()
PUBLIC = "8.8.8.8 2001:4860:4860::8888 64:ff9b::808:808 1.1.1.1".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address):
    assert not transport.is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_one_is_not(address):
    assert transport.is_allowed(ipaddress.ip_address(address))


def test_an_operator_can_allow_a_network_and_nothing_but_it(settings):
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("10.1.0.0/16")]
    assert transport.is_allowed(ipaddress.ip_address("10.1.2.3"))
    assert transport.is_allowed(ipaddress.ip_address("::ffff:10.1.2.3"))
    assert not transport.is_allowed(ipaddress.ip_address("10.2.2.3"))
    assert not transport.is_allowed(ipaddress.ip_address("127.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example/x",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "hooks.example",
        "https://user@hooks.example/",
        "https://user:secret@hooks.example/",
        "https://hooks.example/#x",
        "https://hooks.example:0/",
        "https://hooks.example:99999/",
        "https://hooks.example/a b",
        "https://hooks.example\\@10.0.0.1/",
        "https://hooks.example/\r\nX-Injected: 1",
        "https://hooks.example/" + "x" * 500,
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(url):
    with pytest.raises(Invalid):
        transport.check_url(url)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_a_name_or_a_number_that_leads_back_to_this_machine_is_not_reached(host):
    """Whatever the resolver makes of it: the address is checked, not the name."""
    answer = transport.post(f"https://{host}:9/", body=b"{}", headers={})
    assert answer.status is None
    assert "not a public address" in answer.problem or "not known" in answer.problem


def resolves(monkeypatch, *answers):
    """Has the resolver answer so, one answer after the other; returns how often it was asked."""
    asked = []

    def getaddrinfo(host, port, *_, **__):
        asked.append(host)
        addresses = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    resolves(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    answer = transport.post("https://hooks.example/", body=b"{}", headers={})
    assert (answer.status, "10.0.0.1" in answer.problem) == (None, True)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch, settings):
    """A name that resolves otherwise the second time is never asked a second time."""
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.1/32")]
    right, wrong = Receiver(), Receiver()
    try:
        asked = []
        real = socket.getaddrinfo

        def getaddrinfo(host, port, *rest, **more):
            if host != "hooks.example":
                return real(host, port, *rest, **more)
            asked.append(host)
            address = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        port = right.server.server_port
        answer = transport.post(f"http://hooks.example:{port}/x", body=b"{}", headers={})
        assert (answer.status, len(right.requests), wrong.requests) == (204, 1, [])
        assert asked == ["hooks.example"]
        assert right.requests[0].headers["host"] == f"hooks.example:{port}"
    finally:
        right.close()
        wrong.close()


def test_no_redirect_is_followed(receiver):
    other = Receiver()
    try:
        receiver.statuses, receiver.location = [302], other.url
        answer = transport.post(receiver.url, body=b"{}", headers={})
        assert (answer.status, answer.is_good, other.requests) == (302, False, [])
    finally:
        other.close()


def test_no_proxy_of_the_environment_is_used(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert transport.post(receiver.url, body=b"{}", headers={}).is_good


def test_plain_http_goes_into_networks_that_were_named_alone(monkeypatch, settings):
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    resolves(monkeypatch, ["8.8.8.8"])
    answer = transport.post("http://hooks.example/", body=b"{}", headers={})
    assert (answer.status, "https:// only" in answer.problem) == (None, True)


def test_a_certificate_that_nobody_vouches_for_is_refused(settings, tmp_path):
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    listening = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))
    heard = []

    def serve():
        connection, _ = listening.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                heard.append(tls.recv(1000))
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    answer = transport.post(
        f"https://127.0.0.1:{listening.getsockname()[1]}/", body=b"told", headers={"x": "y"}
    )
    thread.join(5)
    listening.close()
    assert (answer.status, "certificate" in answer.problem) == (None, True)
    assert b"told" not in b"".join(heard)


def _self_signed(folder):
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(pem)
    return file


def test_a_receiver_that_trickles_is_cut_off(monkeypatch, settings):
    """A byte now and then keeps every single read in time; the whole is not."""
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    monkeypatch.setattr(transport, "WHOLE_SECONDS", 1)
    listening = socket.create_server(("127.0.0.1", 0))

    def trickle():
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            for number in range(100):
                time.sleep(0.1)
                connection.sendall(b"X-%d: y\r\n" % number)

    trickling = threading.Thread(target=trickle, daemon=True)
    trickling.start()
    began = time.monotonic()
    answer = transport.post(f"http://127.0.0.1:{listening.getsockname()[1]}/", body=b"{}", headers={})
    trickling.join(5)
    listening.close()
    assert (answer.status, answer.problem) == (None, "It did not answer in time.")
    assert time.monotonic() - began < 6


def test_a_port_where_nobody_listens_is_an_answer_and_no_error(settings):
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answer = transport.post(f"http://127.0.0.1:{port}/", body=b"{}", headers={})
    assert answer.problem == "The connection failed: ConnectionRefusedError."
