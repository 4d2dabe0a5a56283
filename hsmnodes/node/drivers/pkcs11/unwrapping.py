"""Unwrapping by the backup key: into the token for good, or for a moment, so that a blob proves what it is.

Key wrap protects the bytes of a key and nothing else (RFC 5649): its public key, and what it may be used
for, stand beside the blob. So a blob is first unwrapped as a session object, which may sign or encrypt
whatever the key itself may do, has to show that it is the key it is said to be, and is destroyed at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error

from hsmnodes.node.drivers.errors import BlobBroken, MechanismUnavailable
from hsmnodes.node.drivers.pkcs11.backup_key import require_backup_key
from hsmnodes.node.drivers.pkcs11.failures import return_value_of
from hsmnodes.node.drivers.pkcs11.reading import WRAP_MECHANISM, algorithm_of, stored_key
from hsmnodes.node.drivers.pkcs11.templates import (
    CURVES,
    OF_A_PRIVATE_KEY,
    UNWRAPPED,
    Template,
    capabilities,
)
from hsmnodes.node.drivers.pkcs11.token import OpenToken
from hsmnodes.node.drivers.return_values import ReturnValue
from hsmnodes.node.drivers.values import KeySpec, StoredKey, Usage, WrappedKey

KEY_TYPES = {"rsa": KeyType.RSA, "ec": KeyType.EC, "aes": KeyType.AES}
PROVING = {"rsa": Usage.SIGN, "ec": Usage.SIGN, "aes": Usage.ENCRYPT}
PROOF = b"quorate: a wrapped key proves what it is"
BLOCK, WRAPPED_LONGER = 16, 8

# CKA_MODIFIABLE comes last, since it forbids what comes after.
LAST: Template = {Attribute.COPYABLE: False, Attribute.MODIFIABLE: False}

# How modules report a blob that is not authentic, or not such a key. SoftHSM2 uses the last two.
WRONG_BLOB = {
    ReturnValue.WRAPPED_KEY_INVALID,
    ReturnValue.WRAPPED_KEY_LEN_RANGE,
    ReturnValue.GENERAL_ERROR,
    ReturnValue.FUNCTION_FAILED,
}


def prove_key(token: OpenToken, key: WrappedKey, backup_key_id: bytes) -> None:
    """See `Driver.prove_key`."""
    _prove(require_backup_key(token, backup_key_id), key)


def _prove(backup_key: Any, key: WrappedKey) -> None:
    scratch = key.spec.model_copy(update={"usages": frozenset({PROVING[key.spec.algorithm.family]})})
    with _broken_if_refused():
        unwrapped = _unwrap(backup_key, scratch, key.blob, {Attribute.TOKEN: False})
    try:
        if not _proves_itself(unwrapped, key):
            raise BlobBroken(f"what opens is not key {key.spec.key_id.hex()}, as it is described")
    finally:
        unwrapped.destroy()


def unwrap_key(token: OpenToken, key: WrappedKey, backup_key_id: bytes) -> StoredKey:
    """See `Driver.unwrap_key`."""
    spec = key.spec
    if spec.algorithm not in token.profile.algorithms:
        raise MechanismUnavailable(f"{token.profile.name} has no {spec.algorithm} keys")
    token.index.require_free(spec.key_id, spec.label)
    backup_key = require_backup_key(token, backup_key_id)
    _prove(backup_key, key)
    stays = {Attribute.ID: spec.key_id, Attribute.LABEL: spec.label, Attribute.TOKEN: True, **LAST}
    with token.index.reloaded_on_failure():
        if key.public_key is not None:
            token.index.add(_create_public(token, spec, key.public_key))
        token.index.add(_unwrap(backup_key, spec, key.blob, stays))
    return stored_key(spec.key_id, token.index.get(spec.key_id), backup_key)


def _unwrap(backup_key: Any, spec: KeySpec, blob: bytes, more: Template) -> Any:
    """The private or secret half as an object of the token or of the session."""
    others = OF_A_PRIVATE_KEY if spec.algorithm.is_pair else {}
    return backup_key.unwrap_key(
        ObjectClass.PRIVATE_KEY if spec.algorithm.is_pair else ObjectClass.SECRET_KEY,
        KEY_TYPES[spec.algorithm.family],
        blob,
        mechanism=WRAP_MECHANISM,
        capabilities=capabilities(spec.algorithm, spec.usages),
        template={**UNWRAPPED, **others, **more},
    )


def _create_public(token: OpenToken, spec: KeySpec, info: bytes) -> Any:
    """The public half, from its SubjectPublicKeyInfo."""
    return token.session.create_object(
        {
            Attribute.CLASS: ObjectClass.PUBLIC_KEY,
            Attribute.KEY_TYPE: KEY_TYPES[spec.algorithm.family],
            **_public_numbers(spec, info),
            Attribute.TOKEN: True,
            Attribute.ID: spec.key_id,
            Attribute.LABEL: spec.label,
            Attribute.VERIFY: Usage.SIGN in spec.usages,
            Attribute.ENCRYPT: Usage.DECRYPT in spec.usages,
            Attribute.WRAP: False,
            Attribute.DERIVE: False,
            Attribute.PRIVATE: False,
            Attribute.VERIFY_RECOVER: False,
            **LAST,
        }
    )


def _public_numbers(spec: KeySpec, info: bytes) -> Template:
    """A public key by its PKCS#11 attributes (v2.40, sections 2.1.2 and 2.3.3 of the mechanisms)."""
    public = load_der_public_key(info)
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {Attribute.MODULUS: _unsigned(numbers.n), Attribute.PUBLIC_EXPONENT: _unsigned(numbers.e)}
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    octets = b"\x04" + bytes([len(point)]) + point  # in DER; no curve here has points of 128 bytes or more
    return {Attribute.EC_PARAMS: CURVES[spec.algorithm], Attribute.EC_POINT: octets}


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _proves_itself(unwrapped: Any, key: WrappedKey) -> bool:
    """Whether an unwrapped key is of its algorithm, and signs for its public key or has its check value."""
    if key.public_key is None:
        if key.spec.algorithm.value != f"aes-{(len(key.blob) - WRAPPED_LONGER) * 8}":
            return False
        return key.kcv in {None, unwrapped.encrypt(bytes(BLOCK), mechanism=Mechanism.AES_ECB)[:3].hex()}
    try:
        public = load_der_public_key(key.public_key)
        if algorithm_of(unwrapped) is not key.spec.algorithm:
            return False
        if isinstance(public, rsa.RSAPublicKey):
            signature = unwrapped.sign(PROOF, mechanism=Mechanism.SHA256_RSA_PKCS)
            public.verify(signature, PROOF, padding.PKCS1v15(), SHA256())
        elif isinstance(public, ec.EllipticCurvePublicKey):
            signature = unwrapped.sign(sha256(PROOF).digest(), mechanism=Mechanism.ECDSA)
            half = len(signature) // 2
            r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
            public.verify(encode_dss_signature(r, s), PROOF, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


@contextmanager
def _broken_if_refused() -> Iterator[None]:
    """Turn what a module says of a blob that is not authentic into `BlobBroken`."""
    try:
        yield
    except PKCS11Error as error:
        ck = return_value_of(error)
        if ck not in WRONG_BLOB:
            raise
        raise BlobBroken("the wrapped key does not open under the token's backup key", ck=ck) from None
