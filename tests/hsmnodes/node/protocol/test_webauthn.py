"""The check of an assertion: each thing it demands, attacked alone, with everything else in order."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion, Desk
from hsmnodes.node.protocol.documents.charter import EDDSA, ES256
from hsmnodes.node.protocol.errors import SignatureRefused
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.webauthn import verify_assertion
from tests.cast.tokens import DESK, SoftwareToken
from tests.hsmnodes.node.protocol.making import assemble

CHALLENGE = challenge(Purpose.APPROVE, b"a proposal")
RP = hashlib.sha256(b"localhost").digest()
GOOD = {
    "type": "webauthn.get",
    "challenge": canonical.b64u(CHALLENGE),
    "origin": DESK.origin,
    "crossOrigin": False,
}
TOKENS = {ES256: SoftwareToken("attacked"), EDDSA: SoftwareToken("attacked", EDDSA)}
every_algorithm = pytest.mark.parametrize("token", TOKENS.values(), ids=["ES256", "EdDSA"])


def written(**members: Any) -> bytes:
    return json.dumps(GOOD | members, separators=(",", ":")).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


def nested(levels: int) -> list[Any]:
    return [nested(levels - 1)] if levels > 1 else []


def authenticator_data(flags: int = 0x05, counter: int = 1, rest: bytes = b"", rp: bytes = RP) -> bytes:
    return rp + bytes([flags]) + counter.to_bytes(4, "big") + rest


def refusal(token: SoftwareToken, assertion: Assertion, desk: Desk = DESK, **changes: Any) -> str | None:
    """The code of the refusal, or None if the assertion is accepted."""
    try:
        verify_assertion(assertion, challenge=CHALLENGE, token=token.token(**changes), desk=desk)
    except SignatureRefused as error:
        return error.code
    return None


OTHER_PURPOSES = [purpose for purpose in Purpose if purpose is not Purpose.APPROVE]
TEXT = written().decode()
CLIENT_DATA = {
    "of a registration": (written(type="webauthn.create"), "wrong-type"),
    "of a payment": (written(type="payment.get"), "wrong-type"),
    "type in capitals": (written(type="WEBAUTHN.GET"), "wrong-type"),
    "no type": (without("type"), "wrong-type"),
    "another challenge": (written(challenge=canonical.b64u(bytes(32))), "other-challenge"),
    "a challenge with padding": (written(challenge=GOOD["challenge"] + "="), "other-challenge"),
    "a challenge cut short": (written(challenge=GOOD["challenge"][:-1]), "other-challenge"),
    "a challenge in hexadecimal": (written(challenge=CHALLENGE.hex()), "other-challenge"),
    "a challenge with a lone surrogate": (written(challenge="\ud800"), "other-challenge"),
    "no challenge": (without("challenge"), "other-challenge"),
    "a challenge that is no text": (written(challenge=1), "other-challenge"),
    "another origin": (written(origin="http://127.0.0.1:8000"), "other-origin"),
    "another port": (written(origin="http://localhost:8002"), "other-origin"),
    "another scheme": (written(origin="https://localhost:8001"), "other-origin"),
    "an origin that begins with ours": (written(origin=DESK.origin + ".evil.example"), "other-origin"),
    "an origin with a slash": (written(origin=DESK.origin + "/"), "other-origin"),
    "an origin in capitals": (written(origin="http://LOCALHOST:8001"), "other-origin"),
    "a list of origins": (written(origin=[DESK.origin]), "other-origin"),
    "no origin": (without("origin"), "other-origin"),
    "crossOrigin true": (written(crossOrigin=True), "cross-origin"),
    "crossOrigin null": (written(crossOrigin=None), "cross-origin"),
    "crossOrigin zero": (written(crossOrigin=0), "cross-origin"),
    "crossOrigin as text": (written(crossOrigin="false"), "cross-origin"),
    "a topOrigin": (written(topOrigin=DESK.origin), "cross-origin"),
    "a topOrigin that is null": (written(topOrigin=None), "cross-origin"),
    "two challenges": (TEXT.replace("{", '{"challenge":"x",').encode(), "duplicate-member"),
    "two origins": (TEXT.replace("}", f',"origin":"{DESK.origin}"}}').encode(), "duplicate-member"),
    "two types": (TEXT.replace("}", ',"type":"webauthn.get"}').encode(), "duplicate-member"),
    "a second member by an escape": (TEXT.replace("}", ',"t\\u0079pe":"x"}').encode(), "duplicate-member"),
    "two members deep inside": (TEXT.replace("}", ',"x":[{"a":1,"a":2}]}').encode(), "duplicate-member"),
    "two documents": (written() * 2, "bad-client-data"),
    "not JSON": (b"webauthn.get", "bad-client-data"),
    "a list": (b"[]", "bad-client-data"),
    "null": (b"null", "bad-client-data"),
    "a text": (b'"webauthn.get"', "bad-client-data"),
    "nothing": (b"", "bad-client-data"),
    "not UTF-8": (written() + b"\xff", "bad-client-data"),
    "a byte order mark": (b"\xef\xbb\xbf" + written(), "bad-client-data"),
    "endless nesting": (b'{"a":' + b"[" * 4000, "bad-client-data"),
    "17 levels": (written(a=nested(16)), "bad-client-data"),
    "a number that JSON does not have": (TEXT.replace("}", ',"a":NaN}').encode(), "bad-client-data"),
    "an infinite number": (TEXT.replace("}", ',"a":[-Infinity]}').encode(), "bad-client-data"),
    "an endless number": (b'{"a":' + b"9" * 4000 + b"}", "wrong-type"),
}


WRITTEN_OTHERWISE = {
    "as browsers write it": written(),
    "without crossOrigin": without("crossOrigin"),
    "with an unknown member": written(extra={"a": [1.5]}),
    "with spaces": json.dumps(GOOD, indent=2).encode(),
    "with 16 levels": written(a=nested(15)),
    "with 20 lists side by side": written(a=[[] for _ in range(20)]),
    "with one name in two objects": written(a=[{"b": 1}, {"b": 2}]),
    "with a number beyond all bounds": TEXT.replace("}", ',"a":1e999}').encode(),
    "with a member of an object's own": written(__proto__={"type": "x"}),
}


@every_algorithm
@pytest.mark.parametrize(("client_data", "code"), CLIENT_DATA.values(), ids=CLIENT_DATA.keys())
def test_client_data_that_is_not_as_demanded_is_refused_although_signed(token, client_data, code):
    assert refusal(token, assemble(token, authenticator_data(), client_data)) == code


@every_algorithm
@pytest.mark.parametrize(
    "client_data",
    WRITTEN_OTHERWISE.values(),
    ids=WRITTEN_OTHERWISE.keys(),
)
def test_client_data_in_order_is_accepted_however_it_is_written(token, client_data):
    assert refusal(token, assemble(token, authenticator_data(), client_data)) is None


@pytest.mark.parametrize("purpose", OTHER_PURPOSES)
def test_a_signature_for_another_purpose_is_not_an_approval(purpose):
    token = TOKENS[ES256]
    assert refusal(token, token.sign(purpose, b"a proposal")) == "other-challenge"
    assert refusal(token, token.sign(Purpose.APPROVE, b"another proposal")) == "other-challenge"
    assert refusal(token, token.sign(Purpose.APPROVE, b"a proposal")) is None


AUTHENTICATOR_DATA = {
    "another relying party": (authenticator_data(rp=hashlib.sha256(b"evil").digest()), "other-relying-party"),
    "nobody present": (authenticator_data(0x04), "user-not-present"),
    "nobody verified": (authenticator_data(0x01), "user-not-verified"),
    "neither": (authenticator_data(0x00), "user-not-present"),
    "a token that became syncable": (authenticator_data(0x0D), "backup-flags"),
    "backed up but not eligible": (authenticator_data(0x15), "backup-flags"),
    "attested credential data": (authenticator_data(0x45, rest=bytes(18)), "bad-authenticator-data"),
    "its flag alone": (authenticator_data(0x45), "bad-authenticator-data"),
    "its flag beside extensions": (authenticator_data(0xC5, rest=b"\xa0"), "bad-authenticator-data"),
    "bytes too many": (authenticator_data(rest=b"\x00"), "bad-authenticator-data"),
    "extensions without the flag": (authenticator_data(rest=b"\xa0"), "bad-authenticator-data"),
    "the flag without extensions": (authenticator_data(0x85), "bad-authenticator-data"),
    "extensions that are no map": (authenticator_data(0x85, rest=b"\x80"), "bad-authenticator-data"),
    "two maps": (authenticator_data(0x85, rest=b"\xa0\xa0"), "bad-authenticator-data"),
    "a map cut short": (authenticator_data(0x85, rest=b"\xa1\x61"), "bad-authenticator-data"),
    "an indefinite map": (authenticator_data(0x85, rest=b"\xbf\xff"), "bad-authenticator-data"),
    "a map of four billion": (
        authenticator_data(0x85, rest=b"\xba\xff\xff\xff\xff"),
        "bad-authenticator-data",
    ),
    "cut short": (authenticator_data()[:36], "bad-authenticator-data"),
    "nothing": (b"", "bad-authenticator-data"),
}


@every_algorithm
@pytest.mark.parametrize(("data", "code"), AUTHENTICATOR_DATA.values(), ids=AUTHENTICATOR_DATA.keys())
def test_authenticator_data_that_is_not_as_demanded_is_refused_although_signed(token, data, code):
    assert refusal(token, assemble(token, data, written())) == code


@every_algorithm
def test_extensions_in_order_and_any_counter_are_accepted(token):
    data = authenticator_data(0x85, counter=2**32 - 1, rest=bytes.fromhex("a1636372f5f5")[:1] + b"\x61a\xf5")
    assert refusal(token, assemble(token, data, written())) is None
    signed = assemble(token, data, written())
    assert verify_assertion(signed, challenge=CHALLENGE, token=token.token(), desk=DESK) == 2**32 - 1


@every_algorithm
def test_a_syncable_token_must_say_that_it_is(token):
    synced = assemble(token, authenticator_data(0x1D), written())
    assert refusal(token, synced, backup_eligible=True) is None
    assert refusal(token, synced) == "backup-flags"
    assert (
        refusal(token, assemble(token, authenticator_data(), written()), backup_eligible=True)
        == "backup-flags"
    )


@every_algorithm
def test_another_credential_or_another_desk_is_refused(token):
    assertion = assemble(token, authenticator_data(), written())
    other = Desk(origin="https://desk.example", rp_id="desk.example")
    assert (
        refusal(token, assertion, credential_id=canonical.b64u(b"quorate-simulator:aaaa"))
        == "other-credential"
    )
    assert refusal(token, assertion, desk=other) == "other-origin"


@every_algorithm
def test_a_key_of_someone_else_is_refused(token):
    assertion = assemble(token, authenticator_data(), written())
    other = SoftwareToken("another", token.algorithm)
    assert refusal(token, assertion, public_key=other.public_key) == "bad-signature"


@every_algorithm
@pytest.mark.parametrize("part", ["authenticator_data", "client_data", "signature", "credential_id"])
def test_any_bit_flipped_in_any_part_is_refused(token, part):
    good = assemble(token, authenticator_data(), written())
    raw = canonical.b64u_decode(getattr(good, part))
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert refusal(token, good.model_copy(update={part: canonical.b64u(bytes(flipped))})) is not None, bit


@every_algorithm
@given(client=st.binary(max_size=300), rest=st.binary(max_size=40), signature=st.binary(max_size=80))
def test_noise_is_refused_and_never_breaks_the_verifier(token, client, rest, signature):
    assert refusal(token, assemble(token, authenticator_data(), client, signature)) is not None
    assert (
        refusal(token, assemble(token, authenticator_data(0x85, rest=rest), written(), signature)) is not None
    )
