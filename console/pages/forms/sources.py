"""What a selector offers: the visible things of one kind, by the name a parameter has for it.

A parameter that is `named` and stands here is chosen from what there is; any other is a new thing, which gets
an id of its own. `NEW` lists the places where a known word means a new thing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet

from hsmnodes.access import visible_applications, visible_data_centres, visible_nodes
from hsmnodes.models import Node, Placement, Slot
from tenants import access, charters, tags
from tenants.models import CharterState, Organisation, OrganisationKind, Person, TrustZone

IN_SLOTS = ("application.", "key.", "backup.", "backup-key.", tags.EXTEND_ZONE, tags.WITHDRAW_ZONE)
INTO_SLOTS = frozenset({tags.CREATE_SLOT, tags.IMPORT_BACKUP_KEY})
SPLIT = frozenset({tags.RESHARE_BACKUP_KEY, tags.DRILL_BACKUP_KEY, tags.IMPORT_BACKUP_KEY})
NEW = frozenset({(tags.START_SERVICE, "service")})


@dataclass(frozen=True)
class Option:
    """One thing to choose; `group` is what it is listed under."""

    id: str
    name: str
    group: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        """What the selector shows."""
        return f"{self.name} – {self.note}" if self.note else self.name


Source = Callable[[Person, str], list[Option]]


def is_chosen(tag: str, field: str) -> bool:
    """Whether a named parameter is chosen from what there is."""
    return field in SOURCES and (tag, field) not in NEW


def options(person: Person, tag: str, field: str) -> list[Option]:
    """What `person` can choose for a parameter of an operation."""
    return SOURCES[field](person, tag)


def node_options(person: Person, tag: str, zone: str = "") -> list[Option]:
    """The nodes that could carry out the operation: for a zone that has slots, those where it is."""
    nodes = visible_nodes(person).select_related("data_centre").order_by("data_centre__name", "name")
    nodes = nodes.filter(enrolled_at__isnull=tag == tags.ENROL_NODE)
    if tag in INTO_SLOTS:
        nodes = nodes.exclude(placements=None).distinct()
    elif tag.startswith(IN_SLOTS):
        nodes = _with_slots(nodes, zone)
    if tag in INTO_SLOTS and zone:
        nodes = _without_zone(nodes, zone)
    if tag == tags.ADMIT_APPLICATION:
        nodes = nodes.filter(serves_applications=True)
    return _as_options(nodes)


def without_service(nodes: list[Option], service: str) -> list[Option]:
    """Those of these nodes on which a service has not been started."""
    there = set(Placement.objects.filter(service=service).values_list("node", flat=True))
    return [one for one in nodes if one.id not in there]


def moving_options(person: Person, field: str, zone: str) -> list[Option]:
    """The nodes that a zone can come to, as the `receiver`; else those that have it."""
    nodes = visible_nodes(person).select_related("data_centre").order_by("data_centre__name", "name")
    nodes = nodes.filter(enrolled_at__isnull=False)
    return _as_options(_without_zone(nodes, zone) if field == "receiver" else _with_slots(nodes, zone))


def application_options(person: Person, zone: str) -> list[Option]:
    """The applications of a zone that were not removed."""
    found = visible_applications(person).filter(zone=zone, removed_at=None).order_by("name")
    return [
        Option(one.id, one.name, "", ", ".join(token.slot.node.name for token in one.living)) for one in found
    ]


def further_options(person: Person, application: str) -> list[Option]:
    """The nodes that have an application's zone, serve applications, and not this one."""
    found = visible_applications(person).filter(pk=application, removed_at=None).first()
    if found is None:
        return []
    nodes = visible_nodes(person).select_related("data_centre").order_by("data_centre__name", "name")
    nodes = _with_slots(nodes, found.zone_id).filter(serves_applications=True)
    return _as_options(nodes.exclude(pk__in=[token.slot.node_id for token in found.living]))


def _as_options(nodes: QuerySet[Node]) -> list[Option]:
    return [Option(node.id, node.name, node.data_centre.name) for node in nodes]


def _with_slots(nodes: QuerySet[Node], zone: str) -> QuerySet[Node]:
    slots = Slot.objects.filter(zone=zone) if zone else Slot.objects.all()
    return nodes.filter(pk__in=slots.values("node"))


def _without_zone(nodes: QuerySet[Node], zone: str) -> QuerySet[Node]:
    """Those on which the zone's service was started, and on which it has no slot."""
    nodes = nodes.filter(placements__service__zones=zone).distinct()
    return nodes.exclude(pk__in=Slot.objects.filter(zone=zone).values("node"))


def _zones(person: Person, tag: str) -> list[Option]:
    zones = access.visible_zones(person).select_related("service__customer").order_by("name")
    zones = zones.filter(founded_at__isnull=tag == tags.FOUND_ZONE)
    if tag.startswith(IN_SLOTS):
        zones = zones.filter(pk__in=Slot.objects.values("zone"))
    if tag in SPLIT or tag == tags.SHARE_BACKUP_KEY:
        zones = zones.filter(share_sets__isnull=tag == tags.SHARE_BACKUP_KEY).distinct()
    return [
        Option(zone.id, zone.name, zone.service.customer.name, zone.service.name)
        for zone in _mine(person, zones)
    ]


def _mine(person: Person, zones: QuerySet[TrustZone]) -> list[TrustZone]:
    """Those in which the person could request something; a provider's people can through the provider."""
    if person.organisation.is_provider:
        return list(zones)
    return [zone for zone in zones if access.may_propose(person, [zone.id, zone.service.customer_id])]


def _services(person: Person, _tag: str) -> list[Option]:
    return service_options(person)


def service_options(person: Person) -> list[Option]:
    """The services that the person sees."""
    services = access.visible_services(person).select_related("customer").order_by("name")
    return [Option(service.id, service.name, service.customer.name) for service in services]


def _customers(person: Person, _tag: str) -> list[Option]:
    customers: QuerySet[Organisation] = access.visible_organisations(person).filter(
        kind=OrganisationKind.CUSTOMER
    )
    return [
        Option(customer.id, customer.name)
        for customer in customers.order_by("name")
        if access.charter_in_force(customer.id)
    ]


def _nodes(person: Person, tag: str) -> list[Option]:
    return node_options(person, tag)


def _data_centres(person: Person, _tag: str) -> list[Option]:
    return [Option(place.id, place.name) for place in visible_data_centres(person).order_by("name")]


def amendment_options(person: Person) -> list[Option]:
    """Next versions of charters that everyone new in them has signed, by their hash."""
    drafted = access.visible_charters(person).filter(state=CharterState.COLLECTING, version__gt=1)
    return [
        Option(version.hash, version.name, "", f"version {version.version}")
        for version in drafted.order_by("name")
        if not charters.unsigned(version)
    ]


SOURCES: dict[str, Source] = {
    "zone": _zones,
    "service": _services,
    "customer": _customers,
    "node": _nodes,
    "data_centre": _data_centres,
}
