"""Tokens' public keys, ready to verify with; keys under which a signature would prove nothing are refused.

For P-256 the library refuses what is not on the curve. Ed25519 keys of small order verify signatures that
nobody made, and keys in a non-canonical encoding would let one key count as two, so neither is accepted.
"""

from collections.abc import Callable
from functools import lru_cache, partial

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from hsmnodes.node.protocol.documents.charter import ES256
from hsmnodes.node.protocol.errors import SignatureRefused

_ECDSA = ec.ECDSA(hashes.SHA256())
_P = 2**255 - 19
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# The y coordinates of the eight points of small order (RFC 8032 section 5.1 for the encoding).
_SMALL_ORDER = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})


@lru_cache(maxsize=4096)
def verifier(algorithm: int, raw: bytes) -> Callable[[bytes, bytes], None]:
    """What verifies (signature, data) under the key `raw`, raising InvalidSignature if it does not hold.

    Raises SignatureRefused if `raw` is not a key that can be relied on.
    """
    if algorithm != ES256 and _is_weak(raw):
        raise SignatureRefused("bad-key", "The token's public key is of small order or oddly encoded.")
    try:
        if algorithm == ES256:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
            return partial(point.verify, signature_algorithm=_ECDSA)
        return ed25519.Ed25519PublicKey.from_public_bytes(raw).verify
    except ValueError:
        raise SignatureRefused("bad-key", "The token's public key is not a valid key.") from None


def _is_weak(raw: bytes) -> bool:
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    return y >= _P or y in _SMALL_ORDER
