"""Whom and what a proposal concerns: the organisations that see it, and its zone."""

from dataclasses import dataclass

from hsmnodes.node.protocol.documents import AuthorityKind
from hsmnodes.node.protocol.documents import Proposal as ProposalDocument
from tenants import tags
from tenants.models import Organisation, Person, TrustZone


@dataclass(frozen=True)
class Concerns:
    """The provider it happens at, the customer if one is concerned, and the zone if one is."""

    provider: Organisation
    customer: Organisation | None
    zone: TrustZone | None


def concerns_of(document: ProposalDocument, requester: Person) -> Concerns:
    """What `document`, drafted for `requester`, concerns."""
    parties = {authority.kind: authority.id for authority in document.authorities}
    zone_id = parties.get(AuthorityKind.ZONE)
    if document.operation == tags.FOUND_ZONE:
        zone_id = document.parameters["zone"]["id"]
    zone = (
        TrustZone.objects.select_related("service__customer").filter(pk=zone_id).first() if zone_id else None
    )
    customer = zone.service.customer if zone else None
    if customer is None and AuthorityKind.CUSTOMER in parties:
        customer = Organisation.objects.get(pk=parties[AuthorityKind.CUSTOMER])
    return Concerns(requester.organisation.provider_or_self, customer, zone)
