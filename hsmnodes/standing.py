"""How each Trust Zone stands on each member of a cluster: in step, behind, filling, or not there yet.

By what the HSMs signed last of themselves, and by their receipts. Which keys are meant is for the members to
say: the console shows it, and decides nothing by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hsmnodes import clusters
from hsmnodes.comparing import Member, compare
from hsmnodes.models import Node
from tenants import clock, tags
from tenants.models import RUNNING_STATES, Proposal, State, TrustZone


class Stands(StrEnum):
    """How a zone stands on a node."""

    IN_STEP = "in-step"
    FILLING = "filling"
    BEHIND = "behind"
    OUT = "out"
    WAITING = "waiting"
    UNHEARD = "unheard"
    SILENT = "silent"
    PROPOSED = "proposed"
    MISSING = "missing"


SAID = {
    "behind": Stands.BEHIND,
    "out": Stands.OUT,
    "waiting": Stands.WAITING,
    "unheard": Stands.UNHEARD,
}


@dataclass(frozen=True)
class Standing:
    """A zone on a node: `has` of `of` keys by its receipts, since when and behind whom it says it is.

    `waiting` are the proposals of which a step on it is still to be taken.
    """

    zone: TrustZone
    node: Node
    state: Stands
    has: int
    of: int
    since: datetime | None = None
    peer: str = ""
    waiting: tuple[Proposal, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether its applications are served there, as far as is known."""
        return self.state in (Stands.IN_STEP, Stands.BEHIND, Stands.UNHEARD, Stands.FILLING)


def standings(zone: TrustZone, nodes: Iterable[Node]) -> list[Standing]:
    """How a zone stands on each of these nodes, in their order."""
    compared = compare(zone).members
    total = max((one.keys + len(one.missing) for one in compared), default=0)
    by_node = {one.slot.node_id: one for one in compared}
    return [_standing(zone, node, by_node.get(node.id), total) for node in nodes]


def _standing(zone: TrustZone, node: Node, member: Member | None, total: int) -> Standing:
    if member is None:
        return _to_come(zone, node, total)
    said = next((one for one in node.standings if one["zone"] == zone.id), None)
    if said is not None and said["state"] in SAID:
        return Standing(
            zone,
            node,
            SAID[said["state"]],
            member.keys,
            total,
            since=clock.from_unix(said["since"]),
            peer=(said.get("peer") or {}).get("name", ""),
            waiting=tuple(clusters.waiting_for(zone, node)),
        )
    state = Stands.IN_STEP
    if member.said is None:
        state = Stands.SILENT
    elif member.missing:
        state = Stands.FILLING
    waiting = tuple(clusters.waiting_for(zone, node)) if member.missing else ()
    return Standing(zone, node, state, member.keys, total, waiting=waiting)


def _to_come(zone: TrustZone, node: Node, total: int) -> Standing:
    """A zone that is not on a node: perhaps it is being extended to it, or that is proposed."""
    extensions = Proposal.objects.filter(operation=tags.EXTEND_ZONE, zone=zone, node=node.id)
    running = extensions.filter(state__in=RUNNING_STATES).first()
    if running is not None:
        return Standing(zone, node, Stands.FILLING, 0, total, waiting=(running,))
    proposed = extensions.filter(state=State.PROPOSED).first()
    if proposed is not None:
        return Standing(zone, node, Stands.PROPOSED, 0, total, waiting=(proposed,))
    return Standing(zone, node, Stands.MISSING, 0, total)


def not_in_step(nodes: Sequence[Node], zones: Iterable[TrustZone]) -> list[Standing]:
    """Of these nodes and zones, where a node says that it is not in step, or serves without being sure."""
    known = {zone.id: zone for zone in zones}
    return [
        Standing(
            known[said["zone"]],
            node,
            SAID[said["state"]],
            0,
            0,
            since=clock.from_unix(said["since"]),
            peer=(said.get("peer") or {}).get("name", ""),
            waiting=tuple(clusters.waiting_for(known[said["zone"]], node)),
        )
        for node in nodes
        for said in node.standings
        if said["zone"] in known and said["state"] in SAID
    ]
