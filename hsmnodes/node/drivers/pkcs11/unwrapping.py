"""Unwrapping by the backup key: into the token for good, or for a moment, so that a blob proves what it is.

Key wrap protects the bytes of a key and nothing else (RFC 5649): its public key, and what it may be used
for, stand beside the blob. So what is unwrapped has to show that it is the key it is said to be. The private
half of a pair that may sign does so in the token, without its public half, so that a crash leaves half a
pair, which is good for nothing. Any other is unwrapped for it as a session object, which may sign or encrypt
whatever the key itself may do, and is destroyed at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11 import Attribute, KeyType, Mechanism
from pkcs11.exceptions import PKCS11Error

from hsmnodes.node.drivers.errors import BlobBroken, MechanismUnavailable, ObjectExists
from hsmnodes.node.drivers.pkcs11.backup_key import require_backup_key
from hsmnodes.node.drivers.pkcs11.failures import return_value_of
from hsmnodes.node.drivers.pkcs11.objects import PRIVATE, PUBLIC, SECRET
from hsmnodes.node.drivers.pkcs11.reading import WRAP_MECHANISM, stored_key
from hsmnodes.node.drivers.pkcs11.templates import (
    CURVES,
    OF_A_PRIVATE_KEY,
    UNWRAPPED,
    Template,
    capabilities,
)
from hsmnodes.node.drivers.pkcs11.token import OpenToken
from hsmnodes.node.drivers.return_values import ReturnValue
from hsmnodes.node.drivers.values import MOST_UNWRAPPED, Algorithm, KeySpec, StoredKey, Usage, WrappedKey

KEY_TYPES = {"rsa": KeyType.RSA, "ec": KeyType.EC, "aes": KeyType.AES}
PROVING = {"rsa": Usage.SIGN, "ec": Usage.SIGN, "aes": Usage.ENCRYPT}
PROOF = b"quorate: a wrapped key proves what it is"
BLOCK, WRAPPED_LONGER = 16, 8
CURVE_NAMES = {"secp256r1": "ec-p256", "secp384r1": "ec-p384"}

# CKA_MODIFIABLE comes last, since it forbids what comes after.
LAST: Template = {Attribute.COPYABLE: False, Attribute.MODIFIABLE: False}

# How modules report a blob that is not authentic, or not such a key. SoftHSM2 uses the last two.
WRONG_BLOB = {
    ReturnValue.WRAPPED_KEY_INVALID,
    ReturnValue.WRAPPED_KEY_LEN_RANGE,
    ReturnValue.GENERAL_ERROR,
    ReturnValue.FUNCTION_FAILED,
}


def prove_keys(token: OpenToken, keys: list[WrappedKey], backup_key_id: bytes) -> None:
    """See `Driver.prove_keys`."""
    _prove_all(keys, require_backup_key(token, backup_key_id))


def _prove_all(keys: list[WrappedKey], wrapper: Any) -> None:
    for key in keys:
        _prove(wrapper, key)


def _prove(backup_key: Any, key: WrappedKey) -> None:
    proving = frozenset({PROVING[key.spec.algorithm.family]})
    with _broken_if_refused():
        unwrapped = _unwrap(backup_key, key.spec.algorithm, proving, key.blob, {Attribute.TOKEN: False})
    try:
        _require_proof(unwrapped, key)
    finally:
        unwrapped.destroy()


def _require_proof(unwrapped: Any, key: WrappedKey) -> None:
    if not _proves_itself(unwrapped, key):
        raise BlobBroken(f"what opens is not key {key.spec.key_id.hex()}, as it is described")


def unwrap_key(token: OpenToken, key: WrappedKey, backup_key_id: bytes) -> StoredKey:
    """See `Driver.unwrap_key`."""
    unwrap_keys(token, [key], backup_key_id)
    key_id = key.spec.key_id
    return stored_key(key_id, token.index.get(key_id), require_backup_key(token, backup_key_id))


def unwrap_keys(token: OpenToken, keys: list[WrappedKey], backup_key_id: bytes) -> None:
    """See `Driver.unwrap_keys`."""
    unwrap_under(token, keys, require_backup_key(token, backup_key_id), {})


def unwrap_under(token: OpenToken, keys: list[WrappedKey], wrapper: Any, more: Template) -> None:
    """Keys into the token for good, each once it proved itself; `more` is for their private halves."""
    for key in keys:
        if key.spec.algorithm not in token.profile.algorithms:
            raise MechanismUnavailable(f"{token.profile.name} has no {key.spec.algorithm} keys")
        token.index.require_free(key.spec.key_id, key.spec.label)
    _require_different(keys)
    _prove_all([key for key in keys if not _may_sign(key)], wrapper)
    with token.index.reloaded_on_failure():
        _put_halves_that_prove_themselves(token, [key for key in keys if _may_sign(key)], wrapper, more)
        for key in keys:
            if key.public_key is not None:
                public = _create_public(token, key.spec, key.public_key)
                token.index.remember(key.spec.key_id, key.spec.label, PUBLIC, public)
            if not _may_sign(key):
                _put_into(token, key, wrapper, more)


def _may_sign(key: WrappedKey) -> bool:
    return key.public_key is not None and Usage.SIGN in key.spec.usages


def _put_halves_that_prove_themselves(
    token: OpenToken, keys: list[WrappedKey], wrapper: Any, more: Template
) -> None:
    """Private halves into the token, where each signs for its public key; if one does not, none is left."""
    try:
        for key in keys:
            with _broken_if_refused():
                half = _put_into(token, key, wrapper, more)
            _require_proof(half, key)
    except BlobBroken:
        token.index.load()  # the module may have left more of the last one than it said
        for key in keys:
            if token.index.find(key.spec.key_id) is not None:
                token.index.destroy(key.spec.key_id)
        raise


def _require_different(keys: list[WrappedKey]) -> None:
    for what in ({key.spec.key_id for key in keys}, {key.spec.label for key in keys}):
        if len(what) != len(keys):
            raise ObjectExists("two of the keys have the same id or label")


def _put_into(token: OpenToken, key: WrappedKey, wrapper: Any, more: Template) -> Any:
    """The private or secret half of a key into the token."""
    spec = key.spec
    stays = {Attribute.ID: spec.key_id, Attribute.LABEL: spec.label, Attribute.TOKEN: True, **more, **LAST}
    unwrapped = _unwrap(wrapper, spec.algorithm, spec.usages, key.blob, stays)
    token.index.remember(spec.key_id, spec.label, PRIVATE if spec.algorithm.is_pair else SECRET, unwrapped)
    return unwrapped


def _unwrap(
    backup_key: Any, algorithm: Algorithm, usages: frozenset[Usage], blob: bytes, more: Template
) -> Any:
    """The private or secret half as an object of the token or of the session."""
    others = OF_A_PRIVATE_KEY if algorithm.is_pair else {}
    return backup_key.unwrap_key(
        PRIVATE if algorithm.is_pair else SECRET,
        KEY_TYPES[algorithm.family],
        blob,
        mechanism=WRAP_MECHANISM,
        capabilities=capabilities(algorithm, usages),
        template={**UNWRAPPED, **others, **more},
    )


def _create_public(token: OpenToken, spec: KeySpec, info: bytes) -> Any:
    """The public half, from its SubjectPublicKeyInfo."""
    return token.session.create_object(
        {
            Attribute.CLASS: PUBLIC,
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
    public = _public_key(info)
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


def _proves_itself(unwrapped: Any, key: WrappedKey) -> bool:
    """Whether an unwrapped key is of its algorithm, and signs for its public key or has its check value."""
    if key.public_key is None:
        if key.spec.algorithm.value != f"aes-{(len(key.blob) - WRAPPED_LONGER) * 8}":
            return False
        return (
            key.kcv is None
            or key.kcv == unwrapped.encrypt(bytes(BLOCK), mechanism=Mechanism.AES_ECB)[:3].hex()
        )
    try:
        public = _public_key(key.public_key)
        if _algorithm_of(public) != key.spec.algorithm:  # and what signs for it is of that algorithm, too
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


@lru_cache(maxsize=MOST_UNWRAPPED)
def _public_key(info: bytes) -> PublicKeyTypes:
    return load_der_public_key(info)


def _algorithm_of(public: PublicKeyTypes) -> str | None:
    if isinstance(public, rsa.RSAPublicKey):
        return f"rsa-{public.key_size}"
    return CURVE_NAMES.get(public.curve.name) if isinstance(public, ec.EllipticCurvePublicKey) else None


@contextmanager
def _broken_if_refused() -> Iterator[None]:
    """Turn what a module says of a blob that is not authentic into `BlobBroken`."""
    try:
        yield
    except PKCS11Error as error:
        ck = return_value_of(error)
        if ck not in WRONG_BLOB:
            raise
        raise BlobBroken("the wrapped key does not open under the key that is to open it", ck=ck) from None
