"""What operations on clusters have in common: the state that they result in, and how nodes judge it.

Each is bound to the state that it succeeds, and is begun on a node that all that succeed it begin on: of two
that race, one finds that the state is another by then. Moving keys is no part of it.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.base import DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.said import ClusterSaid
from hsmnodes.node.operations.steps import ACT
from hsmnodes.node.protocol.documents.base import Hash, Model, Named, Version
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.documents.cluster import MOST_MEMBERS, ClusterMode, ClusterState
from hsmnodes.node.protocol.documents.proposal import NodeAt
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent

CONFIRM, FOLLOW = "confirm", "follow"
MODES = {
    "active": "active/active (all members serve)",
    "failover": "failover (the first member serves, the others stand by in their order)",
}


class Member(Model):
    """A member by id and name, with the SHA-256 of its identity key's point."""

    node: Named = shown("HSM", "named")
    identity: Hash = shown("Words of its identity key", "hash")

    @property
    def at(self) -> NodeAt:
        """How a proposal names it."""
        return NodeAt(id=self.node.id, name=self.node.name, identity=self.identity)


class Parameters(Model):
    """The cluster as it comes to be: its mode, and its members in order."""

    cluster: Named = shown("Cluster", "named")
    mode: ClusterMode = shown("Mode", "choice", choices=MODES)
    members: Annotated[tuple[Member, ...], Field(max_length=MOST_MEMBERS)] = shown("Member", "list")

    @property
    def state(self) -> ClusterState:
        """The state that it results in. Raises ProposalRefused if there is no such state."""
        return state_of(self, revision=1, previous=None)


class Succeeding(Parameters):
    """The cluster as it comes to be, at which revision, and the hash of the state that this succeeds."""

    revision: Annotated[Version, Field(ge=2)] = shown("Revision", "integer")
    succeeds: Hash = shown("State that it succeeds", "hash")

    @property
    @override
    def state(self) -> ClusterState:
        return state_of(self, revision=self.revision, previous=self.succeeds)


P = TypeVar("P", bound=Parameters)


class ClusterOperation(NodeOperation[P]):
    """An operation on a cluster: nothing of it touches the HSM, so it is done or not, and never half."""

    consent = Consent((AuthorityKind.PROVIDER,), floor=2)
    rules = {AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR),)}
    most_nodes = MOST_MEMBERS
    said = {ACT: ClusterSaid, CONFIRM: ClusterSaid}
    titles = {"cluster": "Cluster", "state": "State of the cluster", "revision": "Revision"}

    @override
    def check(self, request: Request[P], node: Surroundings) -> None:
        state = request.parameters.state
        for said in request.earlier.values():
            if said.results["state"] != state.sha256:
                raise ProposalRefused("other-cluster", "An earlier step was about another state.")
        for member in (*state.members, *request.proposal.nodes):
            if not node.is_enrolled(member):
                raise ProposalRefused(
                    "unknown-node", f"The node {member.name} is not enrolled by this provider, as known here."
                )
        self.check_change(request, node, state)

    @abstractmethod
    def check_change(self, request: Request[P], node: Surroundings, state: ClusterState) -> None:
        """Whether this node goes from where it is to that state. Raises ProposalRefused."""

    @override
    def carry_out(self, request: Request[P], hands: Hands) -> Result:
        state = request.parameters.state
        said = {
            "cluster": state.cluster.model_dump(),
            "state": state.sha256,
            "revision": state.revision,
        }
        return Result(self.told(request), said)

    def told(self, request: Request[P]) -> str:
        """What a step comes to, in a sentence."""
        name = request.parameters.cluster.name
        if request.act == CONFIRM:
            return f"Nothing here speaks against it: the node can be a member of {name}."
        return f"The node has noted revision {request.parameters.state.revision} of cluster {name}."

    @override
    def settle(self, request: Request[P], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: P, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.enter(parameters.state)


def state_of(wanted: Parameters, *, revision: int, previous: str | None) -> ClusterState:
    """The state that parameters describe. Raises ProposalRefused if a member stands twice."""
    members = tuple(one.at for one in wanted.members)
    if len({one.id for one in members}) != len(members):
        raise ProposalRefused("member-twice", "A member of the cluster stands twice.")
    return ClusterState(
        cluster=wanted.cluster, mode=wanted.mode, members=members, revision=revision, previous=previous
    )


def current_of(node: Surroundings, state: ClusterState) -> ClusterState:
    """The state that this node's cluster has, which `state` must succeed. Raises ProposalRefused."""
    current = node.holdings.cluster
    if current is None:
        raise ProposalRefused("in-no-cluster", "This node is in no cluster.")
    if current.cluster.id != state.cluster.id:
        raise ProposalRefused("other-cluster", f"This node is in another cluster, {current.cluster.name}.")
    if current.cluster.name != state.cluster.name:
        raise ProposalRefused("other-name", f"The cluster is called {current.cluster.name} here.")
    if (state.revision, state.previous) != (current.revision + 1, current.sha256):
        raise ProposalRefused(
            "other-predecessor",
            f"The cluster is at revision {current.revision} here, and this succeeds another state of it.",
        )
    return current


def check_can_enter(request: Request[Any], node: Surroundings, state: ClusterState) -> None:
    """Whether this node may become a member. Raises ProposalRefused."""
    if node.holdings.cluster is not None:
        raise ProposalRefused(
            "in-a-cluster", f"This node is in cluster {node.holdings.cluster.cluster.name} already."
        )
    node.holdings.check_name_is_free("cluster", state.cluster.name, what="cluster", owner=state.cluster.id)
    check_zones_agree(request, node, state)


def check_zones_agree(request: Request[Any], node: Surroundings, state: ClusterState) -> None:
    """Whether every zone that this node holds has agreed to the state. Raises ProposalRefused."""
    for slot in node.holdings.slots.values():
        if node.holdings.agreed_until.get((slot.zone.id, state.sha256), 0) <= request.clock:
            raise ProposalRefused(
                "not-agreed",
                f"The key managers of Trust Zone {slot.zone.name}, which is on this node, have not agreed.",
            )


def check_nodes(request: Request[Any], expected: Sequence[NodeAt]) -> None:
    """Whether the proposal is for just these nodes, in this order. Raises ProposalRefused."""
    if request.proposal.nodes != tuple(expected):
        raise ProposalRefused("other-node", "The proposal is for other nodes, or in another order.")


def same_order(state: ClusterState, current: ClusterState, *, without: str) -> bool:
    """Whether the members are the current ones in their order, leaving one (its id) out of both."""
    return [one for one in state.members if one.id != without] == [
        one for one in current.members if one.id != without
    ]


Change = Literal["form", "join", "leave"]
