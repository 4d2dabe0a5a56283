"""Conditions of nodes and zones that are alarms when they last, with what to do about each.

Looked for by the worker from time to time, over what the last verified heartbeats said.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Max
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from hsmnodes import alarms
from hsmnodes.alarms import Found
from hsmnodes.comparing import bring_digests_up_to_date
from hsmnodes.models import Node, NodeStatus, Placement, Slot
from hsmnodes.outages import zones_out_of_service
from tenants import clock
from tenants.models import TrustZone
from tenants.notices import kinds

ENOUGH_TO_COMPARE_CLOCKS = 3


def look() -> None:
    """Look for every condition."""
    note_shared_delay()
    everyone = list(Node.objects.in_brief())
    nodes = [node for node in everyone if _is_heard(node)]
    unheard = {node.pk for node in everyone} - {node.pk for node in nodes}
    note_differences()
    alarms.observe(kinds.NODE_OUT_OF_STEP, _out_of_step(nodes), unheard=unheard)
    alarms.observe(kinds.ZONE_OUT_OF_STEP, _zones_that_differ())
    ready = [node for node in nodes if node.reported_state == "ready"]  # others do not look at their zones
    not_ready = {node.pk for node in everyone} - {node.pk for node in ready}
    alarms.observe(kinds.ZONE_OUT_OF_SERVICE, zones_out_of_service(ready), unheard=not_ready)
    alarms.observe(kinds.NODE_CLOCK, _clocks(nodes), unheard=unheard)
    alarms.observe(kinds.NODE_DISK, _disks(nodes), unheard=unheard)
    alarms.forget_old()


def note_differences() -> None:
    """Note since when a slot's node says otherwise than receipts do, or lacks keys that others have."""
    slots = list(
        Slot.objects.only("zone_id", "node_id", "keys_digest", "keys_count", "keys_version", "differs_since")
    )
    bring_digests_up_to_date(slots)
    said = {
        (node, held["id"]): held["digest"]
        for node, zones in Node.objects.values_list("pk", "zones_held").iterator()
        for held in zones
    }
    by_zone: dict[str, list[Slot]] = defaultdict(list)
    for slot in slots:
        by_zone[slot.zone_id].append(slot)
    begun, ended = [], []
    for slot in slots:
        whole = max(by_zone[slot.zone_id], key=lambda one: one.keys_count).keys_digest
        told = said.get((slot.node_id, slot.zone_id), slot.keys_digest)
        differs = not told == slot.keys_digest == whole
        if differs and slot.differs_since is None:
            begun.append(slot.pk)
        elif not differs and slot.differs_since is not None:
            ended.append(slot.pk)
    Slot.objects.filter(pk__in=begun).update(differs_since=clock.now())
    Slot.objects.filter(pk__in=ended).update(differs_since=None)


def _is_heard(node: Node) -> bool:
    return node.status in (NodeStatus.ONLINE, NodeStatus.LATE, NodeStatus.OUT_OF_STEP)


def _out_of_step(nodes: Iterable[Node]) -> Iterator[Found]:
    """Nodes that refuse to act, go by other charters, or have waited for their peers since they started."""
    found = [node for node in nodes if node.is_out_of_step or node.reported_state == "starting"]
    customers = _customers(found)
    for node in found:
        advice = _(
            "The charters it lacks are sent to it again; if it stays so, look at its queue and its log."
        )
        if node.reported_state == "refusing":
            advice = _("Read quorate-node status at the machine before anything else is done with it.")
        elif node.reported_state == "starting":
            advice = _(
                "Until then it carries out nothing and serves no application. See that the other HSMs, the "
                "broker and the console's worker run: their answers come that way."
            )
        words, to_customers = (
            _("%(name)s is out of step: %(why)s %(what)s") % {"name": node.name, "why": why, "what": advice}
            for why in (node.whole_reason, node.status_reason)
        )
        over = _("%(name)s is in step again.") % {"name": node.name}
        yield Found(
            "node",
            node.pk,
            words,
            over,
            node.provider_id,
            tuple(sorted(customers[node.pk])),
            to_customers=to_customers,
        )


def _zones_that_differ() -> Iterator[Found]:
    differing = Slot.objects.filter(differs_since__isnull=False)
    for zone in TrustZone.objects.filter(pk__in=differing.values("zone")).select_related("service"):
        where = differing.filter(zone=zone).order_by("node__name")
        words = _(
            "%(name)s: its HSMs do not have the same keys (%(where)s). Compare them; what is missing usually "
            "waits for an HSM that cannot be reached."
        ) % {"name": zone.name, "where": ", ".join(where.values_list("node__name", flat=True))}
        over = _("%(name)s: its HSMs have the same keys again.") % {"name": zone.name}
        yield Found("zone", zone.pk, words, over, zone.service.provider_id, (zone.service.customer_id,))


def note_shared_delay() -> None:
    """Note by how much the clocks of all nodes look late alike: so long their messages take."""
    lately = clock.now() - timedelta(seconds=settings.NODE_OFFLINE_SECONDS)
    heard = Node.objects.filter(last_seen_at__gte=lately).aggregate(
        n=Count("pk"), most=Max("clock_difference")
    )
    shared = min(0, heard["most"]) if heard["n"] >= ENOUGH_TO_COMPARE_CLOCKS else 0
    Node.objects.exclude(clock_shared=shared).update(clock_shared=shared)


def _clocks(nodes: Iterable[Node]) -> Iterator[Found]:
    """Clocks that are wrong, as it is judged for a node's status."""
    for node in nodes:
        if node.clock_reason:
            words = _("%(name)s: %(why)s See to its time service (chronyc tracking).") % {
                "name": node.name,
                "why": node.clock_reason,
            }
            over = _("%(name)s: its clock is right again.") % {"name": node.name}
            yield Found("node", node.pk, words, over, node.provider_id)


def _disks(nodes: Iterable[Node]) -> Iterator[Found]:
    for node in nodes:
        if is_disk_nearly_full(node.figures):
            words = _(
                "%(name)s: its disk is nearly full, %(free)s of %(size)s are free. Make room on its host: "
                "what it cannot journal it does not do."
            ) % {
                "name": node.name,
                "free": filesizeformat(node.figures["disk_free"]),
                "size": filesizeformat(node.figures["disk_size"]),
            }
            over = _("%(name)s: its disk has room again.") % {"name": node.name}
            yield Found("node", node.pk, words, over, node.provider_id)


def is_disk_nearly_full(figures: Mapping[str, int]) -> bool:
    """Whether less is free than the console's settings ask for; what is not known is not full."""
    if "disk_free" not in figures:
        return False
    return figures["disk_free"] * 100 < figures["disk_size"] * settings.DISK_PERCENT


def _customers(nodes: list[Node]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    placed = Placement.objects.filter(node__in=[node.pk for node in nodes])
    for node, customer in placed.values_list("node", "service__customer"):
        found[node].add(customer)
    return found
