"""The picture of where everything is: data centres, the nodes in them, the zones in those."""

from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from hsmnodes.access import visible_data_centres, visible_nodes, visible_slots
from hsmnodes.models import DataCentre, Node, Slot
from tenants.models import Organisation, Person


@dataclass(frozen=True)
class Box:
    """A node with the slots the viewer may see; `free` and `others` only where the viewer sees all of it."""

    node: Node
    slots: tuple[Slot, ...]
    free: int
    others: int
    exclusive: bool


@dataclass(frozen=True)
class Region:
    """A data centre with its nodes."""

    place: DataCentre
    boxes: tuple[Box, ...]


def regions(viewer: Person, customer: Organisation | None = None) -> list[Region]:
    """The data centres that `viewer` sees; with `customer`, as that customer would see them."""
    slots = visible_slots(viewer).select_related("zone__service__customer").order_by("name")
    nodes = visible_nodes(viewer).select_related("cluster", "provider").order_by("name")
    places = visible_data_centres(viewer).order_by("name")
    if customer is not None:
        slots = slots.filter(zone__service__customer=customer)
        nodes = nodes.filter(placements__service__customer=customer).distinct()
        places = places.filter(nodes__in=nodes).distinct()
    whole = viewer.organisation.is_provider and customer is None
    nodes = nodes.prefetch_related(Prefetch("zone_slots", slots, to_attr="seen"), "placements__service")
    by_place: dict[str, list[Box]] = {}
    for node in nodes:
        by_place.setdefault(node.data_centre_id, []).append(_box(node, whole=whole))
    return [Region(place, tuple(by_place.get(place.id, ()))) for place in places]


def _box(node: Node, *, whole: bool) -> Box:
    seen = tuple(node.seen)
    used = max(node.slots_used, len(seen))
    return Box(
        node,
        seen,
        free=max(0, node.slots - used) if whole else 0,
        others=used - len(seen) if whole else 0,
        exclusive=any(placement.service.mode == "exclusive" for placement in node.placements.all()),
    )


def status_advice(node: Node) -> str:
    """What to do about a node that is not simply online."""
    return {
        "admitting": _("Propose its enrolment; compare the words of its identity key at the machine."),
        "late": _("Its heartbeat is overdue. Usually it returns by itself; watch it."),
        "offline": _("Nothing was heard of it. Look at its host and network; warrants wait in its queue."),
        "out-of-step": _(
            "It refuses to act because its journal may have been set back. Look at its status there."
        ),
    }.get(str(node.status), "")
