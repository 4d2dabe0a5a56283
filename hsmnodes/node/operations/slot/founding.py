"""Whether a zone was founded as its slot's proposal says: the customer's consent and the charter's terms."""

from collections.abc import Callable, Sequence

from hsmnodes.node.operations.holdings import Service
from hsmnodes.node.operations.zone.found import Parameters as Founding
from hsmnodes.node.operations.zone.found import operation as found_zone
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.charter import Charter, ZoneTerms
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import ProposalRefused, Refused
from hsmnodes.node.protocol.quorum import Signatures, evaluate


def check_founding(
    *,
    zone: Charter,
    named: Named,
    founding: str,
    service: Service,
    provider: Charter,
    customer: Charter,
    evidence: Sequence[bytes],
    now: int,
    is_closed: Callable[[str], bool],
) -> None:
    """Check that the customer wants this zone, called `named`, whose version 1 has the hash `founding`.

    Exactly one piece of evidence is expected: the `zone.found` warrant, good under the customer's charter in
    force at `now`. Raises ProposalRefused.
    """
    if zone.authority.name != named.name:
        raise ProposalRefused("other-name", "The Trust Zone has another name in its charter.")
    found = _founding_warrant(evidence, customer, now, is_closed)
    if found.zone != named or found.charter != founding:
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


def _founding_warrant(
    evidence: Sequence[bytes], customer: Charter, now: int, is_closed: Callable[[str], bool]
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
        (customer,), proposal, Signatures.of(warrant), consent=found_zone.consent_for(founding), now=now
    )
    if not verdict.authorised:
        reason = (
            verdict.problems[0].message if verdict.problems else "signatures are missing, or it was closed."
        )
        raise ProposalRefused("evidence-not-authorised", f"The customer's consent does not hold: {reason}")
    return founding
