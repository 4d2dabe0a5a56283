"""Suspensions of tokens on a node: verified against the charters that it pins, then journaled."""

from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.suspensions import Suspension
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.suspensions import check_suspension

MOST_STATEMENTS = 8
"""So many suspensions of one token are kept apart: a quorum lifts each by itself."""


def suspension_draft(facts: Facts, suspension: Suspension) -> Draft | None:
    """The journal's entry for a suspension, or None if it is known already. Raises Refused."""
    stated = suspension.stated
    chain = facts.chains.get((stated.authority.kind, stated.authority.id))
    if chain is None:
        raise ProposalRefused("not-pinned", f"This node knows no charter of {stated.authority.name}.")
    known = {
        credential: {how.by for how in held.values()}
        for (authority, credential), held in facts.holdings.suspended.items()
        if authority == stated.authority.id
    }
    check_suspension(suspension, chain.charters, suspended=known)
    if stated.sha256 in facts.holdings.lifted:
        raise ProposalRefused("lifted", "A quorum has lifted this suspension; make another if need be.")
    held = facts.holdings.suspended.get((stated.authority.id, stated.credential_id), {})
    if stated.sha256 in held:
        return None
    if len(held) >= MOST_STATEMENTS:
        raise ProposalRefused("too-many", "This token is suspended often enough.")
    return Draft("suspended", {"suspension": canonical.b64u(suspension.raw)})
