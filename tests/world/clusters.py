"""Clusters of the world: proposed by Cleo, approved by Ada and Ben, and noted by nodes without an HSM."""

from collections.abc import Sequence
from typing import Any

from hsmnodes import steps
from hsmnodes.clusters import state_of
from hsmnodes.models import Cluster
from hsmnodes.node.protocol.documents import ClusterState
from tenants import clock, tags
from tenants.identifiers import new_id
from tenants.models import Proposal
from tests.cast.people import ADA, BEN, CLEO
from tests.world.nodes import NodeOfWorld
from tests.world.world import World


def bare(provider: str, name: str, mode: str = "active") -> Cluster:
    """A row for pictures and figures, not kept yet, as if some receipt had told of it."""
    now = clock.now()
    return Cluster(
        id=new_id(),
        provider_id=provider,
        name=name,
        mode=mode,
        state="0" * 64,
        proposal=Proposal.objects.first(),
        created_at=now,
        changed_at=now,
    )


def told(nodes: Sequence[NodeOfWorld], *, name: str, mode: str = "active") -> dict[str, Any]:
    """The parameters of a new cluster."""
    return {
        "cluster": {"id": new_id(), "name": name},
        "mode": mode,
        "members": [_member(node) for node in nodes],
    }


def propose_cluster(world: World, *nodes: NodeOfWorld, name: str = "Pair", mode: str = "active") -> Proposal:
    """To form a cluster of these."""
    parameters = told(nodes, name=name, mode=mode)
    return world.propose(tags.FORM_CLUSTER, parameters, by=CLEO, nodes=list(nodes))


def succeed(world: World, tag: str, cluster: Cluster, nodes: Sequence[NodeOfWorld], **more: Any) -> Proposal:
    """To give a cluster its next state."""
    parameters = {
        "cluster": {"id": cluster.pk, "name": cluster.name},
        "mode": cluster.mode,
        "revision": cluster.revision + 1,
        "succeeds": cluster.state,
    }
    return world.propose(tag, parameters | more, by=CLEO, nodes=list(nodes))


def join(world: World, cluster: Cluster, newcomer: NodeOfWorld, *members: NodeOfWorld) -> Proposal:
    """To have a further node join."""
    first, *others = members
    joined = newcomer.row.named().model_dump()
    told_of = [_member(one) for one in (*members, newcomer)]
    return succeed(
        world, tags.JOIN_CLUSTER, cluster, [first, newcomer, *others], members=told_of, joined=joined
    )


def leave(
    world: World, cluster: Cluster, leaver: NodeOfWorld, *stay: NodeOfWorld, asked: bool = True
) -> Proposal:
    """To have a member leave, which is asked itself or not."""
    nodes = [leaver, *stay] if asked else list(stay)
    left = leaver.row.named().model_dump()
    return succeed(
        world, tags.LEAVE_CLUSTER, cluster, nodes, members=[_member(one) for one in stay], left=left
    )


def carry(world: World, proposal: Proposal, *nodes: NodeOfWorld) -> Proposal:
    """Have it approved, and noted step by step; the proposal as it is then."""
    return answer(world.approve(proposal, ADA, BEN), *nodes)


def answer(proposal: Proposal, *nodes: NodeOfWorld, only: Sequence[int] | None = None) -> Proposal:
    """Have its steps taken, or only some of them."""
    state = state_of(proposal.operation, proposal.document.parameters)
    by_id = {node.id: node for node in nodes}
    for number, step in enumerate(steps.steps_of(proposal)):
        if only is None or number in only:
            node = by_id[steps.node_of(proposal, step)]
            node.answer(proposal, step=number, results=results(state))
    return Proposal.objects.get(pk=proposal.pk)


def formed(world: World, *nodes: NodeOfWorld, **options: Any) -> Cluster:
    """A cluster of these."""
    proposal = carry(world, propose_cluster(world, *nodes, **options), *nodes)
    return Cluster.objects.get(pk=proposal.document.parameters["cluster"]["id"])


def results(state: ClusterState) -> dict[str, Any]:
    """What a node says that has noted a state."""
    return {
        "cluster": state.cluster.model_dump(),
        "state": state.sha256,
        "revision": state.revision,
    }


def membership(cluster: Cluster) -> dict[str, Any]:
    """What a member says of it in a heartbeat."""
    return {"id": cluster.pk, "revision": cluster.revision, "state": cluster.state}


def _member(node: NodeOfWorld) -> dict[str, Any]:
    row = node.row
    return {"node": row.named().model_dump(), "identity": row.identity_hash}
