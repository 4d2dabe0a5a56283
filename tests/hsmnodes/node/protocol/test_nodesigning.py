"""What a node signs holds for its own key, its own name and the one purpose, and for nothing else."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes.node.protocol import nodesigning
from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.documents import NodeSigned
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import NODE_PURPOSES, Purpose, pae
from tests.cast.people import make_id
from tests.cast.tokens import P256_ORDER

AMS, FRA = make_id("ams-1"), make_id("fra-1")
KEYS = {
    name: ec.derive_private_key(number, ec.SECP256R1()) for number, name in enumerate((AMS, FRA), start=2)
}
PAYLOAD = b'{"type":"anything"}'


def point(node: str) -> bytes:
    return KEYS[node].public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def signed(purpose: Purpose = Purpose.RECEIPT, payload: bytes = PAYLOAD, node: str = AMS) -> NodeSigned:
    signature = KEYS[AMS].sign(pae(purpose, payload), ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(signature)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return nodesigning.envelope(purpose=purpose, node=node, payload=payload, signature=raw)


def refusal(
    one: NodeSigned, *, identity: bytes | None = None, purpose=Purpose.RECEIPT, node=AMS
) -> str | None:
    try:
        found = nodesigning.verify(one, identity=identity or point(AMS), purpose=purpose, node=node)
    except Refused as error:
        return error.code
    assert found == PAYLOAD
    return None


@pytest.mark.parametrize("purpose", sorted(NODE_PURPOSES))
def test_a_node_s_signature_holds_for_its_purpose_alone(purpose):
    assert refusal(signed(purpose), purpose=purpose) is None
    for other in set(Purpose) - {purpose}:
        assert refusal(signed(purpose), purpose=other) == "wrong-purpose"
        relabelled = signed(purpose).model_copy(update={"purpose": other})
        assert refusal(relabelled, purpose=other) in {"bad-signature", "wrong-purpose"}


def test_a_person_s_purpose_is_never_a_node_s():
    for purpose in set(Purpose) - NODE_PURPOSES:
        assert refusal(signed(purpose), purpose=purpose) == "wrong-purpose"


SCALARS = {"zero": 0, "the order": P256_ORDER, "all ones": 2**256 - 1}


@pytest.mark.parametrize("s", SCALARS.values(), ids=SCALARS.keys())
@pytest.mark.parametrize("r", SCALARS.values(), ids=SCALARS.keys())
def test_a_signature_of_odd_numbers_does_not_hold(r, s):
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert refusal(signed().model_copy(update={"signature": b64u(raw)})) == "bad-signature"


def test_another_node_s_name_key_or_payload_is_refused():
    assert refusal(signed(), node=FRA) == "wrong-node"
    assert refusal(signed(node=FRA)) == "wrong-node"
    assert refusal(signed(), identity=point(FRA)) == "bad-signature"
    assert refusal(signed().model_copy(update={"payload": b64u(PAYLOAD + b" ")})) == "bad-signature"
    assert refusal(signed(), identity=b"\x04" + bytes(64)) == "bad-identity"
    assert refusal(signed(), identity=b"\x01") == "bad-identity"


def test_no_bit_of_an_envelope_can_be_flipped():
    good = signed().raw
    for bit in range(len(good) * 8):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Refused):
            nodesigning.verify(
                NodeSigned.from_bytes(bytes(flipped)),
                identity=point(AMS),
                purpose=Purpose.RECEIPT,
                node=AMS,
            )
