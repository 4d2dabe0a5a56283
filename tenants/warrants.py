"""Warrants as they go to nodes: the proposal, who signed it, and the documents behind it."""

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion, Warrant
from tenants import tags
from tenants.models import Proposal, State
from tenants.verdicts import signatures_of


def assemble_warrant(proposal: Proposal) -> Warrant:
    """The warrant of a proposal with the signatures it has now."""
    signatures = signatures_of(proposal)
    return Warrant(
        proposal=canonical.b64u(bytes(proposal.raw)),
        request=_request(proposal),
        approvals=signatures.approvals,
        rejections=signatures.rejections,
        cancellations=signatures.cancellations,
        evidence=tuple(map(canonical.b64u, evidence_for(proposal))),
    )


def evidence_for(proposal: Proposal) -> list[bytes]:
    """The bytes of further documents a node asks for: the founding warrant of the zone a slot is for, or the
    proposal that is to be abandoned.
    """
    if proposal.operation == tags.ABANDON_WARRANT:
        abandoned = Proposal.objects.filter(pk=proposal.document.parameters["abandoned"]).first()
        return [bytes(abandoned.raw)] if abandoned else []
    if proposal.operation not in tags.MAKE_SLOTS:
        return []
    founding = founding_of(proposal.document.parameters["zone"]["id"])
    return [bytes(founding.warrant)] if founding else []


def founding_of(zone: str) -> Proposal | None:
    """The proposal by which the zone with this id was founded."""
    return (
        Proposal.objects.filter(zone=zone, operation=tags.FOUND_ZONE, state=State.DONE)
        .order_by("-created_at")
        .first()
    )


def _request(proposal: Proposal) -> Assertion:
    request = proposal.request_assertion
    if request is None:
        raise ValueError("a draft has no warrant")
    return request
