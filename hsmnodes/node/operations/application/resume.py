"""Resume an application that was suspended: what one person could do at once takes a quorum to undo.

It names the suspensions that it lifts, as who signs has read them: one that is made meanwhile goes on to
hold. Each node does so by itself, also one that has not heard of a suspension yet, and then takes it no more.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator
from typing_extensions import override

from hsmnodes.node.operations.base import Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.steps import MOST_NODES, Step
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol.documents.base import Hash, Named
from hsmnodes.node.protocol.errors import ProposalRefused


class Parameters(ZoneParameters):
    """The zone, the application, and the hashes of the statements that suspended it."""

    application: Named = shown("Application", "named")
    statements: Annotated[tuple[Hash, ...], Field(min_length=1, max_length=8)] = shown(
        "Suspension that is lifted", "list"
    )

    @field_validator("statements")
    @classmethod
    def _are_sorted(cls, statements: tuple[Hash, ...]) -> tuple[Hash, ...]:
        if list(statements) != sorted(set(statements)):
            raise ValueError("suspensions must be sorted, each once")
        return statements


class ResumeApplication(ZoneOperation[Parameters]):
    """It is served again with the token it had, unless another suspension holds."""

    tag = "application.resume/v1"
    title = "Resume an application"
    button = "Resume"
    sentence = (
        "Lift the suspension of the application {application} in Trust Zone {zone} on node {nodes[].name}: "
        "it can connect again, if nothing else suspends it."
    )
    parameters = Parameters
    most_nodes = MOST_NODES
    titles = {"application": "Resumed application"}

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return tuple(Step(place) for place in range(count))

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted, holdings = request.parameters, node.holdings
        holdings.slot_of(wanted.zone)
        known = holdings.applications.get(wanted.application.id)
        removed = wanted.application.id in holdings.removed_applications
        if removed or (known is not None and known.zone.id != wanted.zone.id):
            raise ProposalRefused("no-such-application", "There is no application of this id in the zone.")
        if known is not None and known.name != wanted.application.name:
            raise ProposalRefused("other-name", "The application of this id has another name here.")
        if all((wanted.zone.id, one) in holdings.resumed for one in wanted.statements):
            raise ProposalRefused("not-suspended", "These suspensions were lifted before.")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        application = request.parameters.application
        return Result(
            f"The application {application.name} is suspended by this no more.",
            {"application": application.model_dump()},
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.resume_application(parameters.zone.id, parameters.application.id, parameters.statements)


operation = ResumeApplication()
