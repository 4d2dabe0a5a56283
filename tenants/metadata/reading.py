"""Reading a list of token models: a JWS of the FIDO Metadata Service 3.0, verified before it is believed.

`fido2.mds3` verifies the signature and reads the entries. What it leaves open is checked here: that the
certificates hold together (it looks at signatures alone, so that whoever has any certificate under the same
root could sign), that the signer is the one that is meant, and that the list is not out of date.
Source: FIDO Metadata Service v3.0, section 3.1 (the BLOB) and 3.2 (its processing).
"""

import binascii
import hashlib
import json
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from fido2.mds3 import AuthenticatorStatus, MetadataBlobPayload, MetadataBlobPayloadEntry, parse_blob
from fido2.utils import websafe_decode, websafe_encode

from tenants.metadata.chains import NoChain, check_chain

MOST_BYTES: Final = 64_000_000
MOST_ICON: Final = 100_000
LONGEST_NAME: Final = 120
ALGORITHMS: Final = ("ES256", "RS256")
PNG: Final = "data:image/png;base64,"
COMPROMISES: Final = frozenset(
    {
        AuthenticatorStatus.USER_VERIFICATION_BYPASS,
        AuthenticatorStatus.ATTESTATION_KEY_COMPROMISE,
        AuthenticatorStatus.USER_KEY_REMOTE_COMPROMISE,
        AuthenticatorStatus.USER_KEY_PHYSICAL_COMPROMISE,
        AuthenticatorStatus.REVOKED,
    }
)
"""Statuses with which a model is not to be relied on (FIDO Metadata Service v3.0, section 3.1.4)."""


class MetadataRefused(Exception):
    """A list is not accepted. `code` is stable; the message says what is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Model:
    """What a list says of a model: `roots` are DER certificates, `compromises` statuses with their dates."""

    aaguid: str
    name: str
    icon: str
    roots: tuple[bytes, ...]
    compromises: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ModelList:
    """A verified list: its number, the day by which there is to be another, who signed it, the models."""

    number: int
    next_update: date
    signer: str
    sha256: str
    models: tuple[Model, ...]
    passed_over: int
    """Entries of things that have no AAGUID: they cannot be told from what a token says."""


def read_list(blob: bytes, *, root: bytes, signer: str, today: date) -> ModelList:
    """The list in `blob`, which must lead to the certificate `root` (DER or PEM) by one made out to `signer`.

    Raises MetadataRefused.
    """
    blob = blob.strip()
    if len(blob) > MOST_BYTES:
        raise MetadataRefused("too-long", f"The list has more than {MOST_BYTES} bytes.")
    anchor = _root(root)
    chain = _chain(blob)
    try:
        check_chain(chain, [anchor])
    except NoChain as error:
        raise MetadataRefused(
            "other-root", f"The certificates of the list do not lead to the trust root: {error}."
        ) from None
    name = _check_signer(chain[0], signer)
    payload = _payload(blob, anchor)
    if payload.next_update < today:
        raise MetadataRefused(
            "expired", f"The list is out of date: the next was due on {payload.next_update:%d %B %Y}."
        )
    models = tuple(_model(one) for one in payload.entries if one.aaguid)
    if len({one.aaguid for one in models}) != len(models):
        raise MetadataRefused("unreadable", "The list has two entries for one model.")
    return ModelList(
        number=payload.no,
        next_update=payload.next_update,
        signer=name,
        sha256=hashlib.sha256(blob).hexdigest(),
        models=models,
        passed_over=len(payload.entries) - len(models),
    )


def _root(data: bytes) -> bytes:
    """The one certificate in a file, as DER."""
    try:
        found = (
            x509.load_pem_x509_certificates(data)
            if b"-----BEGIN" in data
            else [x509.load_der_x509_certificate(data)]
        )
        [certificate] = found
    except ValueError:
        raise MetadataRefused(
            "bad-root", "The trust root is not a file with one certificate, in PEM or DER."
        ) from None
    return certificate.public_bytes(Encoding.DER)


def _chain(blob: bytes) -> list[bytes]:
    """The certificates in the header, the signer's first (RFC 7515, section 4.1.6)."""
    try:
        head, _, _ = blob.split(b".")
        header = json.loads(websafe_decode(head))
        if header["alg"] not in ALGORITHMS:
            raise MetadataRefused("bad-signature", "The list is signed neither by ES256 nor by RS256.")
        chain = [b64decode(one, validate=True) for one in header["x5c"]]
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise MetadataRefused("unreadable", "The file is not a signed list of token models.") from None
    if not chain:
        raise MetadataRefused("unreadable", "The list does not say by whom it is signed.")
    return chain


def _check_signer(certificate: bytes, wanted: str) -> str:
    """The name the certificate is made out to, which must be `wanted`: a root vouches for many."""
    found = x509.load_der_x509_certificate(certificate)
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = alternative.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, ValueError):
        names = [str(one.value) for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if wanted not in names:
        said = ", ".join(names) or "nobody"
        raise MetadataRefused("other-signer", f"The list is signed by {said}, and not by {wanted}.")
    return wanted


# What `fido2.mds3` raises for what is not in the form of a list.
_UNREADABLE = (
    *(ValueError, TypeError, KeyError, AttributeError, AssertionError),
    *(NotImplementedError, UnsupportedAlgorithm),
)


def _payload(blob: bytes, root: bytes) -> MetadataBlobPayload:
    try:
        return parse_blob(_with_der_signature(blob), root)
    except InvalidSignature:
        raise MetadataRefused(
            "bad-signature", "The signature does not fit the list: it was altered, or cut off."
        ) from None
    except _UNREADABLE:
        raise MetadataRefused("unreadable", "The list is signed, and cannot be read.") from None


def _with_der_signature(blob: bytes) -> bytes:
    """A JWS holds an ES256 signature as two numbers (RFC 7518, section 3.4); `fido2` wants it in DER."""
    head, payload, signature = blob.split(b".")
    if json.loads(websafe_decode(head))["alg"] != "ES256":
        return blob
    numbers = websafe_decode(signature)
    if len(numbers) != 64:
        raise InvalidSignature
    r, s = int.from_bytes(numbers[:32], "big"), int.from_bytes(numbers[32:], "big")
    return b".".join((head, payload, websafe_encode(encode_dss_signature(r, s)).encode()))


def _model(entry: MetadataBlobPayloadEntry) -> Model:
    said = entry.metadata_statement
    return Model(
        aaguid=bytes(entry.aaguid or b"").hex(),
        name=_plain(said.description) if said else "",
        icon=_icon(said.icon) if said else "",
        roots=tuple(said.attestation_root_certificates) if said else (),
        compromises=tuple(sorted(set(_compromises(entry.status_reports)))),
    )


def _compromises(reports: Iterable[Any]) -> Iterable[tuple[str, str]]:
    """A compromise that was once reported stays one: whether the token at hand was updated is not known."""
    for one in reports:
        if one.status in COMPROMISES:
            yield str(one.status), one.effective_date.isoformat() if one.effective_date else ""


def _plain(text: str) -> str:
    """A name that can stand on a page: one line, no invisible characters."""
    letters = "".join(one if one.isprintable() else " " for one in unicodedata.normalize("NFC", text))
    return " ".join(letters.split())[:LONGEST_NAME]


def _icon(said: str | None) -> str:
    """The picture, if it is a PNG of a sensible size; a page shows it as it stands."""
    if not said or not said.startswith(PNG) or len(said) > MOST_ICON:
        return ""
    try:
        data = b64decode(said.removeprefix(PNG), validate=True)
    except (ValueError, binascii.Error):
        return ""
    return PNG + b64encode(data).decode() if data.startswith(b"\x89PNG\r\n\x1a\n") else ""


def der_of(roots: Sequence[str]) -> list[bytes]:
    """Certificates as they are kept, as DER."""
    return [b64decode(one) for one in roots]
