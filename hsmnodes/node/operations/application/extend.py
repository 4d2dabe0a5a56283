"""Extend an application to further nodes of its zone: the same keys and PIN, and kits that name them all.

The proposal names every node that is to serve it, those that have it already first. The first of them locks
the PIN as when it admits an application, and signs a kit anew; so does each other one that has it. A further
one makes the token from its own copy of the zone's keys.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.operations.application import admit
from hsmnodes.node.operations.base import Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Application, Holdings
from hsmnodes.node.operations.steps import MOST_NODES
from hsmnodes.node.protocol.documents.base import Id, Model, Name
from hsmnodes.node.protocol.errors import ProposalRefused, ShareRefused


class FurtherNode(Model):
    """A node to which the application comes, by its id, with its name."""

    id: Id = shown("Id", "id")
    name: Name = shown("HSM", "text")


class Parameters(admit.Parameters):
    """The application as it was admitted, with the keys that are left of its own, and the further nodes."""

    to: Annotated[tuple[FurtherNode, ...], Field(min_length=1, max_length=MOST_NODES - 1)] = shown(
        "Further HSM", "list"
    )


class ExtendApplication(admit.SharingAPin[Parameters]):
    """Where the application is already, its sessions go on."""

    tag = "application.extend/v1"
    title = "Extend an application to further HSMs"
    button = "Extend"
    sentence = (
        "Serve the application {application}, whose public key is {public_key}, on node {to[].name} as well, "
        "with the keys of Trust Zone {zone} that it may use until {valid_until}: {keys[].label}."
    )
    parameters = Parameters
    nodes = 2

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        further = [(one.id, one.name) for one in wanted.to]
        named = [(one.id, one.name) for one in request.proposal.nodes]
        if named[-len(further) :] != further or len(further) >= len(named) or len(set(named)) != len(named):
            raise ProposalRefused("other-node", "The further nodes must be the last that the proposal names.")
        if (node.node.id, node.node.name) in further:
            space = f"applications of {wanted.zone.id}"
            name, owner = wanted.application.name, wanted.application.id
            node.holdings.check_name_is_free(space, name, what="application", owner=owner)
            admit.check_can_come(wanted, node, now=request.now)
        else:
            _check_has_it(wanted, node.holdings, now=request.now)
        if admit.as_held(wanted).id in _suspended_in(wanted.zone.id, node.holdings):
            raise ProposalRefused("suspended", "The application is suspended: a quorum resumes it first.")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        try:
            return self.settle(request, hands)
        except (DriverError, ShareRefused) as error:
            if _is_further(request):
                admit.take_back(request.parameters, hands, error)
            raise

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        wanted = request.parameters
        application, count = admit.as_held(wanted), len(wanted.keys)
        if _is_further(request):
            access = hands.give_access(application, request.proposal, admit.pin_that_came(request))
            keys = "1 key" if count == 1 else f"{count} keys"
            said = f"The application {application.name} has a token with copies of {keys} here, too."
        else:
            access = hands.state_access(application, request.proposal)
            said = f"The application {application.name} has its token here, and a new connection kit."
        return admit.given(request, access, said)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.add_application(admit.as_held(parameters))


def _is_further(request: Request[Parameters]) -> bool:
    """Whether the node of this step is one to which the application is extended."""
    return request.place >= len(request.proposal.nodes) - len(request.parameters.to)


def _suspended_in(zone: str, holdings: Holdings) -> set[str]:
    return {application for of, application in holdings.suspended_applications if of == zone}


def _check_has_it(wanted: Parameters, holdings: Holdings, *, now: int) -> None:
    """Raise ProposalRefused unless the application is here, just as the proposal describes it."""
    holdings.slot_of(wanted.zone)
    known = holdings.applications.get(wanted.application.id)
    if known is None or known.zone.id != wanted.zone.id or known.id in holdings.removed_applications:
        raise ProposalRefused("no-such-application", "There is no application of this id in the zone.")
    if admit.as_held(wanted) != _as_left(known, holdings):
        raise ProposalRefused("other-application", "The application was admitted otherwise here.")
    if now >= known.not_after:
        raise ProposalRefused("expired", "The certificate has expired.")


def _as_left(known: Application, holdings: Holdings) -> Application:
    """An application with the keys that are left of those it was admitted to."""
    living = {key.id for key in holdings.keys_of(known.zone.id)}
    return Application(
        id=known.id,
        name=known.name,
        zone=known.zone,
        certificate=known.certificate,
        sealing_key=known.sealing_key,
        not_after=known.not_after,
        keys=tuple(key for key in known.keys if key.id in living),
    )


operation = ExtendApplication()
