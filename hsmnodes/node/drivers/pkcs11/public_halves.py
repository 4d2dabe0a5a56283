"""The public halves of pairs that were unwrapped: made from their SubjectPublicKeyInfo.

C_CreateObject writes an object of the token as often as it has attributes, in SoftHSM2; C_CopyObject writes
it twice. So it is created as an object of the session, and copied. A copy cannot be told that it is not to
be copied (docs/softhsm2.md), which a public key need not be: whoever could copy it can create it.
"""

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute

from hsmnodes.node.drivers.errors import BlobBroken
from hsmnodes.node.drivers.pkcs11.objects import PUBLIC
from hsmnodes.node.drivers.pkcs11.proving import public_key
from hsmnodes.node.drivers.pkcs11.templates import CURVES, KEY_TYPES, Template
from hsmnodes.node.drivers.pkcs11.token import OpenToken
from hsmnodes.node.drivers.values import KeySpec, Usage

# What changes as it is copied to its place; CKA_MODIFIABLE last, since it forbids what comes after.
IN_PLACE: Template = {Attribute.TOKEN: True, Attribute.MODIFIABLE: False}


def put_public_half(token: OpenToken, spec: KeySpec, info: bytes) -> None:
    """Make the public half of a pair in the token."""
    passing = token.session.create_object({**public_half(spec, info), Attribute.TOKEN: False})
    try:
        public = passing.copy(IN_PLACE)
    finally:
        passing.destroy()
    token.index.remember(spec.key_id, spec.label, PUBLIC, public)


def public_half(spec: KeySpec, info: bytes) -> Template:
    """What a public half is, wherever it is made."""
    return {
        Attribute.CLASS: PUBLIC,
        Attribute.KEY_TYPE: KEY_TYPES[spec.algorithm.family],
        **_public_numbers(spec, info),
        Attribute.ID: spec.key_id,
        Attribute.LABEL: spec.label,
        Attribute.VERIFY: Usage.SIGN in spec.usages,
        Attribute.ENCRYPT: Usage.DECRYPT in spec.usages,
        Attribute.WRAP: False,
        Attribute.DERIVE: False,
        Attribute.PRIVATE: False,
        Attribute.VERIFY_RECOVER: False,
    }


def _public_numbers(spec: KeySpec, info: bytes) -> Template:
    """A public key by its PKCS#11 attributes (v2.40, sections 2.1.2 and 2.3.3 of the mechanisms)."""
    public = public_key(info)
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {Attribute.MODULUS: _unsigned(numbers.n), Attribute.PUBLIC_EXPONENT: _unsigned(numbers.e)}
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise BlobBroken(f"the public key of key {spec.key_id.hex()} is of no algorithm that a zone has")
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    octets = b"\x04" + bytes([len(point)]) + point  # in DER; no curve here has points of 128 bytes or more
    return {Attribute.EC_PARAMS: CURVES[spec.algorithm], Attribute.EC_POINT: octets}


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
