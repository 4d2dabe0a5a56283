"""The verifier agrees with the W3C's own test vectors (WebAuthn Level 3, section 16) for ES256 and EdDSA.

The vectors lie beside the repository, not in it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import cbor2
import pytest

from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.documents import Assertion, Desk, Token
from hsmnodes.node.protocol.documents.charter import EDDSA, ES256, Attestation
from hsmnodes.node.protocol.errors import SignatureRefused
from hsmnodes.node.protocol.keys import verifier
from hsmnodes.node.protocol.webauthn import BACKUP_ELIGIBLE, USER_VERIFIED, verify_assertion

VECTORS = Path(__file__).parents[4].parent / "shared" / "vectors" / "webauthn-level3.json"
EXAMPLE = Desk(origin="https://example.org", rp_id="example.org")

pytestmark = pytest.mark.skipif(
    not VECTORS.exists(), reason="the W3C vectors are not in shared/vectors beside the repository"
)


def cose_key(attestation_object: bytes) -> tuple[int, bytes]:
    """The algorithm and raw public key of a registration (COSE, RFC 9053), empty if it is not one of ours."""
    data = cbor2.loads(attestation_object)["authData"]
    start = 55 + int.from_bytes(data[53:55], "big")
    key = cbor2.loads(data[start:])
    if key[3] == ES256:
        return ES256, b"\x04" + key[-2] + key[-3]
    return key[3], key[-2] if key[3] == EDDSA and key[-1] == 6 else b""


def vectors() -> list[Any]:
    """Each vector for an algorithm of ours as a test case."""
    everything = json.loads(VECTORS.read_text())["vectors"] if VECTORS.exists() else []
    return [
        pytest.param(one, id=one["name"])
        for one in everything
        if one.get("authentication") and cose_key(bytes.fromhex(one["registration"]["attestationObject"]))[1]
    ]


def read(vector: dict[str, Any]) -> tuple[Token, Assertion, bytes, bytes]:
    """The token, its assertion, the challenge, and what was signed."""
    algorithm, key = cose_key(bytes.fromhex(vector["registration"]["attestationObject"]))
    given = {name: bytes.fromhex(value) for name, value in vector["authentication"].items()}
    credential = b64u(bytes.fromhex(vector["registration"]["credential_id"]))
    data, client_data = given["authenticatorData"], given["clientDataJSON"]
    token = Token(
        credential_id=credential,
        algorithm=algorithm,
        public_key=b64u(key),
        label=vector["anchor"],
        aaguid="0" * 32,
        attestation=Attestation(format="none", trusted=False),
        backup_eligible=bool(data[32] & BACKUP_ELIGIBLE),
        simulated=False,
    )
    assertion = Assertion(
        credential_id=credential,
        authenticator_data=b64u(data),
        client_data=b64u(client_data),
        signature=b64u(given["signature"]),
    )
    return token, assertion, given["challenge"], data + hashlib.sha256(client_data).digest()


def test_there_are_vectors_for_both_algorithms():
    algorithms = [read(one.values[0])[0].algorithm for one in vectors()]
    assert algorithms.count(ES256) >= 9
    assert EDDSA in algorithms


@pytest.mark.parametrize("vector", vectors())
def test_what_the_standard_calls_valid_is_valid_but_for_our_stricter_rules(vector):
    token, assertion, challenge, signed = read(vector)
    verifier(token.algorithm, token.key_bytes)(bytes.fromhex(vector["authentication"]["signature"]), signed)
    client = json.loads(bytes.fromhex(vector["authentication"]["clientDataJSON"]))
    verified = bytes.fromhex(vector["authentication"]["authenticatorData"])[32] & USER_VERIFIED
    expected = "cross-origin" if client["crossOrigin"] else None if verified else "user-not-verified"
    if expected is None:
        verify_assertion(assertion, challenge=challenge, token=token, desk=EXAMPLE)
    else:
        with pytest.raises(SignatureRefused, match=expected):
            verify_assertion(assertion, challenge=challenge, token=token, desk=EXAMPLE)


@pytest.mark.parametrize("vector", vectors())
def test_the_registration_s_client_data_is_never_an_assertion(vector):
    token, assertion, _, _ = read(vector)
    challenge = bytes.fromhex(vector["registration"]["challenge"])
    created = b64u(bytes.fromhex(vector["registration"]["clientDataJSON"]))
    other = assertion.model_copy(update={"client_data": created})
    with pytest.raises(SignatureRefused, match="wrong-type"):
        verify_assertion(other, challenge=challenge, token=token, desk=EXAMPLE)
