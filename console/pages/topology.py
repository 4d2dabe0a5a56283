"""The picture of where everything is: data centres, the nodes in them, the zones in those, and clusters."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hsmnodes.access import visible_data_centres, visible_nodes, visible_slots
from hsmnodes.models import Cluster, DataCentre, Node, NodeStatus, Slot
from tenants.models import Organisation, Person

MOST_BOXES = 40
"""As many nodes are drawn; where there are more, each data centre is told in figures."""
MOST_TROUBLED = 12


@dataclass(frozen=True)
class Box:
    """A node with the slots the viewer may see; `free` and `others` only where the viewer sees all of it."""

    node: Node
    slots: tuple[Slot, ...]
    free: int
    others: int
    exclusive: bool
    whole: bool

    @property
    def load(self) -> str:
        """What it is used for, in words; empty where that is not the viewer's business."""
        if not self.whole or not self.node.slots:
            return ""
        said = [
            _("%(used)d of %(all)d slots") % {"used": self.node.slots_used, "all": self.node.slots},
            ngettext("%(n)d key", "%(n)d keys", self.node.keys_held) % {"n": self.node.keys_held},
        ]
        if "load" in self.node.figures:
            said.append(_load_in_words(self.node.figures["load"]))
        return " · ".join(said)

    @property
    def explained(self) -> str:
        """The node in one sentence."""
        said = [f"{self.node.name}: {self.node.status.label.lower()}", self.load]
        if self.whole and "sessions" in self.node.figures:
            sessions = self.node.figures["sessions"]
            said.append(ngettext("%(n)d session", "%(n)d sessions", sessions) % {"n": sessions})
        reason = self.node.whole_reason if self.whole else self.node.status_reason
        return ". ".join(one for one in (*said, reason) if one)

    @property
    def mark(self) -> tuple[object, ...]:
        """What of it is shown, as far as it is worth being drawn anew for."""
        load = self.node.figures.get("load", 0) // 10 if self.whole else 0
        return (
            self.node.pk,
            self.node.status,
            self.node.keys_held,
            self.node.slots_used,
            len(self.slots),
            load,
        )


@dataclass(frozen=True)
class Region:
    """A data centre with its nodes: drawn as `boxes`, or where there are too many, counted by state."""

    place: DataCentre
    boxes: tuple[Box, ...]
    counts: tuple[tuple[NodeStatus, int], ...] = ()
    troubled: tuple[Node, ...] = ()
    more_troubled: int = 0

    @property
    def count(self) -> int:
        return len(self.boxes) or sum(count for _, count in self.counts)


@dataclass(frozen=True)
class Picture:
    """Everything to be drawn. `links` are the clusters of two nodes or more, with the ids of these."""

    regions: tuple[Region, ...]
    links: tuple[tuple[Cluster, frozenset[str]], ...]
    clusters: int = 0

    @property
    def is_compact(self) -> bool:
        """Whether there are too many nodes to draw each."""
        return any(region.counts for region in self.regions)

    @property
    def mark(self) -> tuple[object, ...]:
        """What is shown, to tell whether it has to be drawn anew."""
        return tuple(
            (one.place.pk, one.counts, [node.pk for node in one.troubled], [box.mark for box in one.boxes])
            for one in self.regions
        ), [(cluster.pk, cluster.mode, sorted(nodes)) for cluster, nodes in self.links]


def _load_in_words(percent: int) -> str:
    if percent > 100:
        return _("busy, load %(n)d %%") % {"n": percent}
    return _("load %(n)d %%") % {"n": percent}


def picture(viewer: Person, customer: Organisation | None = None) -> Picture:
    """What `viewer` sees; with `customer`, as that customer would see it."""
    nodes = visible_nodes(viewer).in_brief().order_by("name", "pk")
    places = visible_data_centres(viewer).order_by("name")
    if customer is not None:
        nodes = nodes.filter(placements__service__customer=customer).distinct()
        places = places.filter(nodes__in=nodes.order_by()).distinct()
    whole = viewer.organisation.is_provider and customer is None
    by_place: dict[str, list[Node]] = defaultdict(list)
    if nodes.count() > MOST_BOXES:
        for node in nodes:
            by_place[node.data_centre_id].append(node)
        counted = tuple(_counted(place, by_place[place.pk]) for place in places)
        return Picture(counted, (), len(_linked(one for of in by_place.values() for one in of)))
    slots = visible_slots(viewer).select_related("zone__service__customer").order_by("name")
    if customer is not None:
        slots = slots.filter(zone__service__customer=customer)
    found = list(_with_slots(nodes, slots))
    for node in found:
        by_place[node.data_centre_id].append(node)
    regions = tuple(
        Region(place, tuple(_box(node, whole=whole) for node in by_place[place.pk])) for place in places
    )
    linked = _linked(found)
    clusters = {node.cluster_id: node.cluster for node in found}
    links = tuple((clusters[one], frozenset(nodes)) for one, nodes in sorted(linked.items()))
    return Picture(regions, links, len(links))


def _with_slots(nodes: QuerySet[Node], slots: QuerySet[Slot]) -> QuerySet[Node]:
    return nodes.select_related("cluster", "provider").prefetch_related(
        Prefetch("zone_slots", slots, to_attr="seen"), "placements__service"
    )


def _linked(nodes: Iterable[Node]) -> dict[str, list[str]]:
    """The clusters of two nodes or more."""
    members: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        if node.cluster_id is not None:
            members[node.cluster_id].append(node.pk)
    return {cluster: ids for cluster, ids in members.items() if len(ids) > 1}


def _counted(place: DataCentre, nodes: list[Node]) -> Region:
    states = {node.pk: node.status for node in nodes}
    counts = Counter(states.values())
    troubled = [node for node in nodes if states[node.pk] != NodeStatus.ONLINE]
    return Region(
        place,
        (),
        tuple((state, counts[state]) for state in NodeStatus if counts[state]),
        tuple(troubled[:MOST_TROUBLED]),
        max(0, len(troubled) - MOST_TROUBLED),
    )


def _box(node: Node, *, whole: bool) -> Box:
    seen = tuple(node.seen)
    used = max(node.slots_used, len(seen))
    return Box(
        node,
        seen,
        free=max(0, node.slots - used) if whole else 0,
        others=used - len(seen) if whole else 0,
        exclusive=any(placement.service.mode == "exclusive" for placement in node.placements.all()),
        whole=whole,
    )


def status_advice(node: Node) -> str:
    """What to do about a node that is not simply online, or has only just started."""
    if node.is_waiting:
        return _(
            "This takes seconds. If it stays so, see that the other HSMs, the broker and the console's "
            "worker run: the answers come that way. Its own status says how they are carried by hand."
        )
    return {
        "admitting": _("Propose its enrolment; compare the words of its identity key at the machine."),
        "late": _("Its heartbeat is overdue. Usually it returns by itself; watch it."),
        "offline": _("Nothing was heard of it. Look at its host and network; warrants wait in its queue."),
        "out-of-step": _("It refuses to act, or is not in step with the console. Look at its status there."),
    }.get(str(node.status), "")
