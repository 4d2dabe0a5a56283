"""Have a node leave its cluster: it notes that first, if it can be reached, and those that stay note it, too.

No key goes: the zones on it stay there until they are withdrawn. A node that is lost is left out of the
proposal; those that stay judge by what they last heard of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.operations.base import Request, Result
from hsmnodes.node.operations.cluster.states import (
    FOLLOW,
    ClusterOperation,
    Succeeding,
    check_zones_agree,
    current_of,
    same_order,
)
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.steps import Step, first_then_others
from hsmnodes.node.operations.zone.inventory import inventory
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.cluster import ClusterState
from hsmnodes.node.protocol.errors import ProposalRefused

LOST_AFTER = 3600
"""Seconds for which nothing must have been heard of a member before the others go on without asking it."""


class Parameters(Succeeding):
    """The cluster as it stays, and the node that leaves it."""

    left: Named = shown("HSM that leaves", "named")


class LeaveCluster(ClusterOperation[Parameters]):
    """A zone that would be left on no other member has to be extended, or withdrawn, first."""

    tag = "cluster.leave/v1"
    title = "Have an HSM leave its cluster"
    button = "Leave"
    sentence = (
        "Have HSM {left} leave cluster {cluster}, {mode}; its members are then {members[].node}, in this "
        "order (revision {revision})."
    )
    parameters = Parameters
    titles = ClusterOperation.titles | {"left": "Has left"}

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return first_then_others(count, FOLLOW)

    @override
    def check_change(self, request: Request[Parameters], node: Surroundings, state: ClusterState) -> None:
        current, wanted, nodes = current_of(node, state), request.parameters.left, request.proposal.nodes
        leaver = next((one for one in current.members if one.id == wanted.id), None)
        if leaver is None or leaver.name != wanted.name:
            raise ProposalRefused("not-a-member", f"{wanted.name} is not a member of the cluster.")
        if (
            state.has(leaver.id)
            or state.mode != current.mode
            or not same_order(state, current, without=leaver.id)
        ):
            raise ProposalRefused("other-members", "Those that stay are others, or in another order.")
        if nodes == (leaver, *state.members):
            if node.node.id == leaver.id:
                check_zones_agree(request, node, state)
                _check_held_elsewhere(_own(node), node, state.members)
        elif nodes == state.members:
            _check_is_lost(leaver.id, request, node, current)
        else:
            raise ProposalRefused("other-node", "The proposal is for other nodes, or in another order.")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        done = super().carry_out(request, hands)
        if not request.earlier and request.proposal.nodes[0].id == request.parameters.left.id:
            left = request.parameters.left
            detail = f"The node has left cluster {request.parameters.cluster.name}."
            return Result(detail, {**done.results, "left": left.model_dump()})
        return done

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        if "left" in results:
            holdings.leave_cluster()
        else:
            holdings.enter(parameters.state)


def _own(node: Surroundings) -> dict[str, str]:
    """The digest of the keys of each zone that is here, by its id."""
    return {zone: inventory(node.holdings, zone)["digest"] for zone in node.holdings.slots}


def _check_held_elsewhere(zones: Mapping[str, str], node: Surroundings, stay: Iterable[Any]) -> None:
    """Whether each of these zones is, as it is here, on one of those that stay. Raises ProposalRefused."""
    stay = list(stay)
    there: set[tuple[str, str]] = set()
    for one in stay:
        heard = node.heard_of(one.id)
        held = _own(node) if one.id == node.node.id else heard.zones if heard is not None else {}
        there |= set(held.items())
    if stay and set(zones.items()) - there:
        raise ProposalRefused(
            "held-nowhere-else",
            "A Trust Zone that is on the node would be, as it is there, on no other member: extend it to one "
            "that stays, or withdraw it, first.",
        )


def _check_is_lost(
    leaver: str, request: Request[Parameters], node: Surroundings, current: ClusterState
) -> None:
    """Whether nothing was heard of a member for long, or it says itself that it has left."""
    heard = node.heard_of(leaver)
    if heard is None:
        raise ProposalRefused("never-heard", "This node has never heard what is on the one that leaves.")
    if heard.cluster != current.cluster.id and heard.at > node.holdings.cluster_since:
        return  # it says itself that it is no member
    if request.clock < heard.at + LOST_AFTER:
        raise ProposalRefused(
            "not-lost", "The node that leaves was heard within the last hour: it has to be asked itself."
        )
    _check_held_elsewhere(heard.zones, node, [one for one in current.members if one.id != leaver])


operation = LeaveCluster()
