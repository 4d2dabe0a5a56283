"""How a cluster is shown: its members in order, and how each zone stands on each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from console.pages.forms.cluster_fields import is_lost
from hsmnodes import clusters
from hsmnodes.access import visible_nodes
from hsmnodes.models import Cluster, Node, Placement
from hsmnodes.standing import Standing, Stands, not_in_step, standings
from tenants import access, tags
from tenants.models import Person, Proposal, TrustZone

COLOURS = {
    Stands.IN_STEP: "ok",
    Stands.FILLING: "run",
    Stands.BEHIND: "wait",
    Stands.OUT: "bad",
    Stands.WAITING: "wait",
    Stands.UNHEARD: "odd",
    Stands.SILENT: "quiet",
    Stands.PROPOSED: "wait",
    Stands.MISSING: "quiet",
}
SAID = {
    Stands.IN_STEP: _l("In step"),
    Stands.BEHIND: _l("Behind"),
    Stands.OUT: _l("Out of service"),
    Stands.WAITING: _l("Waiting to hear the others"),
    Stands.UNHEARD: _l("Serves, and hears no other"),
    Stands.SILENT: _l("Nothing heard yet"),
    Stands.PROPOSED: _l("Proposed"),
    Stands.MISSING: _l("Missing"),
}


@dataclass(frozen=True)
class Cell:
    """A zone on a member, with where to go if it is to come there."""

    standing: Standing
    address: str = ""
    button: str = ""

    @property
    def colour(self) -> str:
        """The class of its state."""
        return f"state-{COLOURS[self.standing.state]}"

    @property
    def explanation(self) -> str:
        """What that means, in a sentence."""
        match self.standing.state:
            case Stands.BEHIND:
                return _("It lacks a change of the keys that %(peer)s has, and serves for a while yet.") % {
                    "peer": self.standing.peer
                }
            case Stands.OUT:
                return _(
                    "It lacks a change of the keys that %(peer)s has, so it does not serve this zone. It "
                    "will by itself, as soon as it is in step."
                ) % {"peer": self.standing.peer}
            case Stands.WAITING:
                return _("It has started, and asks the other members first what they have.")
            case _:
                return _(
                    "No other member of its cluster can be heard, so it cannot tell whether it is in step."
                )

    @property
    def label(self) -> str:
        """Its state in words."""
        if self.standing.state is Stands.FILLING:
            return _("Filling: %(n)d of %(m)d keys") % {"n": self.standing.has, "m": self.standing.of}
        return str(SAID[self.standing.state])


@dataclass(frozen=True)
class MemberRow:
    """A member at its place, from 1; `follows` is whether it says that it has noted the latest state."""

    place: int
    node: Node
    duty: str
    follows: bool
    lost: bool


def cells_not_in_step(nodes: Iterable[Node], person: Person, zone: TrustZone | None = None) -> list[Cell]:
    """Where these nodes say that they are not in step with their cluster.

    For one zone, or all that the person sees.
    """
    nodes = list(nodes)
    said = {one["zone"] for node in nodes for one in node.standings}
    zones = access.visible_zones(person).filter(pk__in=said) if said else TrustZone.objects.none()
    if zone is not None:
        zones = zones.filter(pk=zone.pk)
    return [Cell(one) for one in not_in_step(nodes, zones)]


class ClusterView:
    """A cluster as `person` sees it."""

    def __init__(self, cluster: Cluster, person: Person) -> None:
        self.cluster, self.person = cluster, person
        self.whole = person.organisation_id == cluster.provider_id
        everyone = clusters.members_of(cluster)
        seen = set(visible_nodes(person).values_list("pk", flat=True))
        self.nodes = [node for node in everyone if node.id in seen]
        self.others = len(everyone) - len(self.nodes)

    @property
    def members(self) -> list[MemberRow]:
        """Its members in order, as far as they are seen."""
        places = {one: place for place, one in enumerate(self.cluster.member_ids, start=1)}
        return [
            MemberRow(
                place=places[node.id],
                node=node,
                duty=self._duty(places[node.id]),
                follows=(node.member_of or {}).get("state") == self.cluster.state,
                lost=is_lost(node),
            )
            for node in self.nodes
        ]

    def _duty(self, place: int) -> str:
        if not self.cluster.is_failover:
            return _("serves")
        return _("serves first") if place == 1 else _("stands by")

    @cached_property
    def zones(self) -> list[tuple[TrustZone, list[Cell]]]:
        """The zones that are on any member, each with how it stands on those that are seen."""
        zones = access.visible_zones(self.person).filter(zone_slots__node__in=self.cluster.member_ids)
        found = zones.filter(zone_slots__removed_at=None).distinct().select_related("service__customer")
        return [(zone, self._cells(zone)) for zone in found.order_by("name")]

    @property
    def missing(self) -> int:
        """On how many places a zone of the cluster is missing."""
        return sum(cell.standing.state is Stands.MISSING for _zone, row in self.zones for cell in row)

    def _cells(self, zone: TrustZone) -> list[Cell]:
        row = standings(zone, self.nodes)
        return [self._cell(one, row) for one in row]

    def _cell(self, standing: Standing, row: Sequence[Standing]) -> Cell:
        if standing.state is not Stands.MISSING or not self._may_extend(standing.zone):
            return Cell(standing)
        zone, node = standing.zone, standing.node
        if not Placement.objects.filter(service=zone.service_id, node=node).exists():
            asked = urlencode({"service": zone.service_id, "on_node": node.id})
            address = f"{reverse('propose-form', args=[tags.START_SERVICE])}?{asked}"
            return Cell(standing, address, _("Start its service there…"))
        sender = next((one.node.id for one in row if one.state is Stands.IN_STEP), "")
        asked = urlencode({"zone": zone.id, "receiver": node.id, "sender": sender})
        return Cell(
            standing, f"{reverse('propose-form', args=[tags.EXTEND_ZONE])}?{asked}", _("Extend it there…")
        )

    def _may_extend(self, zone: TrustZone) -> bool:
        return access.may_propose(self.person, [zone.id, self.cluster.provider_id])

    @property
    def pending(self) -> list[Proposal]:
        """What would change it and is under way, as far as the person sees it."""
        found = clusters.pending(self.cluster.provider_id).filter(
            pk__in=access.visible_proposals(self.person).values("pk")
        )
        return [one for one in found if one.document.parameters["cluster"]["id"] == self.cluster.id]
