"""Enrol a node: the provider admits the machine that holds a certain identity key."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.operations.base import DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import IdentityPoint, shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Model, Name, Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent


class Parameters(Model):
    """The node, where it stands, its identity key (uncompressed P-256 point) and its PKCS#11 module."""

    node: Named = shown("Node", "named")
    data_centre: Named = shown("Data centre", "named")
    identity: IdentityPoint = shown("Identity key", "words")
    module: Name = shown("PKCS#11 module", "text")


class EnrolNode(NodeOperation[Parameters]):
    """From then on the node carries out warrants, and its peers accept its witness."""

    tag = "node.enrol/v1"
    title = "Enrol a node"
    button = "Enrol node"
    sentence = (
        "Admit {node} in data centre {data_centre} as an HSM node of the provider: the words of its identity "
        "key are the ones that its machine shows."
    )
    consent = Consent((AuthorityKind.PROVIDER,), floor=2)
    rules = {AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR),)}
    parameters = Parameters
    node_fields = ("node",)
    titles = {
        "identity": "Identity key, SHA-256",
        "data_centre": "Data centre",
    }

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        parameters = request.parameters
        if node.holdings.enrolled:
            raise ProposalRefused("already-enrolled", "This node is enrolled already.")
        if parameters.node != node.node:
            raise ProposalRefused("other-node", "The enrolment is of another node.")
        if canonical.b64u_decode(parameters.identity) != node.identity:
            raise ProposalRefused("other-identity", "The identity key is not the one of this node.")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        identity = canonical.b64u_decode(request.parameters.identity)
        return Result(
            "The node is enrolled.",
            {
                "identity": canonical.sha256_hex(identity),
                "data_centre": request.parameters.data_centre.model_dump(),
            },
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.enrolled = True


operation = EnrolNode()
