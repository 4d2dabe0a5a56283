"""Documents signed by a node's identity key: ECDSA P-256 over the purpose-separated challenge."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.node import NodeSigned
from hsmnodes.node.protocol.errors import SignatureRefused
from hsmnodes.node.protocol.purposes import NODE_PURPOSES, Purpose, pae


def envelope(*, purpose: Purpose, node: str, payload: bytes, signature: bytes) -> NodeSigned:
    """The envelope of `payload`, signed by `node` with the 64-byte `signature` (r || s)."""
    return NodeSigned(
        purpose=purpose, node=node, payload=canonical.b64u(payload), signature=canonical.b64u(signature)
    )


def verify(signed: NodeSigned, *, identity: bytes, purpose: Purpose, node: str) -> bytes:
    """Return the payload if `signed` is of `purpose` by `node`, whose identity key is the point `identity`.

    Raises SignatureRefused otherwise.
    """
    if signed.purpose is not purpose:
        raise SignatureRefused(
            "wrong-purpose", f"Signed for {signed.purpose.value}, not for {purpose.value}."
        )
    if signed.node != node:
        raise SignatureRefused("wrong-node", "Signed in the name of another node.")
    payload = signed.payload_bytes
    verify_signature(payload, canonical.b64u_decode(signed.signature), identity=identity, purpose=purpose)
    return payload


def verify_signature(payload: bytes, signature: bytes, *, identity: bytes, purpose: Purpose) -> None:
    """Check a node's `signature` (r || s, 64 bytes) over `payload`; `identity` is the point of its key.

    Raises SignatureRefused.
    """
    if purpose not in NODE_PURPOSES:
        raise SignatureRefused("wrong-purpose", f"No node signs for {purpose.value}.")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        _public_key(identity).verify(
            encode_dss_signature(r, s), pae(purpose, payload), ec.ECDSA(hashes.SHA256())
        )
    except InvalidSignature:
        raise SignatureRefused("bad-signature", "The node's signature does not hold.") from None


@lru_cache(maxsize=1024)
def _public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise SignatureRefused("bad-identity", "The identity key is not a P-256 point.") from None
