"""The node's TLS key and certificate: made here, under no authority; kits hold the certificate itself.

It is valid for every zone's name. The key is a file that the endpoint's user can read: it protects
connections, and no key of a zone.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hsmnodes.node.endpoint.folder import Folder
from hsmnodes.node.endpoint.served import SUFFIX

NODE_PEM = "node.pem"
YEARS_10 = timedelta(days=3652)


def node_certificate(folder: Folder, node: str) -> bytes:
    """The certificate (DER) of the node with this id, made with its key if there is none yet."""
    file = folder.conf / NODE_PEM
    if not file.exists():
        folder.write(NODE_PEM, _make(node))
    return _read(file)


def _read(file: Path) -> bytes:
    certificate, *_ = x509.load_pem_x509_certificates(file.read_bytes())
    return certificate.public_bytes(Encoding.DER)


def _make(node: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"quorate node {node}")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + YEARS_10)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNING_ONLY, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"*.{SUFFIX}")]), critical=False)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM) + secret


_SIGNING_ONLY = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
