"""Rejections and cancellations: a valid one, by anyone who could sign, closes a proposal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hsmnodes.node.protocol.documents.charter import Charter, Clause, Person
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Cancellation, Rejection
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.signers import find_signers, read_statement


@dataclass(frozen=True)
class Closed:
    """A rejection or cancellation that closes the proposal."""

    kind: str
    person: str
    reason: str


class Stops(Protocol):
    """What was signed to stop a proposal."""

    @property
    def rejections(self) -> tuple[Rejection, ...]: ...
    @property
    def cancellations(self) -> tuple[Cancellation, ...]: ...


def find_closing(
    charters: Sequence[Charter],
    clauses: Sequence[tuple[Charter, Clause]],
    proposal: Proposal,
    signatures: Stops,
    requester: Person | None,
    *,
    anybody_of: Charter | None = None,
) -> Closed | None:
    """The first valid rejection, or cancellation, by the requester or anyone who could sit in a clause.

    `requester` is None where it is not certain who requests; `anybody_of` is a charter of which everyone may
    stop it, whatever their duties.
    """
    for kind, purpose, signed in (
        ("rejected", Purpose.REJECT, signatures.rejections),
        ("cancelled", Purpose.CANCEL, signatures.cancellations),
    ):
        for one in signed:
            found = _closes(
                charters, clauses, proposal, one, purpose=purpose, requester=requester, of=anybody_of
            )
            if found is not None:
                return Closed(kind, *found)
    return None


def _closes(
    charters: Sequence[Charter],
    clauses: Sequence[tuple[Charter, Clause]],
    proposal: Proposal,
    signed: Rejection | Cancellation,
    *,
    purpose: Purpose,
    requester: Person | None,
    of: Charter | None,
) -> tuple[str, str] | None:
    try:
        statement = read_statement(signed)
    except Refused:
        return None
    if (statement.deployment, statement.proposal, statement.proposal_hash) != (
        proposal.deployment,
        proposal.proposal,
        proposal.sha256,
    ):
        return None
    signers, _ = find_signers(charters, signed.assertion, challenge(purpose, statement.raw))
    for signer in signers:
        requested = requester is not None and signer.person.id == requester.id
        concerned = (
            requested
            or signer.charter is of
            or any(
                charter is signer.charter and signer.person.id in charter.eligible(clause)
                for charter, clause in clauses
            )
        )
        if concerned and (signer.person.id, signer.person.name) == (
            statement.person.id,
            statement.person.name,
        ):
            return signer.person.name, statement.reason
    return None
