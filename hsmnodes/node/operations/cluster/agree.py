"""Agree, for a Trust Zone that is on a node, that the node comes into a cluster, or goes from one.

Each zone agrees by a warrant of its own on the node that holds it, which counts that when it is asked to
form, join or leave: so no customer sees another's zones, and no node needs the charter of a zone that it has
not.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.operations.base import DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.cluster import states
from hsmnodes.node.operations.cluster.states import Change
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.protocol.documents.base import Hash, Named, Version
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.documents.cluster import ClusterState
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent

AGREED_FOR = 7 * 86_400
"""Seconds for which an agreement holds."""
CHANGES = {"form": "forms it with the others", "join": "joins it", "leave": "leaves it"}


class Parameters(states.Parameters):
    """The zone, the node that it is on, what that does, and the state that the cluster comes to have."""

    zone: Named = shown("Trust Zone", "named")
    node: Named = shown("HSM", "named")
    change: Change = shown("The HSM", "choice", choices=CHANGES)
    revision: Version = shown("Revision", "integer")
    succeeds: Hash | None = shown("State that it succeeds", "hash")

    @property
    @override
    def state(self) -> ClusterState:
        if (self.revision == 1) != (self.succeeds is None):
            raise ProposalRefused("other-predecessor", "Every state but the first succeeds another.")
        return states.state_of(self, revision=self.revision, previous=self.succeeds)


class AgreeToCluster(NodeOperation[Parameters]):
    """It holds for seven days, for this one state of the cluster."""

    tag = "cluster.agree/v1"
    title = "Agree to a change of a cluster"
    button = "Agree"
    sentence = (
        "Agree, for Trust Zone {zone}, that HSM {node} {change}: cluster {cluster}, {mode}, whose members "
        "are then {members[].node}, in this order (revision {revision})."
    )
    consent = Consent((AuthorityKind.ZONE,), floor=2)
    party_fields = {AuthorityKind.ZONE: "zone"}
    node_fields = ("node",)
    rules = {AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),)}
    parameters = Parameters
    titles = {"state": "State of the cluster", "agreed_until": "Holds until"}

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        node.holdings.slot_of(wanted.zone)
        self.check_nodes(request)
        state = wanted.state
        if state.has(node.node.id) == (wanted.change == "leave"):
            raise ProposalRefused("other-members", "The members are not those of such a change.")
        if wanted.change == "leave":
            states.current_of(node, state)

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        until = hands.now() + AGREED_FOR
        return Result(
            f"The Trust Zone agrees to revision {request.parameters.revision} of the cluster.",
            {"state": request.parameters.state.sha256, "agreed_until": until},
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.agreed_until[parameters.zone.id, results["state"]] = results["agreed_until"]


operation = AgreeToCluster()
