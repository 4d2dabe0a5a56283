"""Sealing: bytes that only the holder of a key can open, in one context.

To an X25519 key by HPKE (RFC 9180, base mode): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; sealed
bytes are the encapsulated key (32 bytes) and the ciphertext. To whoever has a secret by AES-256-GCM under a
key that HKDF-SHA256 (RFC 5869) derives from it for just that context; locked bytes are the nonce (12 bytes)
and the ciphertext. What a box is for goes into `info`, so that one cannot stand for another.
"""

import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.canonical import JSON
from hsmnodes.node.protocol.errors import ShareRefused

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_NONCE = 12


def seal(plain: bytes, public_key: bytes, context: Mapping[str, JSON]) -> bytes:
    """`plain`, sealed to an X25519 public key of 32 bytes; whoever opens it names the same context."""
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public_key), canonical.encode(context))


def open_sealed(sealed: bytes, private_key: bytes, context: Mapping[str, JSON]) -> bytes:
    """What was sealed to this key (32 bytes) in this context. Raises ShareRefused if it was not."""
    try:
        key = X25519PrivateKey.from_private_bytes(private_key)
        return _SUITE.decrypt(sealed, key, canonical.encode(context))
    except (InvalidTag, ValueError):
        raise _cannot_open() from None


def lock(plain: bytes, secret: bytes, context: Mapping[str, JSON]) -> bytes:
    """`plain`, for whoever has the same secret (32 bytes) and names the same context."""
    nonce = os.urandom(_NONCE)
    return nonce + _derived(secret, context).encrypt(nonce, plain, None)


def unlock(locked: bytes, secret: bytes, context: Mapping[str, JSON]) -> bytes:
    """What was locked by this secret in this context. Raises ShareRefused if it was not."""
    try:
        return _derived(secret, context).decrypt(locked[:_NONCE], locked[_NONCE:], None)
    except (InvalidTag, ValueError):
        raise _cannot_open() from None


def _derived(secret: bytes, context: Mapping[str, JSON]) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=canonical.encode(context)).derive(secret))


def _cannot_open() -> ShareRefused:
    return ShareRefused("cannot-open", "It was sealed for another key or purpose, or was altered.")
