"""Whoever gives a share for an operation does not count among those who approve it, where a rule says so."""

from collections.abc import Collection, Sequence

from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import ShareRefused
from hsmnodes.node.protocol.problems import custodians_apart
from hsmnodes.node.protocol.quorum import Signatures, tally


def check_apart(charters: Sequence[Charter], warrant: Warrant, contributors: Collection[str]) -> None:
    """Refuse a share if, without the approvals of all `contributors` (ids of people), too few have approved.

    `charters` are those by which the warrant was verified. Raises ShareRefused.
    """
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    if not custodians_apart(charters, proposal.operation):
        return
    verdict = tally(charters, proposal, Signatures.of(warrant), floor=1, contributors=contributors)
    if not verdict.authorised:
        raise ShareRefused(
            "custodian-apart",
            "Whoever gives a share for this does not count among those who approve it, and without those who "
            "have given one too few have approved.",
        )
