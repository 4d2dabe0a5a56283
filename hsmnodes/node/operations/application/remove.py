"""Remove an application: its token is destroyed, and its sessions are cut. Its id is never admitted again.

Each node does so by itself. One that it has not come to yet will not take it any more.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.operations.base import Request, Result, Unsettled
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.said import Removed
from hsmnodes.node.operations.steps import ACT, MOST_NODES, Step, first_then_others
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import ProposalRefused


class Parameters(ZoneParameters):
    """The zone, and the application that is to lose its access to it."""

    application: Named = shown("Application", "named")


class RemoveApplication(ZoneOperation[Parameters]):
    """The keys of the zone stay as they are; only the copies go."""

    tag = "application.remove/v1"
    title = "Remove an application"
    button = "Remove"
    sentence = (
        "Remove the application {application} from Trust Zone {zone} on node {nodes[].name}: its sessions "
        "end at once, and it connects no more."
    )
    parameters = Parameters
    most_nodes = MOST_NODES
    said = {ACT: Removed}
    titles = {"application": "Removed application"}

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return first_then_others(count)

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        node.holdings.slot_of(wanted.zone)
        known = node.holdings.applications.get(wanted.application.id)
        removed = wanted.application.id in node.holdings.removed_applications
        if known is None and request.earlier and not removed:
            return
        if known is None or known.zone.id != wanted.zone.id or removed:
            raise ProposalRefused("no-such-application", "There is no application of this id in the zone.")
        if known.name != wanted.application.name:
            raise ProposalRefused("other-name", "The application of this id has another name here.")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        try:
            return self.settle(request, hands)
        except DriverError as error:
            raise Unsettled from error

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        application = request.parameters.application
        hands.take_access(application.id)
        return Result(
            f"The application {application.name} is removed from this node.",
            {"application": application.model_dump()},
        )

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.remove_application(parameters.application.id)


operation = RemoveApplication()
