"""Cases of single assertions: everything that an assertion can have wrong, alone, with all else in order."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion
from hsmnodes.node.protocol.documents.charter import EDDSA, ES256
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.tokens import DESK, P256_ORDER, SoftwareToken
from tests.hsmnodes.node.protocol.making import assemble
from tests.hsmnodes.node.protocol.test_keys import (
    EDDSA_CHANGES,
    WEAK,
    der_integer,
    der_sequence,
    minimal,
    odd_spellings,
    odd_values,
)
from tests.hsmnodes.node.protocol.test_webauthn import (
    AUTHENTICATOR_DATA,
    CHALLENGE,
    CLIENT_DATA,
    TOKENS,
    WRITTEN_OTHERWISE,
    authenticator_data,
    written,
)
from tests.verifier.book import Book

NAMES = {ES256: "ES256", EDDSA: "EdDSA"}
P256, ED25519 = TOKENS[ES256], TOKENS[EDDSA]
CLIENT_DATA_AGAIN = ("another origin", "a topOrigin", "two challenges", "crossOrigin true")
ELSEWHERE = {"origin": "https://desk.example", "rp_id": "desk.example"}
NOT_ON_P256 = {
    "zeros": b"\x04" + bytes(64),
    "beyond the field": b"\x04" + b"\xff" * 64,
    "not on the curve": b"\x04" + bytes(31) + b"\x01" + bytes(31) + b"\x01",
}
CBOR = {
    "a text at the very end": ("a161616162", True),
    "a map in a map": ("a16161a1616201", True),
    "a map with every kind": ("a7616100616220616341006164610061658061" + "66a061" + "67f4", True),
    "lengths longer than need be": ("b80178016101", True),
    "a float and a tag": ("a2616118ff6162c1fb3ff0000000000000", True),
    "eight levels": ("a16161" * 8 + "00", True),
    "nine levels": ("a16161" * 9 + "00", False),
    "a text of four gigabytes": ("a161617affffffff", False),
    "a text of a length of 64 bits": ("a161617bffffffffffffffff", False),
    "a reserved head": ("a161611c", False),
    "a reserved head with room behind it": ("a161611c" + "00" * 17, False),
    "a head cut short": ("a1616119", False),
    "a list without an end": ("a161619fff", False),
}


def book() -> Book:
    """All of them."""
    made = Book("assertion")
    _add_client_data(made)
    _add_authenticator_data(made)
    _add_signatures(made)
    _add_tokens(made)
    return made


def _given(token: SoftwareToken, assertion: Assertion, desk: Any = None, **changes: Any) -> dict[str, Any]:
    return {
        "assertion": assertion.model_dump(),
        "challenge": canonical.b64u(CHALLENGE),
        "token": token.token(**changes).model_dump(mode="json"),
        "desk": desk or DESK.model_dump(),
    }


def _add_client_data(made: Book) -> None:
    for token in TOKENS.values():
        which = NAMES[token.algorithm]
        for name, data in WRITTEN_OTHERWISE.items():
            made.accept(
                f"{which}, client data {name}", _given(token, assemble(token, authenticator_data(), data))
            )
        for name, (data, code) in CLIENT_DATA.items():
            if token is P256 or name in CLIENT_DATA_AGAIN:
                made.refuse(
                    f"{which}, client data: {name}",
                    _given(token, assemble(token, authenticator_data(), data)),
                    code,
                )
    for purpose in (Purpose.PROPOSE, Purpose.SIGN_IN, Purpose.CONTRIBUTE):
        other = P256.sign(purpose, b"a proposal")
        made.refuse(f"signed for {purpose.value}", _given(P256, other), "other-challenge")
    made.refuse("another document", _given(P256, P256.sign(Purpose.APPROVE, b"another")), "other-challenge")


def _add_authenticator_data(made: Book) -> None:
    for token in TOKENS.values():
        which = NAMES[token.algorithm]
        for name, (data, code) in AUTHENTICATOR_DATA.items():
            if token is P256 or code == "backup-flags":
                made.refuse(
                    f"{which}, authenticator data: {name}",
                    _given(token, assemble(token, data, written())),
                    code,
                )
        synced = assemble(token, authenticator_data(0x1D), written())
        made.accept(f"{which}, a synced token that is one", _given(token, synced, backup_eligible=True))
        made.refuse(
            f"{which}, a synced token that should not be one",
            _given(token, assemble(token, authenticator_data(), written()), backup_eligible=True),
            "backup-flags",
        )
    for name, (extensions, good) in CBOR.items():
        data = authenticator_data(0x85, rest=bytes.fromhex(extensions))
        given = _given(P256, assemble(P256, data, written()))
        if good:
            made.accept(f"extensions: {name}", given)
        else:
            made.refuse(f"extensions: {name}", given, "bad-authenticator-data")
    most = authenticator_data(counter=2**32 - 1)
    made.accept("the highest counter", _given(P256, assemble(P256, most, written())))


def _signed(token: SoftwareToken, signature: bytes) -> dict[str, Any]:
    return _given(token, assemble(token, authenticator_data(), written(), signature))


def _add_signatures(made: Book) -> None:
    good = {
        token.algorithm: canonical.b64u_decode(assemble(token, authenticator_data(), written()).signature)
        for token in TOKENS.values()
    }
    for name, odd in (odd_spellings(good[ES256]) | odd_values(good[ES256])).items():
        made.refuse(f"an ECDSA signature: {name}", _signed(P256, odd), "bad-signature")
    for name, odd in _oddly_built(good[ES256]).items():
        made.refuse(f"an ECDSA signature: {name}", _signed(P256, odd), "bad-signature")
    made.accept("an ECDSA signature: (r, n - s)", _signed(P256, _twin(good[ES256])))
    for name, change in EDDSA_CHANGES.items():
        made.refuse(f"an EdDSA signature: {name}", _signed(ED25519, change(good[EDDSA])), "bad-signature")


def _oddly_built(signature: bytes) -> dict[str, bytes]:
    """Sequences of the right length whose integers are not."""
    r, s = (minimal(one) for one in decode_dss_signature(signature))
    one, other = der_integer(r), der_integer(s)
    return {
        "an empty r": der_sequence(b"\x02\x00" + other),
        "an empty s": der_sequence(one + b"\x02\x00"),
        "r as bits": der_sequence(b"\x03" + one[1:] + other),
        "s as bytes": der_sequence(one + b"\x04" + other[1:]),
        "s longer than there is": der_sequence(one + b"\x02" + bytes([len(s) + 1]) + s),
        "r of 33 bytes": der_sequence(der_integer(b"\x01" + r[-32:]) + other),
        "r of 34 bytes": der_sequence(der_integer(b"\x00\x80" + r[-32:]) + other),
        "nothing within": der_sequence(b""),
        "zeros within": der_sequence(bytes(70)),
    }


def _twin(signature: bytes) -> bytes:
    """The other signature that ECDSA gives away."""
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, P256_ORDER - s)


def _add_tokens(made: Book) -> None:
    for token in TOKENS.values():
        which = NAMES[token.algorithm]
        good = assemble(token, authenticator_data(), written())
        other = SoftwareToken("another", token.algorithm)
        name = canonical.b64u(b"quorate-simulator:aaaa")
        made.refuse(
            f"{which}, another credential", _given(token, good, credential_id=name), "other-credential"
        )
        made.refuse(
            f"{which}, another key", _given(token, good, public_key=other.public_key), "bad-signature"
        )
        made.refuse(f"{which}, another desk", _given(token, good, desk=ELSEWHERE), "other-origin")
    forged = (1).to_bytes(32, "little") + bytes(32)
    for number, (name, raw) in enumerate(WEAK.items()):
        if number < 12 or number % 7 == 0:
            weak = _signed(ED25519, forged)
            weak["token"] |= {"public_key": canonical.b64u(raw)}
            made.refuse(f"an Ed25519 key that is weak: {name}", weak, "bad-key")
    for name, raw in NOT_ON_P256.items():
        bad = _given(P256, assemble(P256, authenticator_data(), written()))
        bad["token"] |= {"public_key": canonical.b64u(raw)}
        made.refuse(f"a point that is not on P-256: {name}", bad, "bad-key")
