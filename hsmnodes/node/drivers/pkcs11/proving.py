"""Proofs that what was unwrapped is the key it is said to be.

Key wrap protects the bytes of a key and nothing else (RFC 5649): its public key, and what it may be used
for, stand beside the blob. So a private key signs for its public key, and an AES key shows its check value.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Mechanism

from hsmnodes.node.drivers.errors import BlobBroken
from hsmnodes.node.drivers.values import MOST_UNWRAPPED, Usage, WrappedKey

PROVING = {"rsa": Usage.SIGN, "ec": Usage.SIGN, "aes": Usage.ENCRYPT}
"""What a key of each family has to be allowed to prove itself."""

PROOF = b"quorate: a wrapped key proves what it is"
DIGEST = sha256(PROOF).digest()
BLOCK, CHECK_VALUE_LENGTH, WRAPPED_LONGER = 16, 3, 8
CURVE_NAMES = {"secp256r1": "ec-p256", "secp384r1": "ec-p384"}


def require_proofs(unwrapped: Iterable[tuple[Any, WrappedKey]]) -> None:
    """Raise `BlobBroken` unless every object proves itself as the key beside it.

    First the token shows something of all of them, and then all of that is looked at: key by key the one
    would find the processor's caches full of the other.
    """
    pairs = list(unwrapped)
    for _, key in pairs:
        _require(_is_of_its_algorithm(key), key)
    shown = [_shown(one, key) for one, key in pairs]
    for proof, (_, key) in zip(shown, pairs, strict=True):
        _require(_proves(proof, key), key)


def _require(holds: bool, key: WrappedKey) -> None:
    if not holds:
        raise BlobBroken(f"what opens is not key {key.spec.key_id.hex()}, as it is described")


@lru_cache(maxsize=MOST_UNWRAPPED)
def public_key(info: bytes) -> PublicKeyTypes:
    """The public key in a SubjectPublicKeyInfo (DER). Raises ValueError and UnsupportedAlgorithm."""
    return load_der_public_key(info)


def _is_of_its_algorithm(key: WrappedKey) -> bool:
    """Whether its blob is as long as an AES key's, or its public key of its algorithm.

    What signs for that is then of this algorithm, too.
    """
    if key.public_key is None:
        return key.spec.algorithm.value == f"aes-{(len(key.blob) - WRAPPED_LONGER) * 8}"
    try:
        public = public_key(key.public_key)
    except (UnsupportedAlgorithm, ValueError):
        return False
    if isinstance(public, rsa.RSAPublicKey):
        return key.spec.algorithm.value == f"rsa-{public.key_size}"
    return (
        isinstance(public, ec.EllipticCurvePublicKey)
        and CURVE_NAMES.get(public.curve.name) == key.spec.algorithm
    )


def _shown(unwrapped: Any, key: WrappedKey) -> bytes:
    """What an unwrapped key shows: a private key its signature over PROOF, an AES key its check value."""
    shown: bytes
    if not key.spec.algorithm.is_pair:
        shown = unwrapped.encrypt(bytes(BLOCK), mechanism=Mechanism.AES_ECB)[:CHECK_VALUE_LENGTH]
    elif key.spec.algorithm.family == "rsa":
        shown = unwrapped.sign(PROOF, mechanism=Mechanism.SHA256_RSA_PKCS)
    else:
        shown = unwrapped.sign(DIGEST, mechanism=Mechanism.ECDSA)
    return shown


def _proves(shown: bytes, key: WrappedKey) -> bool:
    """Whether that is a signature for its public key, or its check value, if that is known."""
    if key.public_key is None:
        return key.kcv in {None, shown.hex()}
    public = public_key(key.public_key)
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(shown, PROOF, padding.PKCS1v15(), SHA256())
        elif isinstance(public, ec.EllipticCurvePublicKey):
            half = len(shown) // 2
            r, s = int.from_bytes(shown[:half]), int.from_bytes(shown[half:])
            public.verify(encode_dss_signature(r, s), PROOF, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True
