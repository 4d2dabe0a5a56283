"""The check of a WebAuthn assertion (WebAuthn Level 3 section 7.2), stricter than the standard asks.

Pure, over `cryptography`. What the standard leaves to the relying party is fixed here: exactly one origin,
no cross-origin use, user presence and verification always, no duplicate members in the client data.
"""

import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.cbor import is_one_map
from hsmnodes.node.protocol.documents.charter import Desk, Token
from hsmnodes.node.protocol.documents.signatures import Assertion
from hsmnodes.node.protocol.errors import SignatureRefused
from hsmnodes.node.protocol.keys import verifier

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP = 0x01, 0x04, 0x08, 0x10
ATTESTED_CREDENTIAL, EXTENSIONS = 0x40, 0x80
DEEPEST_CLIENT_DATA = 16


class ReadAssertion(NamedTuple):
    """An assertion in which everything was checked but its signature, which nothing is believed without."""

    token: Token
    signature: bytes
    signed: bytes

    def verify(self) -> int:
        """Verify the signature, and return the token's counter (0: it has none). Raises SignatureRefused."""
        token, signature, signed = self
        try:
            verifier(token.algorithm, token.key_bytes)(signature, signed)
        except InvalidSignature:
            raise SignatureRefused("bad-signature", "The token's signature does not hold.") from None
        return int.from_bytes(signed[33:37], "big")


def verify_assertion(assertion: Assertion, *, challenge: bytes, token: Token, desk: Desk) -> int:
    """Check that `token` signed `challenge` at `desk`, its user present and verified; the token's counter.

    Raises SignatureRefused with the first reason it does not hold.
    """
    return read_assertion(assertion, challenge=challenge, token=token, desk=desk).verify()


def read_assertion(assertion: Assertion, *, challenge: bytes, token: Token, desk: Desk) -> ReadAssertion:
    """Check all but the signature of what `verify_assertion` checks. Raises SignatureRefused."""
    if assertion.credential_id != token.credential_id:
        raise SignatureRefused("other-credential", "The assertion is by another credential.")
    usual, client_hash = _usual_client_data(challenge, desk.origin)
    if assertion.client_data != usual:
        client_data = canonical.b64u_decode(assertion.client_data)
        _check_client_data(client_data, challenge=challenge, desk=desk)
        client_hash = hashlib.sha256(client_data).digest()
    data = canonical.b64u_decode(assertion.authenticator_data)
    _check_authenticator_data(data, token=token, desk=desk)
    return ReadAssertion(token, canonical.b64u_decode(assertion.signature), data + client_hash)


def _check_client_data(data: bytes, *, challenge: bytes, desk: Desk) -> None:
    client = _read_client_data(data)
    if client.get("type") != "webauthn.get":
        raise SignatureRefused("wrong-type", "The client data is not of an assertion.")
    given = client.get("challenge")
    if not isinstance(given, str) or not hmac.compare_digest(
        given.encode("utf-8", "replace"), canonical.b64u(challenge).encode()
    ):
        raise SignatureRefused("other-challenge", "The token signed something else, or for another purpose.")
    if client.get("origin") != desk.origin:
        raise SignatureRefused("other-origin", f"The token signed at another place than {desk.origin}.")
    if client.get("crossOrigin", False) is not False or "topOrigin" in client:
        raise SignatureRefused("cross-origin", "The token signed in a page embedded in another.")


@lru_cache(maxsize=8)
def _usual_client_data(challenge: bytes, origin: str) -> tuple[str, bytes]:
    """What browsers make of a plain assertion (section 5.8.1.1), in base64url, and the SHA-256 of it.

    All checks hold for these very bytes. Those who approve the same bytes at the same desk share them.
    """
    data = (
        f'{{"type":"webauthn.get","challenge":"{canonical.b64u(challenge)}",'
        f'"origin":"{origin}","crossOrigin":false}}'
    ).encode("ascii")
    return canonical.b64u(data), hashlib.sha256(data).digest()


def _read_client_data(data: bytes) -> dict[str, Any]:
    try:
        client = _decoder.decode(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise SignatureRefused("bad-client-data", "The client data is not JSON.") from None
    if not isinstance(client, dict):
        raise SignatureRefused("bad-client-data", "The client data is not an object.")
    if _is_deeper_than(client, DEEPEST_CLIENT_DATA):
        raise SignatureRefused("bad-client-data", "The client data is nested too deeply.")
    return client


def _is_deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    members = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper_than(member, levels - 1) for member in members)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise SignatureRefused("duplicate-member", "The client data has a member twice.")
    return members


def _no_number(name: str) -> None:
    """JSON has no NaN and no Infinity, though Python would read them."""
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_no_number)


def _check_authenticator_data(data: bytes, *, token: Token, desk: Desk) -> None:
    if len(data) < 37:
        raise SignatureRefused("bad-authenticator-data", "The authenticator data is too short.")
    if data[:32] != desk.rp_id_hash:
        raise SignatureRefused("other-relying-party", "The token signed for another relying party.")
    flags = data[32]
    if not flags & USER_PRESENT:
        raise SignatureRefused("user-not-present", "Nobody touched the token.")
    if not flags & USER_VERIFIED:
        raise SignatureRefused(
            "user-not-verified", "The token did not verify who touched it (PIN or biometrics)."
        )
    if bool(flags & BACKUP_ELIGIBLE) != token.backup_eligible or (
        flags & BACKED_UP and not flags & BACKUP_ELIGIBLE
    ):
        raise SignatureRefused("backup-flags", "The token's backup flags are not those it was admitted with.")
    if flags & ATTESTED_CREDENTIAL:
        raise SignatureRefused("bad-authenticator-data", "An assertion carries no attested credential.")
    rest = data[37:]
    if bool(flags & EXTENSIONS) != bool(rest) or (rest and not is_one_map(rest)):
        raise SignatureRefused(
            "bad-authenticator-data", "The authenticator data has bytes that do not belong."
        )
