"""Warrants about clusters: Cleo proposes, Ada and Ben approve; for a zone Dina, with Emil and Fay."""

from collections.abc import Sequence

from hsmnodes.node.protocol.documents import ClusterState, Named, NodeAt, Warrant
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment, NodeOfCast
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, named
from tests.cast.signing import make_warrant

PAIR = named("Amsterdam and Frankfurt")


def formed(members: Sequence[NodeOfCast], *, mode: str = "active", cluster: Named = PAIR) -> ClusterState:
    """The first state of a cluster of these nodes."""
    return ClusterState(
        cluster=cluster, mode=mode, members=tuple(one.at for one in members), revision=1, previous=None
    )


def after(state: ClusterState, members: Sequence[NodeAt], **changes) -> ClusterState:
    """The state after this one, with these members."""
    values = {
        "cluster": state.cluster,
        "mode": state.mode,
        "members": tuple(members),
        "revision": state.revision + 1,
        "previous": state.sha256,
    }
    return ClusterState(**values | changes)


def joined(state: ClusterState, node: NodeOfCast) -> ClusterState:
    """The state after this one, with a further member at the end."""
    return after(state, (*state.members, node.at))


def left(state: ClusterState, node: NodeOfCast) -> ClusterState:
    """The state after this one, without a member."""
    return after(state, [one for one in state.members if one.id != node.node.id])


def form_cluster(cast: Deployment, state: ClusterState, nodes: Sequence[NodeOfCast], **changes) -> Warrant:
    """To form the cluster of this state on these nodes."""
    return _signed(cast, "cluster.form/v1", told(state) | changes, nodes)


def join_cluster(cast: Deployment, state: ClusterState, nodes: Sequence[NodeOfCast], **changes) -> Warrant:
    """To have the second of these nodes join, so that the cluster has this state; the first begins."""
    parameters = succeeding(state) | {"joined": nodes[1].node.model_dump()} | changes
    return _signed(cast, "cluster.join/v1", parameters, nodes)


def leave_cluster(
    cast: Deployment, state: ClusterState, leaver: NodeOfCast, nodes: Sequence[NodeOfCast], **changes
) -> Warrant:
    """To have a node leave, so that the cluster has this state, on these nodes."""
    parameters = succeeding(state) | {"left": leaver.node.model_dump()} | changes
    return _signed(cast, "cluster.leave/v1", parameters, nodes)


def change_mode(cast: Deployment, state: ClusterState, nodes: Sequence[NodeOfCast], **changes) -> Warrant:
    """To change the mode or the order of a cluster to this state, on its nodes in their order so far."""
    return _signed(cast, "cluster.change-mode/v1", succeeding(state) | changes, nodes)


def agree_to_cluster(
    cast: Deployment, state: ClusterState, node: NodeOfCast, zone: Chain, change: str, /, **changes
) -> Warrant:
    """For a zone to agree that a node comes into a cluster, or goes from it, which then has this state."""
    authority = zone.current.authority
    parameters = told(state) | {
        "zone": {"id": authority.id, "name": authority.name},
        "node": node.node.model_dump(),
        "change": change,
        "revision": state.revision,
        "succeeds": state.previous,
    }
    proposal = cast.propose("cluster.agree/v1", parameters | changes, [zone], [node], DINA)
    return make_warrant(proposal, DINA, (EMIL, FAY))


def told(state: ClusterState) -> dict:
    """The parameters that every operation has of a state."""
    return {
        "cluster": state.cluster.model_dump(),
        "mode": state.mode,
        "members": [
            {"node": {"id": one.id, "name": one.name}, "identity": one.identity} for one in state.members
        ],
    }


def succeeding(state: ClusterState) -> dict:
    """The parameters of a state that succeeds another."""
    return told(state) | {"revision": state.revision, "succeeds": state.previous}


def _signed(cast: Deployment, tag: str, parameters: dict, nodes: Sequence[NodeOfCast]) -> Warrant:
    return make_warrant(cast.propose(tag, parameters, [cast.northgate], nodes, CLEO), CLEO, (ADA, BEN))
