"""Whether a zone was founded as its slot's proposal says: the customer's consent and the charter's terms."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from hsmnodes.node.operations.base import Request
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.operations.holdings import Service
from hsmnodes.node.operations.zone.found import Parameters as Founding
from hsmnodes.node.operations.zone.found import operation as found_zone
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter, ZoneTerms
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import ProposalRefused, Refused
from hsmnodes.node.protocol.quorum import Signatures, evaluate


def check_founding(
    *,
    zone: Charter,
    named: Named,
    service: Service,
    provider: Charter,
    customer: Charter,
    evidence: Sequence[bytes],
    now: int,
    is_closed: Callable[[str], bool],
    suspended: Collection[str] = (),
) -> None:
    """Check that the customer wants this zone, called `named`, of whose charter `zone` is version 1.

    Exactly one piece of evidence is expected: the `zone.found` warrant, good under the customer's charter in
    force at `now`; tokens whose credential ids are `suspended` do not count. Raises ProposalRefused.
    """
    if zone.authority.name != named.name:
        raise ProposalRefused("other-name", "The Trust Zone has another name in its charter.")
    found = _founding_warrant(evidence, customer, now, is_closed, suspended)
    if found.zone != named or found.charter != zone.sha256:
        raise ProposalRefused("other-founding", "The customer agreed to another Trust Zone or charter.")
    if found.service != Named(id=service.id, name=service.name):
        raise ProposalRefused("other-founding", "The customer agreed to a Trust Zone of another service.")
    terms = ZoneTerms(
        service=found.service,
        provider=Named(id=provider.authority.id, name=provider.authority.name),
        customer=Named(id=customer.authority.id, name=customer.authority.name),
        controller=found.controller,
    )
    if zone.zone != terms:
        raise ProposalRefused("other-terms", "The terms in the zone's charter are not those agreed to.")


def check_as_founded(request: Request[Any], zone: Named, service: Service, node: Surroundings) -> None:
    """Check the founding of a zone that comes to a further node, as `check_founding` does for the first.

    The customer's consent is good under the version of their charter that it names, as of the moment from
    which it was good. Raises ProposalRefused.
    """
    customer, at = _as_founded(request, node.charters(AuthorityKind.CUSTOMER, service.customer.id))
    check_founding(
        zone=request.foundings[AuthorityKind.ZONE],
        named=zone,
        service=service,
        provider=request.charters[AuthorityKind.PROVIDER],
        customer=customer,
        evidence=request.evidence,
        now=at,
        is_closed=node.is_closed,
    )


def _as_founded(request: Request[Any], customer: tuple[Charter, ...]) -> tuple[Charter, int]:
    """The version of the customer's charter under which the zone was founded, and from when that was good."""
    if len(request.evidence) != 1:
        raise ProposalRefused("evidence", "The zone's founding warrant, and only it, must come as evidence.")
    founding = Proposal.from_bytes(Warrant.from_bytes(request.evidence[0]).proposal_bytes)
    named = {one.hash for one in founding.authorities}
    for charter in customer:
        if charter.sha256 in named:
            return charter, founding.not_before
    raise ProposalRefused("evidence", "The zone was founded under a charter that this node does not know.")


def _founding_warrant(
    evidence: Sequence[bytes],
    customer: Charter,
    now: int,
    is_closed: Callable[[str], bool],
    suspended: Collection[str],
) -> Founding:
    if len(evidence) != 1:
        raise ProposalRefused("evidence", "The zone's founding warrant, and only it, must come as evidence.")
    try:
        warrant = Warrant.from_bytes(evidence[0])
        proposal = Proposal.from_bytes(warrant.proposal_bytes)
        if proposal.operation != found_zone.tag or proposal.nodes:
            raise ProposalRefused("operation", "It is not a warrant to found a Trust Zone.")
        founding = found_zone.read(proposal.parameters)
    except Refused as refused:
        raise ProposalRefused("evidence-" + refused.code, f"The evidence: {refused.message}") from None
    if is_closed(proposal.sha256):
        raise ProposalRefused("evidence-closed", "The founding of the Trust Zone was rejected or cancelled.")
    verdict = evaluate(
        (customer,),
        proposal,
        Signatures.of(warrant),
        consent=found_zone.consent_for(founding),
        now=now,
        suspended=suspended,
    )
    if not verdict.authorised:
        reason = (
            verdict.problems[0].message if verdict.problems else "signatures are missing, or it was closed."
        )
        raise ProposalRefused("evidence-not-authorised", f"The customer's consent does not hold: {reason}")
    return founding
