"""What an authorised proposal does in the console itself, where no node acts on it."""

from collections.abc import Callable, Mapping

from tenants import charters, clock, log, tags
from tenants.log import About, Event
from tenants.models import CharterVersion, Proposal, TrustZone


def _found_zone(proposal: Proposal) -> CharterVersion:
    charter = charters.bring_zone_into_force(hash_=proposal.document.parameters["charter"])
    zone = TrustZone.objects.select_related("service").get(pk=charter.authority)
    TrustZone.objects.filter(pk=zone.pk).update(founded_at=clock.now())
    log.record(
        Event.ZONE_FOUNDED,
        f"The zone {zone.name} is founded.",
        about=About("zone", zone.id, zone.service.provider_id, zone.service.customer_id),
    )
    return charter


def _amend_charter(proposal: Proposal) -> CharterVersion:
    return charters.bring_amendment_into_force(
        hash_=proposal.document.parameters["charter"], warrant=bytes(proposal.warrant)
    )


EFFECTS: Mapping[str, Callable[[Proposal], CharterVersion]] = {
    tags.FOUND_ZONE: _found_zone,
    tags.AMEND_CHARTER: _amend_charter,
}
