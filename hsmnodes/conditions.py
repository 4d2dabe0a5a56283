"""Conditions of nodes and zones that are alarms when they last, with what to do about each.

Looked for by the worker from time to time, over what the last verified heartbeats said.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from hsmnodes import alarms
from hsmnodes.alarms import Found
from hsmnodes.comparing import bring_digests_up_to_date
from hsmnodes.models import Node, NodeStatus, Placement, Slot
from tenants import clock
from tenants.models import TrustZone
from tenants.notices import kinds

ENOUGH_TO_COMPARE_CLOCKS = 3
HEAVY = ("last_heartbeat", "charters", "zones_held", "versions", "minute")


def look() -> None:
    """Look for every condition."""
    nodes = [node for node in Node.objects.defer(*HEAVY) if _is_heard(node)]
    note_differences()
    alarms.observe(kinds.NODE_OUT_OF_STEP, _out_of_step(nodes))
    alarms.observe(kinds.ZONE_OUT_OF_STEP, _zones_that_differ())
    alarms.observe(kinds.NODE_CLOCK, _clocks(nodes))
    alarms.observe(kinds.NODE_DISK, _disks(nodes))
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
    found = [node for node in nodes if node.status == NodeStatus.OUT_OF_STEP]
    customers = _customers(found)
    for node in found:
        advice = (
            _("Read quorate-node status at the machine before anything else is done with it.")
            if node.reported_state == "refusing"
            else _(
                "The charters it lacks are sent to it again; if it stays so, look at its queue and its log."
            )
        )
        words = _("%(name)s is out of step: %(why)s %(what)s") % {
            "name": node.name,
            "why": node.status_reason,
            "what": advice,
        }
        yield Found("node", node.pk, words, node.provider_id, tuple(sorted(customers[node.pk])))


def _zones_that_differ() -> Iterator[Found]:
    differing = Slot.objects.filter(differs_since__isnull=False)
    for zone in TrustZone.objects.filter(pk__in=differing.values("zone")).select_related("service"):
        where = differing.filter(zone=zone).order_by("node__name")
        words = _(
            "%(name)s: its HSMs do not have the same keys (%(where)s). Compare them; what is missing usually "
            "waits for an HSM that cannot be reached."
        ) % {"name": zone.name, "where": ", ".join(where.values_list("node__name", flat=True))}
        yield Found("zone", zone.pk, words, zone.service.provider_id, (zone.service.customer_id,))


def _clocks(nodes: list[Node]) -> Iterator[Found]:
    """Clocks that are wrong. How long messages take makes all of them look late alike, and is left out."""
    lately = clock.now() - timedelta(seconds=settings.NODE_OFFLINE_SECONDS)
    heard = [node for node in nodes if node.last_seen_at is not None and node.last_seen_at >= lately]
    shared = min(0, max((node.clock_difference for node in heard), default=0))
    if len(heard) < ENOUGH_TO_COMPARE_CLOCKS:
        shared = 0
    for node in heard:
        ahead, back = node.clock_difference - shared, node.figures.get("clock_behind", 0)
        if max(abs(ahead), back) <= settings.CLOCK_SECONDS:
            continue
        words = (
            _("%(name)s: its machine's clock was set back by %(n)d s. %(what)s")
            if back > settings.CLOCK_SECONDS
            else _("%(name)s: its clock is %(n)d s ahead of the console's. %(what)s")
            if ahead > 0
            else _("%(name)s: its clock is %(n)d s behind, or its messages take that long. %(what)s")
        )
        seconds = back if back > settings.CLOCK_SECONDS else abs(ahead)
        what = _("See to its time service (chronyc tracking): it judges deadlines and delays by that clock.")
        yield Found(
            "node", node.pk, words % {"name": node.name, "n": seconds, "what": what}, node.provider_id
        )


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
            yield Found("node", node.pk, words, node.provider_id)


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
