"""What a simulated token computes, in Python, as docs/formats/custody.md says."""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

SALT = hashlib.sha256(b"quorate/share-key/salt/v1").digest()
SUITE = b"KEM" + (0x20).to_bytes(2, "big")


def secret_of(private_key: bytes) -> bytes:
    """The PRF output of a simulated token whose key this is (PKCS #8): 32 bytes."""
    return hmac.digest(private_key, SALT, "sha256")


def share_key_from(secret: bytes, credential_id: str) -> X25519PrivateKey:
    """The share key that follows from it (RFC 5869; DeriveKeyPair of RFC 9180 section 7.1.3)."""
    info = b"quorate/share-key/v1 " + credential_id.encode()
    seed = _expand(hmac.digest(bytes(32), secret, "sha256"), info)
    extracted = hmac.digest(bytes(32), b"HPKE-v1" + SUITE + b"dkp_prk" + seed, "sha256")
    return X25519PrivateKey.from_private_bytes(
        _expand(extracted, (32).to_bytes(2, "big") + b"HPKE-v1" + SUITE + b"sk")
    )


def _expand(key: bytes, info: bytes) -> bytes:
    return hmac.digest(key, info + b"\x01", "sha256")
