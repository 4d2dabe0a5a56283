"""Makers of tokens, and whoever lists their models: certificates, attestations and lists, all real."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from console.desk_backend.attestation import AAGUID_EXTENSION
from hsmnodes.node.protocol.canonical import b64u

SIGNER = "models.example"
KEYRING, CARD, CLONE = "1" * 32, "2" * 32, "3" * 32
"""Models of tokens, by AAGUID."""
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAA"
    "BJRU5ErkJggg=="
)


Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certified:
    """A certificate with its key, and those above it up to a root, which is not among them."""

    certificate: x509.Certificate
    key: Key
    above: tuple["Certified", ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def chain(self) -> list[bytes]:
        """It and those above it, DER."""
        return [self.der, *(one.der for one in self.above)]

    def issue(self, name: str, *, authority: bool = False, **options: Any) -> "Certified":
        """A certificate of a new key for `name`, vouched for by this one."""
        above = (self, *self.above) if self.certificate.issuer != self.certificate.subject else ()
        return _certify(name, by=self, authority=authority, above=above, **options)


@cache
def root_of(name: str) -> Certified:
    """A root of its own."""
    return _certify(name, by=None, authority=True)


def _certify(
    name: str,
    *,
    by: Certified | None,
    authority: bool,
    above: tuple[Certified, ...] = (),
    hosts: Sequence[str] = (),
    aaguid: str = "",
    ended: bool = False,
    key: Key | None = None,
) -> Certified:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=-1 if ended else 3650))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    if aaguid:
        value = b"\x04\x10" + bytes.fromhex(aaguid)
        builder = builder.add_extension(x509.UnrecognizedExtension(AAGUID_EXTENSION, value), critical=False)
    return Certified(builder.sign(by.key if by else key, hashes.SHA256()), key, above)


# ------------------------------------------------------------------ a list of models


@cache
def lister() -> Certified:
    """Who signs lists: certified by an authority under the root of lists."""
    between = root_of("Root of lists").issue("Authority of lists", authority=True)
    return between.issue("Lister", hosts=(SIGNER,))


def entry(aaguid: str, name: str, *, roots: Sequence[bytes] = (), **changes: Any) -> dict[str, Any]:
    """What a list says of a model; `reports` are pairs of a status and a date."""
    reports = changes.pop("reports", [("FIDO_CERTIFIED_L1", "2024-05-02")])
    statement = {
        "description": name,
        "aaguid": hyphened(aaguid),
        "authenticatorVersion": 2,
        "protocolFamily": "fido2",
        "schema": 3,
        "upv": [{"major": 1, "minor": 1}],
        "authenticationAlgorithms": ["secp256r1_ecdsa_sha256_raw"],
        "publicKeyAlgAndEncodings": ["cose"],
        "attestationTypes": ["basic_full"],
        "userVerificationDetails": [[{"userVerificationMethod": "passcode_external"}]],
        "keyProtection": ["hardware", "secure_element"],
        "matcherProtection": ["on_chip"],
        "attachmentHint": ["external"],
        "tcDisplay": [],
        "attestationRootCertificates": [b64encode(root).decode() for root in roots],
        "icon": PNG,
    } | changes
    return {
        "aaguid": hyphened(aaguid),
        "metadataStatement": statement,
        "statusReports": [{"status": status, "effectiveDate": since} for status, since in reports],
        "timeOfLastStatusChange": "2024-05-02",
    }


def hyphened(aaguid: str) -> str:
    """An AAGUID as lists write it."""
    return "-".join((aaguid[:8], aaguid[8:12], aaguid[12:16], aaguid[16:20], aaguid[20:]))


def make_blob(
    *entries: Mapping[str, Any],
    number: int = 7,
    next_update: date | None = None,
    by: Certified | None = None,
    **header: Any,
) -> bytes:
    """A list in the form of FIDO MDS3: a JWS, good for a month."""
    signer = by or lister()
    payload = {
        "legalHeader": "For tests.",
        "no": number,
        "nextUpdate": (next_update or datetime.now(UTC).date() + timedelta(days=30)).isoformat(),
        "entries": list(entries),
    }
    alg = "RS256" if isinstance(signer.key, rsa.RSAPrivateKey) else "ES256"
    head = {"alg": alg, "typ": "JWT", "x5c": [b64encode(one).decode() for one in signer.chain]} | header
    message = f"{b64u(json.dumps(head).encode())}.{b64u(json.dumps(payload).encode())}".encode()
    return message + b"." + b64u(_signed(message, signer.key)).encode()


def _signed(message: bytes, key: Key) -> bytes:
    """An RS256 or ES256 signature as a JWS holds it (RFC 7518, sections 3.3 and 3.4)."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# ------------------------------------------------------------------ attestation

Attest = Callable[[bytes, bytes], dict[str, Any]]


@dataclass(frozen=True)
class Maker:
    """Who makes one model of tokens: its root, and the certificate that its tokens attest with."""

    aaguid: str
    root: Certified
    batch: Certified = field(repr=False)

    @classmethod
    def of(cls, aaguid: str, name: str, **options: Any) -> "Maker":
        """A maker with a root of its own."""
        root = root_of(name)
        return cls(aaguid, root, root.issue(f"{name} batch 1", **({"aaguid": aaguid} | options)))

    def attest(self, data: bytes, client_data: bytes) -> dict[str, Any]:
        """A packed attestation statement (WebAuthn Level 3, section 8.2) over the authenticator data."""
        signed = data + hashlib.sha256(client_data).digest()
        signature = self.batch.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return {"alg": -7, "sig": signature, "x5c": self.batch.chain}


def attested(data: bytes, client_data: bytes, attest: Attest | None) -> bytes:
    """An attestation object, by a maker or by nobody."""
    statement = attest(data, client_data) if attest else {}
    return cbor2.dumps({"fmt": "packed" if attest else "none", "attStmt": statement, "authData": data})
