"""Exclusive services: whole HSMs with one Trust Zone."""

from tenants.errors import Invalid
from tenants.models import Service, ServiceMode, TrustZone


def zone_alone_in(service: Service, *, but: str = "") -> TrustZone | None:
    """The zone that an exclusive service has already, leaving out the one with the id `but`."""
    if service.mode != ServiceMode.EXCLUSIVE:
        return None
    return service.zones.filter(founded_at__isnull=False).exclude(pk=but).first()


def check_alone(service: Service, *, but: str = "") -> None:
    """Raise Invalid if there is such a zone."""
    zone = zone_alone_in(service, but=but)
    if zone is not None:
        raise Invalid("hsm-is-exclusive", in_words(service, zone))


def in_words(service: Service, zone: TrustZone) -> str:
    """Why it gets no other zone."""
    return (
        f"{service.name} is exclusive: whole HSMs with one Trust Zone, which is {zone.name}. Another zone "
        "takes another service."
    )
