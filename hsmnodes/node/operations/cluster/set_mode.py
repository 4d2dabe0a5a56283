"""Change how a cluster shares the work: active/active or failover, and the order of its members."""

from typing_extensions import override

from hsmnodes.node.operations.base import Request
from hsmnodes.node.operations.cluster.states import (
    FOLLOW,
    ClusterOperation,
    Succeeding,
    check_nodes,
    current_of,
)
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.operations.steps import Step, first_then_others
from hsmnodes.node.protocol.documents.cluster import ClusterState
from hsmnodes.node.protocol.errors import ProposalRefused


class ChangeMode(ClusterOperation[Succeeding]):
    """Kits of applications that are admitted from then on say so; those that were admitted keep theirs."""

    tag = "cluster.change-mode/v1"
    title = "Change the mode of a cluster"
    button = "Change mode"
    sentence = "Change cluster {cluster} to {mode}, with the members {members[].node}, in this order."
    parameters = Succeeding

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return first_then_others(count, FOLLOW)

    @override
    def check_change(self, request: Request[Succeeding], node: Surroundings, state: ClusterState) -> None:
        current = current_of(node, state)
        check_nodes(request, current.members)
        if set(state.members) != set(current.members):
            raise ProposalRefused("other-members", "The members are others than those of the cluster.")
        if (state.mode, state.members) == (current.mode, current.members):
            raise ProposalRefused("no-change", "The cluster has this mode and this order already.")


operation = ChangeMode()
