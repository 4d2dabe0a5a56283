"""Rejections and cancellations: once a node has seen a valid one, the proposal stays closed to it."""

from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.closing import Closed
from hsmnodes.node.protocol.consistency import AMEND, RECOVER
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Assertion, Cancellation
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Signatures, tally
from hsmnodes.node.protocol.recovery import stopping
from hsmnodes.node.protocol.seating import rules_for


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
    facts: Facts,
    proposal: Proposal,
    cancellation: Cancellation,
    request: Assertion | None,
    *,
    coming: Charter | None = None,
) -> Draft | None:
    """The journal's entry for a cancellation, or None where the proposal is closed already.

    It counts under the charters in force of whichever authorities are pinned here; by the requester only if
    `request` is their signature on the proposal; and by those of the charter that is `coming` by it, once it
    is announced here. Raises Refused if it is not by someone eligible, or too late.
    """
    if proposal.sha256 in facts.closed:
        return None
    if any(done == proposal.sha256 for done in facts.intents.values()):
        raise ProposalRefused("too-late", "The proposal was carried out already.")
    signatures = Signatures(request=request or cancellation.assertion, cancellations=(cancellation,))
    closed = _closed_here(facts, proposal, signatures) or _closed_by_who_comes(
        facts, proposal, signatures, coming
    )
    if closed is None:
        raise ProposalRefused("not-a-cancellation", "Nobody who may cancel the proposal has signed this.")
    return closing_draft(proposal, closed, cancellation.raw)


def _closed_here(facts: Facts, proposal: Proposal, signatures: Signatures) -> Closed | None:
    """By those of the charters in force; a recovery by anybody of that which is to be recovered.

    And by those who may have consented to it: of the other sides also the versions that it names.
    """
    chains = {one: facts.chains.get((one.kind, one.id)) for one in proposal.authorities}
    charters = [chain.current for chain in chains.values() if chain is not None]
    if proposal.operation != RECOVER:
        return tally(charters, proposal, signatures, floor=1).closed
    recovered = [one for one in charters if one.sha256 == proposal.previous]
    if not recovered:
        raise ProposalRefused("too-late", "The charter that was to be recovered is not in force here.")
    others = [one for one in charters if one is not recovered[0]]
    for named, chain in chains.items():
        others += [one for one in (chain.charters[:-1] if chain else ()) if one.sha256 == named.hash]
    return stopping(recovered[0], others, proposal, signatures).closed


def _closed_by_who_comes(
    facts: Facts, proposal: Proposal, signatures: Signatures, coming: Charter | None
) -> Closed | None:
    if coming is None or proposal.sha256 not in facts.announced:
        return None
    if proposal.operation not in (AMEND, RECOVER) or coming.sha256 != proposal.parameters.get("charter"):
        return None
    return tally((coming,), proposal, signatures, floor=1, ruling=rules_for(AMEND)).closed
