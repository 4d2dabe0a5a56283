"""Connections that an attacker makes to a node's endpoint, without the kit."""

import socket
import ssl
import tempfile
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
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if application is not None:
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(pem_of(application))
            context.load_cert_chain(file.name)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=server_name(zone)) as connection,
        ):
            connection.sendall(VERSION)
            return connection.recv(1) == VERSION
    except (ssl.SSLError, ConnectionError):
        return False


def pem_of(application: Application) -> bytes:
    """The certificate and the private key of an application, as a program takes them."""
    certificate = x509.load_der_x509_certificate(canonical.b64u_decode(application.request["certificate"]))
    secret = application.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM) + secret
