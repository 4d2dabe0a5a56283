"""Odd keys and signatures are refused: weak keys, other encodings, other spellings of a signature."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from pydantic import ValidationError

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.charter import EDDSA, ES256
from hsmnodes.node.protocol.errors import SignatureRefused
from hsmnodes.node.protocol.keys import verifier
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.webauthn import verify_assertion
from tests.cast.tokens import DESK, P256_ORDER, SoftwareToken
from tests.hsmnodes.node.protocol.making import assemble

P25519 = 2**255 - 19
L25519 = 2**252 + 27742317777372353535851937790883648493
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SIGN_BIT = 1 << 255
P256 = SoftwareToken("odd")
ED25519 = SoftwareToken("odd", EDDSA)

SMALL = [0, 1, P25519 - 1, ORDER_8, P25519 - ORDER_8]
WEAK = {
    f"{'-' if sign else ''}y = {y:#x}": (y | sign).to_bytes(32, "little")
    for y in [*SMALL, *(y + P25519 for y in range(19))]
    for sign in (0, SIGN_BIT)
}


@pytest.mark.parametrize("raw", WEAK.values(), ids=WEAK.keys())
def test_an_ed25519_key_of_small_order_or_in_another_encoding_is_no_key(raw):
    with pytest.raises(SignatureRefused, match="bad-key"):
        verifier(EDDSA, raw)


def test_a_signature_that_nobody_made_does_not_hold_under_a_key_of_small_order():
    token = ED25519.token(public_key=canonical.b64u((1).to_bytes(32, "little")))
    forged = (1).to_bytes(32, "little") + bytes(32)
    data = hashlib.sha256(b"localhost").digest() + b"\x05" + bytes(4)
    client = canonical.b64u_decode(ED25519.sign(Purpose.APPROVE, b"x").client_data)
    with pytest.raises(SignatureRefused, match="bad-key"):
        verify_assertion(
            assemble(ED25519, data, client, forged),
            challenge=challenge(Purpose.APPROVE, b"x"),
            token=token,
            desk=DESK,
        )


@pytest.mark.parametrize(
    "raw",
    [b"\x04" + bytes(64), b"\x04" + b"\xff" * 64, b"\x04" + bytes(31) + b"\x01" + bytes(31) + b"\x01"],
    ids=["zeros", "beyond the field", "not on the curve"],
)
def test_a_point_that_is_not_on_p_256_is_no_key(raw):
    with pytest.raises(SignatureRefused, match="bad-key"):
        verifier(ES256, raw)


def other_encodings(point: bytes) -> dict[str, bytes]:
    x, y = point[1:33], point[33:]
    odd = y[-1] & 1
    return {
        "compressed": bytes([2 + odd]) + x,
        "hybrid": bytes([6 + odd]) + x + y,
        "bare": x + y,
        "with a byte more": point + b"\x00",
        "infinity": b"\x00",
        "DER": bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + point,
    }


@pytest.mark.parametrize(("algorithm", "raw"), [
    *((ES256, raw) for raw in other_encodings(canonical.b64u_decode(P256.public_key)).values()),
    (ES256, canonical.b64u_decode(ED25519.public_key)),
    (EDDSA, canonical.b64u_decode(P256.public_key)),
    (EDDSA, canonical.b64u_decode(ED25519.public_key) + b"\x00"),
    (EDDSA, b""),
])  # fmt: skip
def test_a_charter_holds_a_key_in_one_encoding_only(algorithm, raw):
    with pytest.raises(ValidationError):
        P256.token(algorithm=algorithm, public_key=canonical.b64u(raw))


def der_integer(value: bytes) -> bytes:
    return b"\x02" + bytes([len(value)]) + value


def der_sequence(content: bytes) -> bytes:
    return b"\x30" + bytes([len(content)]) + content


def minimal(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def odd_spellings(signature: bytes) -> dict[str, bytes]:
    """One ECDSA signature in every spelling that a lax reader would take for the same."""
    r, s = (minimal(one) for one in decode_dss_signature(signature))
    content = der_integer(r) + der_integer(s)
    return {
        "a byte after": signature + b"\x00",
        "a byte after inside": der_sequence(content + b"\x00"),
        "a long length": b"\x30\x81" + bytes([len(content)]) + content,
        "a longer length": b"\x30\x82\x00" + bytes([len(content)]) + content,
        "an indefinite length": b"\x30\x80" + content + b"\x00\x00",
        "a zero before r": der_sequence(der_integer(b"\x00" + r) + der_integer(s)),
        "a zero before s": der_sequence(der_integer(r) + der_integer(b"\x00" + s)),
        "a long length of r": der_sequence(b"\x02\x81" + bytes([len(r)]) + r + der_integer(s)),
        "a set": b"\x31" + signature[1:],
        "cut short": signature[:-1],
        "r alone": der_sequence(der_integer(r)),
        "three integers": der_sequence(content + der_integer(s)),
        "r and s raw": r[-32:].rjust(32, b"\x00") + s[-32:].rjust(32, b"\x00"),
        "empty integers": der_sequence(b"\x02\x00\x02\x00"),
        "nothing": b"",
    }


def odd_values(signature: bytes) -> dict[str, bytes]:
    """Pairs (r, s) that equal a good one modulo the order, or that make careless arithmetic succeed."""
    r, s = decode_dss_signature(signature)
    pairs = {
        "zero and zero": (0, 0),
        "r zero": (0, s),
        "s zero": (r, 0),
        "r the order": (P256_ORDER, s),
        "s the order": (r, P256_ORDER),
        "r + n": (r + P256_ORDER, s),
        "s + n": (r, s + P256_ORDER),
        "-r": (-r, s),
        "-s": (r, -s),
        "r - n": (r - P256_ORDER, s),
        "s - n": (r, s - P256_ORDER),
        "one and one": (1, 1),
        "swapped": (s, r),
    }
    return {
        name: der_sequence(b"".join(der_integer(minimal(one)) for one in pair))
        for name, pair in pairs.items()
    }


def accepts(token: SoftwareToken, change) -> bool:
    """Whether an assertion is accepted whose good signature was changed."""
    good = token.sign(Purpose.APPROVE, b"a proposal")
    changed = canonical.b64u(change(canonical.b64u_decode(good.signature)))
    try:
        verify_assertion(
            good.model_copy(update={"signature": changed}),
            challenge=challenge(Purpose.APPROVE, b"a proposal"),
            token=token.token(),
            desk=DESK,
        )
    except SignatureRefused:
        return False
    return True


SAMPLE = canonical.b64u_decode(P256.sign(Purpose.APPROVE, b"x").signature)


@pytest.mark.parametrize("name", odd_spellings(SAMPLE))
def test_an_ecdsa_signature_has_one_spelling(name):
    assert not accepts(P256, lambda signature: odd_spellings(signature)[name])


@pytest.mark.parametrize("name", odd_values(SAMPLE))
def test_an_ecdsa_signature_has_its_values_in_range(name):
    assert not accepts(P256, lambda signature: odd_values(signature)[name])


def test_the_twin_of_an_ecdsa_signature_verifies_as_the_standard_has_it():
    def twin(signature: bytes) -> bytes:
        r, s = decode_dss_signature(signature)
        return encode_dss_signature(r, P256_ORDER - s)

    assert accepts(P256, lambda signature: signature)
    assert accepts(P256, twin)


def with_s(signature: bytes, change) -> bytes:
    return signature[:32] + (change(int.from_bytes(signature[32:], "little"))).to_bytes(32, "little")


EDDSA_CHANGES = {
    "S + L": lambda one: with_s(one, lambda s: s + L25519),
    "S + 2 L": lambda one: with_s(one, lambda s: s + 2 * L25519),
    "L - S": lambda one: with_s(one, lambda s: L25519 - s),
    "S zero": lambda one: with_s(one, lambda s: 0),
    "R with the other sign": lambda one: one[:31] + bytes([one[31] ^ 0x80]) + one[32:],
    "R the neutral point": lambda one: (1).to_bytes(32, "little") + one[32:],
    "R in another encoding": lambda one: (1 + P25519).to_bytes(32, "little") + one[32:],
    "a byte more": lambda one: one + b"\x00",
    "a byte less": lambda one: one[:-1],
    "nothing": lambda one: b"",
}


@pytest.mark.parametrize("change", EDDSA_CHANGES.values(), ids=EDDSA_CHANGES.keys())
def test_an_eddsa_signature_has_one_form(change):
    assert not accepts(ED25519, change)
    assert accepts(ED25519, lambda signature: signature)
