"""Whose token made an assertion: looked up in charters and verified by what each charter pins."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.charter import Charter, Person, Token
from hsmnodes.node.protocol.documents.signatures import (
    Assertion,
    Cancellation,
    CancellationStatement,
    Rejection,
    RejectionStatement,
)
from hsmnodes.node.protocol.errors import Refused, SignatureRefused
from hsmnodes.node.protocol.webauthn import ReadAssertion, read_assertion


class Signer(NamedTuple):
    """A person of one charter whose token's signature was verified."""

    charter: Charter
    person: Person
    token: Token
    counter: int


Found = tuple[list[Signer], Refused | None]
"""The signers found, and the reason where there is none at all."""


def find_signers(charters: Sequence[Charter], assertion: Assertion, challenge: bytes) -> Found:
    """Who made `assertion`, in each charter that has the credential, verified under that charter."""
    [found] = find_signers_of(charters, [(assertion, challenge)])
    return found


def find_signers_of(charters: Sequence[Charter], claims: Iterable[tuple[Assertion, bytes]]) -> list[Found]:
    """Who made each of these assertions, each with the challenge that it should be over.

    First everything is read, then all signatures are verified: by turns, each would find the processor's
    caches full of what the other needs.
    """
    read = [_read(charters, assertion, challenge) for assertion, challenge in claims]
    verified: dict[tuple[bytes, bytes, bytes], int | Refused] = {}
    return [_verify(candidates, verified) for candidates in read]


_Candidate = tuple[Charter, Person, ReadAssertion | Refused]


def _read(charters: Sequence[Charter], assertion: Assertion, challenge: bytes) -> list[_Candidate]:
    """What stands in an assertion, for each charter that has its credential."""
    candidates: list[_Candidate] = []
    for charter in charters:
        found = charter.by_credential.get(assertion.credential_id)
        if found is not None:
            person, token = found
            try:
                read: ReadAssertion | Refused = read_assertion(
                    assertion, challenge=challenge, token=token, desk=charter.desk
                )
            except Refused as refusal:
                read = refusal
            candidates.append((charter, person, read))
    return candidates


def _verify(
    candidates: Iterable[_Candidate],
    verified: dict[tuple[bytes, bytes, bytes], int | Refused],
) -> Found:
    """The candidates whose signatures hold; the same signature by the same key is verified once."""
    signers: list[Signer] = []
    refusal: Refused | None = None
    for charter, person, read in candidates:
        if isinstance(read, Refused):
            refusal = read
            continue
        what = (read.token.key_bytes, read.signature, read.signed)
        counter = verified.get(what)
        if counter is None:
            counter = verified[what] = _counter(read)
        if isinstance(counter, Refused):
            refusal = counter
        else:
            signers.append(Signer(charter, person, read.token, counter))
    if signers:
        return signers, None
    return [], refusal or SignatureRefused("unknown-token", "No charter concerned has this token.")


def _counter(read: ReadAssertion) -> int | Refused:
    try:
        return read.verify()
    except Refused as refusal:
        return refusal


def read_statement(signed: Rejection | Cancellation) -> RejectionStatement | CancellationStatement:
    """The statement a rejection or cancellation carries.

    Raises DocumentRefused if it is not one of the right kind.
    """
    data = canonical.b64u_decode(signed.statement)
    if isinstance(signed, Rejection):
        return RejectionStatement.from_bytes(data)
    return CancellationStatement.from_bytes(data)
