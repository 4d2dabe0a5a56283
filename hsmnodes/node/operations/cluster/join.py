"""Have a node join a cluster: it says that it can, then the members note it, the first before the rest."""

from typing_extensions import override

from hsmnodes.node.operations.base import Request
from hsmnodes.node.operations.cluster.states import (
    CONFIRM,
    FOLLOW,
    ClusterOperation,
    Succeeding,
    check_can_enter,
    check_nodes,
    current_of,
    same_order,
)
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.steps import ACT, Step
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.cluster import ClusterState
from hsmnodes.node.protocol.errors import ProposalRefused

FIRST, NEWCOMER = 0, 1


class Parameters(Succeeding):
    """The cluster with the node that joins, at its place."""

    joined: Named = shown("HSM that joins", "named")


class JoinCluster(ClusterOperation[Parameters]):
    """No key moves by it: zones are extended to the new member by proposals of their own."""

    tag = "cluster.join/v1"
    title = "Have an HSM join a cluster"
    button = "Join"
    sentence = (
        "Have HSM {joined} join cluster {cluster}, {mode}; its members are then {members[].node}, in this "
        "order (revision {revision})."
    )
    parameters = Parameters
    nodes = 2

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return (
            Step(NEWCOMER, CONFIRM, record=False),
            Step(FIRST, ACT, (0,)),
            *(Step(place, FOLLOW, (1,)) for place in range(1, count)),
        )

    @override
    def check_change(self, request: Request[Parameters], node: Surroundings, state: ClusterState) -> None:
        first, newcomer, *others = request.proposal.nodes
        if (newcomer.id, newcomer.name) != (request.parameters.joined.id, request.parameters.joined.name):
            raise ProposalRefused("other-node", "The proposal is for another node than the one that joins.")
        if set(state.members) != {first, newcomer, *others}:
            raise ProposalRefused("other-members", "The members are others than the proposal is for.")
        if node.node.id == newcomer.id:
            check_can_enter(request, node, state)
            return
        current = current_of(node, state)
        check_nodes(request, (current.members[0], newcomer, *current.members[1:]))
        if current.has(newcomer.id):
            raise ProposalRefused("is-member", f"{newcomer.name} is a member already.")
        if state.mode != current.mode or not same_order(state, current, without=newcomer.id):
            raise ProposalRefused("other-cluster", "Mode and order of the members are not changed by a join.")


operation = JoinCluster()
