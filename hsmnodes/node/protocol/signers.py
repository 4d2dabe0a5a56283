"""Whose token made an assertion: looked up in charters and verified by what each charter pins."""

from collections.abc import Sequence
from typing import NamedTuple

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.charter import Charter, Desk, Person, Token
from hsmnodes.node.protocol.documents.signatures import (
    Assertion,
    Cancellation,
    CancellationStatement,
    Rejection,
    RejectionStatement,
)
from hsmnodes.node.protocol.errors import Refused, SignatureRefused
from hsmnodes.node.protocol.webauthn import verify_assertion


class Signer(NamedTuple):
    """A person of one charter whose token's signature was verified."""

    charter: Charter
    person: Person
    token: Token
    counter: int


def find_signers(
    charters: Sequence[Charter], assertion: Assertion, challenge: bytes
) -> tuple[list[Signer], Refused | None]:
    """Who made `assertion`, in each charter that has the credential, verified under that charter.

    Returns the signers found; and the reason where there is none at all.
    """
    signers: list[Signer] = []
    refusal: Refused | None = None
    verified: dict[tuple[str, str, bool], int] = {}
    for charter in charters:
        found = charter.by_credential.get(assertion.credential_id)
        if found is None:
            continue
        person, token = found
        try:
            counter = _verify_once(assertion, challenge, token, charter.desk, verified)
        except Refused as error:
            refusal = error
            continue
        signers.append(Signer(charter, person, token, counter))
    if signers:
        return signers, None
    return [], refusal or SignatureRefused("unknown-token", "No charter concerned has this token.")


def _verify_once(
    assertion: Assertion,
    challenge: bytes,
    token: Token,
    desk: Desk,
    verified: dict[tuple[str, str, bool], int],
) -> int:
    what = (token.public_key, desk.origin, token.backup_eligible)
    if what not in verified:
        verified[what] = verify_assertion(assertion, challenge=challenge, token=token, desk=desk).counter
    return verified[what]


def read_statement(signed: Rejection | Cancellation) -> RejectionStatement | CancellationStatement:
    """The statement a rejection or cancellation carries.

    Raises DocumentRefused if it is not one of the right kind.
    """
    data = canonical.b64u_decode(signed.statement)
    if isinstance(signed, Rejection):
        return RejectionStatement.from_bytes(data)
    return CancellationStatement.from_bytes(data)
