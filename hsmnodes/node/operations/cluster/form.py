"""Form a cluster of nodes that are in none: from then on each of them knows the others as its members.

Each of the others first says that nothing speaks against it; the first then forms it, and they follow.
"""

from typing import Annotated

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.base import Request
from hsmnodes.node.operations.cluster import states
from hsmnodes.node.operations.cluster.states import CONFIRM, FOLLOW, ClusterOperation, Member, check_can_enter
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.steps import ACT, Step
from hsmnodes.node.protocol.documents.cluster import MOST_MEMBERS, ClusterState
from hsmnodes.node.protocol.errors import ProposalRefused


class Parameters(states.Parameters):
    """The new cluster, which gets an id of its own."""

    members: Annotated[tuple[Member, ...], Field(min_length=2, max_length=MOST_MEMBERS)] = shown(
        "Member", "list"
    )


class FormCluster(ClusterOperation[Parameters]):
    """No key moves by it. Zones that are on these HSMs have to have agreed."""

    tag = "cluster.form/v1"
    title = "Form a cluster"
    button = "Form cluster"
    sentence = "Form cluster {cluster} of {members[].node}, in this order, {mode}."
    parameters = Parameters
    nodes = 2

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        others = range(1, count)
        return (
            *(Step(place, CONFIRM, record=False) for place in others),
            Step(0, ACT, tuple(range(count - 1))),
            *(Step(place, FOLLOW, (count - 1,)) for place in others),
        )

    @override
    def check_change(self, request: Request[Parameters], node: Surroundings, state: ClusterState) -> None:
        states.check_nodes(request, state.members)
        if state.cluster.id in node.holdings.clusters:
            raise ProposalRefused("id-in-use", "There was a cluster of this id already.")
        check_can_enter(request, node, state)


operation = FormCluster()
