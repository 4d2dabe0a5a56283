"""Start a service: from now on the node knows a customer, by the charter whose hash both sides signed."""

from collections.abc import Mapping
from typing import Any, Literal

from typing_extensions import override

from hsmnodes.node.operations.base import DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, Service
from hsmnodes.node.operations.steps import MOST_NODES, Step
from hsmnodes.node.protocol.documents.base import Hash, Model, Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent


class Parameters(Model):
    """The service, whether it gets the whole HSM, and the customer with the hash of its founding charter."""

    service: Named = shown("Service", "named")
    mode: Literal["exclusive", "shared"] = shown(
        "Mode",
        "choice",
        choices={"exclusive": "exclusive (a whole HSM)", "shared": "shared (a slot of an HSM)"},
    )
    customer: Named = shown("Customer", "named")
    customer_founding: Hash = shown("Customer's founding charter", "hash")


class StartService(NodeOperation[Parameters]):
    """An exclusive service is alone on its HSM; shared ones lie side by side."""

    tag = "service.start/v1"
    title = "Start a service"
    button = "Start service"
    sentence = "Start service {service} for customer {customer} on node {nodes[].name}, {mode}."
    consent = Consent((AuthorityKind.CUSTOMER, AuthorityKind.PROVIDER), floor=2)
    party_fields = {AuthorityKind.CUSTOMER: "customer"}
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR),),
        AuthorityKind.CUSTOMER: (DefaultClause(Role.SECURITY_OFFICER),),
    }
    parameters = Parameters
    most_nodes = MOST_NODES
    titles = {
        "service": "Service id",
        "customer": "Customer id",
        "customer_founding": "Customer's founding charter, SHA-256",
    }

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return tuple(Step(place) for place in range(count))

    @override
    def anchors(self, parameters: Parameters) -> Mapping[AuthorityKind, str]:
        return {AuthorityKind.CUSTOMER: parameters.customer_founding}

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted, services = request.parameters, node.holdings.services
        if request.charters[AuthorityKind.CUSTOMER].authority.name != wanted.customer.name:
            raise ProposalRefused("other-name", "The customer has another name in its charter.")
        if wanted.service.id in services:
            raise ProposalRefused("already-started", "This service was started here already.")
        node.holdings.check_name_is_free("service", wanted.service.name, what="service")
        if any(service.mode == "exclusive" for service in services.values()):
            raise ProposalRefused("hsm-is-exclusive", "This HSM is given to one service alone.")
        if wanted.mode == "exclusive" and services:
            raise ProposalRefused(
                "hsm-is-shared", "Other services are on this HSM, so none can have it alone."
            )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        wanted = request.parameters
        return Result(
            f"The {wanted.mode} service is started.",
            {
                "service": wanted.service.id,
                "customer": wanted.customer.id,
                "customer_founding": wanted.customer_founding,
            },
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        service = parameters.service
        holdings.add_service(Service(service.id, service.name, parameters.mode, parameters.customer))


operation = StartService()
