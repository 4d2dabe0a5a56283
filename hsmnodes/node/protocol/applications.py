"""An application's certificate: of its own making, and good for nothing but its connection.

There is no authority above it: the certificate is trusted because key managers signed for its hash. So it
must be signed by its own key, and must not be able to sign others.
"""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes.node.protocol.canonical import JSON
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import DocumentRefused

LONGEST_CERTIFICATE = 2_000
LONGEST_VALIDITY_DAYS = 400
_DAY = 86_400


@dataclass(frozen=True)
class ApplicationCertificate:
    """A certificate that an application may be admitted by. Times are in seconds since 1970.

    `public_key` is the SHA-256 of its SubjectPublicKeyInfo in DER, `sha256` that of the whole, both in hex.
    """

    der: bytes
    sha256: str
    public_key: str
    not_before: int
    not_after: int


def read_certificate(der: bytes) -> ApplicationCertificate:
    """The certificate in `der`. Raises DocumentRefused, saying what is wrong with it."""
    try:
        return _read(der)
    except DocumentRefused:
        raise
    except Exception:  # noqa: BLE001 -- whatever a parser makes of foreign bytes, they are refused
        raise _refused("It cannot be read, or is not signed by its own key.") from None


def _read(der: bytes) -> ApplicationCertificate:
    if len(der) > LONGEST_CERTIFICATE:
        raise _refused(f"It has more than {LONGEST_CERTIFICATE} bytes.")
    certificate = x509.load_der_x509_certificate(der)
    key = certificate.public_key()
    if certificate.public_bytes(Encoding.DER) != der or certificate.version is not x509.Version.v3:
        raise _refused("It is not one X.509 certificate of version 3 in DER.")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _refused("Its key is not of P-256.")
    if not isinstance(certificate.signature_hash_algorithm, SHA256):
        raise _refused("It is not signed with SHA-256.")
    certificate.verify_directly_issued_by(certificate)
    _check_cannot_issue(certificate.extensions)
    not_before, not_after = (
        int(at.timestamp()) for at in (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    )
    if not 0 < not_after - not_before <= LONGEST_VALIDITY_DAYS * _DAY:
        raise _refused(f"It is valid for longer than {LONGEST_VALIDITY_DAYS} days, or never.")
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return ApplicationCertificate(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        public_key=hashlib.sha256(info).hexdigest(),
        not_before=not_before,
        not_after=not_after,
    )


def pin_context(*, deployment: str, node: Named, zone: Named, application: Named) -> dict[str, JSON]:
    """What the PIN of an application's token is sealed for: only there, and to that application."""
    return {
        "type": "quorate/application-pin/v1",
        "deployment": deployment,
        "node": node.id,
        "zone": zone.id,
        "application": application.id,
    }


def shared_pin_context(*, deployment: str, proposal: str, zone: Named, application: Named) -> dict[str, JSON]:
    """What that PIN is locked for on its way to the zone's other nodes: only under the same warrant."""
    return {
        "type": "quorate/application-pin-of-a-zone/v1",
        "deployment": deployment,
        "proposal": proposal,
        "zone": zone.id,
        "application": application.id,
    }


def _check_cannot_issue(extensions: x509.Extensions) -> None:
    constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    if constraints.ca or usage.key_cert_sign or usage.crl_sign or not usage.digital_signature:
        raise _refused("It must be for digital signatures, and not for issuing others (basicConstraints).")


def _refused(why: str) -> DocumentRefused:
    return DocumentRefused("bad-certificate", f"This is no certificate for an application. {why}")
