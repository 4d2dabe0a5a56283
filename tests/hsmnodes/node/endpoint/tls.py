"""Connections that an attacker makes to a node's endpoint, without the kit."""

import socket
import ssl
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hsmnodes.node.endpoint.served import server_name
from hsmnodes.node.protocol import canonical
from tests.cast.applications import Application

VERSION = b"\x00"
"""What both sides of p11-kit's protocol say first."""


def reaches_a_token(port: int, zone: str, application: Application | None) -> bool:
    """Whether a connection in a zone's name, with the certificate of an application, leads to a p11-kit."""
    try:
        with opened(port, zone, application) as connection:
            connection.sendall(VERSION)
            return connection.recv(1) == VERSION
    except (ssl.SSLError, ConnectionError):
        return False


@contextmanager
def opened(port: int, zone: str, application: Application | None):
    """A connection in a zone's name, with the certificate of an application. Raises OSError."""
    context = _context()
    if application is not None:
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(pem_of(application))
            context.load_cert_chain(file.name)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=server_name(zone)) as connection,
    ):
        yield connection


def client_hello(name: bytes) -> bytes:
    """A ClientHello that asks for a name of any bytes."""
    there, here = ssl.MemoryBIO(), ssl.MemoryBIO()
    stand_in = ("q." * len(name))[: len(name) - 1] + "q"
    with suppress(ssl.SSLWantReadError):
        _context().wrap_bio(there, here, server_hostname=stand_in).do_handshake()
    return here.read().replace(stand_in.encode(), name)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def pem_of(application: Application) -> bytes:
    """The certificate and the private key of an application, as a program takes them."""
    certificate = x509.load_der_x509_certificate(canonical.b64u_decode(application.request["certificate"]))
    secret = application.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM) + secret
