"""Sealing: bytes that only the holder of an X25519 key can open, in one context (HPKE, RFC 9180, base mode).

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; sealed bytes are the encapsulated key (32 bytes) and
the ciphertext. What a box is for goes into `info`, so that one cannot stand for another.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.canonical import JSON
from hsmnodes.node.protocol.errors import ShareRefused

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal(plain: bytes, public_key: bytes, context: Mapping[str, JSON]) -> bytes:
    """`plain`, sealed to an X25519 public key of 32 bytes; whoever opens it names the same context."""
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public_key), canonical.encode(context))


def open_sealed(sealed: bytes, private_key: bytes, context: Mapping[str, JSON]) -> bytes:
    """What was sealed to this key (32 bytes) in this context. Raises ShareRefused if it was not."""
    try:
        key = X25519PrivateKey.from_private_bytes(private_key)
        return _SUITE.decrypt(sealed, key, canonical.encode(context))
    except (InvalidTag, ValueError):
        raise ShareRefused(
            "cannot-open", "It was sealed for another key or purpose, or was altered."
        ) from None
