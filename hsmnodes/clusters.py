"""Clusters as the receipts of their members say they are: never by a form, and never back.

A receipt was verified before it comes here, and is about the very parameters that were signed.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from hsmnodes import steps
from hsmnodes.models import Cluster, Node, Receipt
from hsmnodes.node.operations.cluster.states import FOLLOW, Parameters
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.operations.steps import ACT
from hsmnodes.node.protocol.documents import ClusterState, Outcome
from tenants import clock, tags
from tenants.models import RUNNING_STATES, Proposal, State, TrustZone


def noted(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """A node has noted a state of a cluster: it is the cluster's if it is the latest, and the node's own."""
    state = state_of(receipt.proposal.operation, parameters)
    if receipt.results["state"] != state.sha256:
        return
    cluster = _take(receipt, state)
    if state.has(receipt.node_id):
        Node.objects.filter(pk=receipt.node_id).update(cluster=cluster)
    # Who has left notes that itself; one that is lost is left out by those that stay.
    gone = parameters.get("left", {}).get("id")
    if gone == receipt.node_id or (gone and gone not in {one.id for one in receipt.proposal.document.nodes}):
        Node.objects.filter(pk=gone, cluster=cluster).update(cluster=None)


def _take(receipt: Receipt, state: ClusterState) -> Cluster:
    """The cluster of a state; where that is the latest known, it is what the cluster is."""
    values = {
        "mode": state.mode,
        "members": [one.model_dump() for one in state.members],
        "revision": state.revision,
        "state": state.sha256,
        "proposal": receipt.proposal,
        "changed_at": receipt.at,
    }
    cluster, made = Cluster.objects.select_for_update(no_key=True).get_or_create(
        id=state.cluster.id,
        defaults=values
        | {"provider": receipt.proposal.provider, "name": state.cluster.name, "created_at": receipt.at},
    )
    if not made and cluster.revision < state.revision:
        for name, value in values.items():
            setattr(cluster, name, value)
        cluster.save()
    return cluster


def state_of(tag: str, parameters: Mapping[str, Any]) -> ClusterState:
    """The state that an operation on a cluster results in."""
    found = operation(tag).read(parameters)
    assert isinstance(found, Parameters)  # noqa: S101 -- the tags of such operations only
    return found.state


CONFIRMED = {(tag, act): noted for tag in tags.CHANGE_CLUSTERS for act in (ACT, FOLLOW)}


def members_of(cluster: Cluster) -> list[Node]:
    """The members in their order."""
    nodes = Node.objects.filter(provider=cluster.provider_id).select_related("data_centre")
    found = nodes.in_bulk(cluster.member_ids)
    return [found[one] for one in cluster.member_ids if one in found]


def pending(provider: str) -> QuerySet[Proposal]:
    """The proposals of a provider that would change a cluster, and are not done or given up."""
    return Proposal.objects.filter(
        provider=provider,
        operation__in=tags.CHANGE_CLUSTERS,
        state__in=[State.PROPOSED, State.REFUSED, *RUNNING_STATES],
    ).exclude(code="abandoned")


def send_refused(node: Node) -> None:
    """Send again what a node refused of changes of a cluster: it has taken another step, or a zone agreed."""
    begun = Proposal.objects.filter(receipts__outcome=Outcome.DONE.value).values("pk")
    waiting = pending(node.provider_id).filter(state=State.REFUSED).select_for_update(no_key=True)
    for proposal in waiting:
        named = any(one.id == node.id for one in proposal.document.nodes)
        alive = proposal.expires_at > clock.now() or begun.filter(pk=proposal.pk).exists()
        if named and alive:
            steps.send_ready(proposal)


def waiting_for(zone: TrustZone, node: Node) -> list[Proposal]:
    """The proposals about a zone of which a step on a node is still to be taken, the oldest first."""
    running = Proposal.objects.filter(
        zone=zone, state__in=[State.REFUSED, State.FAILED, State.INDETERMINATE, *RUNNING_STATES]
    ).exclude(code="abandoned")
    return [one for one in running.order_by("created_at") if _has_step_left(one, node)]


def _has_step_left(proposal: Proposal, node: Node) -> bool:
    planned = steps.steps_of(proposal)
    if len(planned) < 2:  # what was refused on its one node came to nothing
        return False
    done = set(proposal.receipts.filter(outcome=Outcome.DONE.value).values_list("step", flat=True))
    left = [number for number, step in enumerate(planned) if number not in done]
    return bool(done) and any(steps.node_of(proposal, planned[number]) == node.id for number in left)
