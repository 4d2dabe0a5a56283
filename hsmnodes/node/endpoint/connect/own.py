"""The keys of an application and its certificate: made here, and kept here."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOUR, VALID_SECONDS = 3_600, 397 * 86_400


def make_certificate(
    key: ec.EllipticCurvePrivateKey, name: str, valid_from: int, valid_until: int
) -> x509.Certificate:
    """A certificate signed by its own key, which can sign no others. Times are in seconds since 1970."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime.fromtimestamp(valid_from, dt.timezone.utc))
        .not_valid_after(dt.datetime.fromtimestamp(valid_until, dt.timezone.utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def own_certificate(folder: Path) -> bytes:
    """The certificate of the application in this folder, in DER."""
    certificate = x509.load_pem_x509_certificate((folder / "application.pem").read_bytes())
    return certificate.public_bytes(serialization.Encoding.DER)


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)


def pem(key: Any) -> bytes:
    """A private key in PKCS#8."""
    secret: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret
