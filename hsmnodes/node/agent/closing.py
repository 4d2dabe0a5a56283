"""Rejections and cancellations: once a node has seen a valid one, the proposal stays closed to it."""

from collections.abc import Sequence

from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.closing import Closed
from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Assertion, Cancellation
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Signatures, Verdict, tally
from hsmnodes.node.protocol.recovery import stopping


def closing_draft(proposal: Proposal, closed: Closed, document: bytes) -> Draft:
    """The journal's entry for a proposal that `document`, a warrant or cancellation, shows to be closed."""
    return Draft(
        "closed",
        {
            "proposal": proposal.proposal,
            "proposal_hash": proposal.sha256,
            "how": closed.kind,
            "by": closed.person,
            "reason": closed.reason,
            "document": canonical.b64u(document),
        },
    )


def check_cancellation(
    facts: Facts, proposal: Proposal, cancellation: Cancellation, request: Assertion | None
) -> Draft | None:
    """The journal's entry for a cancellation, or None where the proposal is closed already.

    It counts under the charters in force of whichever authorities are pinned here; by the requester only if
    `request` is their signature on the proposal. Raises Refused if it is not by someone eligible, or too
    late.
    """
    if proposal.sha256 in facts.closed:
        return None
    if any(done == proposal.sha256 for done in facts.intents.values()):
        raise ProposalRefused("too-late", "The proposal was carried out already.")
    named = [(authority.kind, authority.id) for authority in proposal.authorities]
    charters = [facts.chains[place].current for place in named if place in facts.chains]
    signatures = Signatures(request=request or cancellation.assertion, cancellations=(cancellation,))
    verdict = _count(charters, proposal, signatures)
    if verdict.closed is None:
        raise ProposalRefused("not-a-cancellation", "Nobody who may cancel the proposal has signed this.")
    return closing_draft(proposal, verdict.closed, cancellation.raw)


def _count(charters: Sequence[Charter], proposal: Proposal, signatures: Signatures) -> Verdict:
    """A recovery is stopped by anybody of the charter that is to be recovered, too."""
    if proposal.operation != RECOVER:
        return tally(charters, proposal, signatures, floor=1)
    recovered = [one for one in charters if one.sha256 == proposal.previous]
    if not recovered:
        raise ProposalRefused("too-late", "The charter that was to be recovered is not in force here.")
    others = [one for one in charters if one is not recovered[0]]
    return stopping(recovered[0], others, proposal, signatures)
