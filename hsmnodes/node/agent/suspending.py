"""Suspensions on a node, of tokens and applications: verified against its pinned charters, then journaled."""

from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.agent.links import Chain
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.proposal import AuthorityAt
from hsmnodes.node.protocol.documents.suspensions import Suspension
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.suspensions import check_application_suspension, check_suspension

MOST_STATEMENTS = 8
"""So many suspensions of one token, or of one application, are kept apart."""
MOST_SUSPENDED = 400
"""So many applications of a zone can be suspended on a node, those that never came there included."""


def suspension_draft(facts: Facts, suspension: Suspension) -> Draft | None:
    """The journal's entry for a suspension, or None if it is known already. Raises Refused."""
    is_known = _of_application if suspension.is_of_application else _of_token
    if is_known(facts, suspension):
        return None
    return Draft("suspended", {"suspension": canonical.b64u(suspension.raw)})


def _of_token(facts: Facts, suspension: Suspension) -> bool:
    """Whether a suspension of a token is known. Raises Refused if it does not hold."""
    stated = suspension.stated
    chain = _chain(facts, stated.authority)
    known = {
        credential: {how.by for how in held.values()}
        for (authority, credential), held in facts.holdings.suspended.items()
        if authority == stated.authority.id
    }
    check_suspension(suspension, chain.charters, suspended=known)
    if stated.sha256 in facts.holdings.lifted:
        raise ProposalRefused("lifted", "A quorum has lifted this suspension; make another if need be.")
    held = facts.holdings.suspended.get((stated.authority.id, stated.credential_id), {})
    if stated.sha256 not in held and len(held) >= MOST_STATEMENTS:
        raise ProposalRefused("too-many", "This token is suspended often enough.")
    return stated.sha256 in held


def _of_application(facts: Facts, suspension: Suspension) -> bool:
    """Whether a suspension of an application is known. Raises Refused if it does not hold.

    It may be of one that is still to come here: a late step is then found suspended.
    """
    stated, holdings = suspension.stated_of_application, facts.holdings
    chain = _chain(facts, stated.authority)
    zone, application = stated.authority.id, stated.application
    suspended = facts.suspended_under(chain.current)
    check_application_suspension(suspension, chain.charters, suspended=suspended)
    if (zone, stated.sha256) in holdings.resumed:
        raise ProposalRefused("lifted", "A quorum has lifted this suspension; make another if need be.")
    known = holdings.applications.get(application.id)
    if application.id in holdings.removed_applications or (known is not None and known.zone.id != zone):
        raise ProposalRefused("no-such-application", "There is no application of this id in the zone.")
    if known is not None and known.name != application.name:
        raise ProposalRefused("other-name", "The application of this id has another name here.")
    held = holdings.suspended_applications.get((zone, application.id), set())
    in_zone = sum(place[0] == zone for place in holdings.suspended_applications)
    if stated.sha256 not in held and (len(held) >= MOST_STATEMENTS or in_zone >= MOST_SUSPENDED):
        raise ProposalRefused("too-many", "This application, or this zone, has suspensions enough.")
    return stated.sha256 in held


def _chain(facts: Facts, authority: AuthorityAt) -> Chain:
    chain = facts.chains.get((authority.kind, authority.id))
    if chain is None:
        raise ProposalRefused("not-pinned", f"This node knows no charter of {authority.name}.")
    return chain
