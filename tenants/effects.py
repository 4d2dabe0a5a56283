"""What an authorised proposal does in the console itself, where no node acts on it."""

from collections.abc import Callable, Mapping

from hsmnodes.node.protocol.errors import ProposalRefused
from tenants import charters, clock, exclusive, log, statements, tags
from tenants.log import About, Event
from tenants.models import Proposal, Service, TrustZone


def _found_zone(proposal: Proposal) -> None:
    charter = charters.bring_zone_into_force(hash_=proposal.document.parameters["charter"])
    zone = TrustZone.objects.select_related("service").get(pk=charter.authority)
    _check_alone(zone)
    TrustZone.objects.filter(pk=zone.pk).update(founded_at=clock.now())
    log.record(
        Event.ZONE_FOUNDED,
        f"The zone {zone.name} is founded.",
        about=About("zone", zone.id, zone.service.provider_id, zone.service.customer_id),
    )


def _check_alone(zone: TrustZone) -> None:
    """Of two zones that were proposed for one exclusive service the second is not founded."""
    service = Service.objects.select_for_update(no_key=True).get(pk=zone.service_id)
    other = exclusive.zone_alone_in(service, but=zone.pk)
    if other is not None:
        raise ProposalRefused("hsm-is-exclusive", exclusive.in_words(service, other))


def _amend_charter(proposal: Proposal) -> None:
    charters.bring_amendment_into_force(
        hash_=proposal.document.parameters["charter"], warrant=bytes(proposal.warrant)
    )


def _sign_statement(proposal: Proposal) -> None:
    statements.sign_statement(proposal)


EFFECTS: Mapping[str, Callable[[Proposal], None]] = {
    tags.FOUND_ZONE: _found_zone,
    tags.AMEND_CHARTER: _amend_charter,
    tags.RECOVER_CHARTER: _amend_charter,
    tags.SIGN_STATEMENT: _sign_statement,
}
