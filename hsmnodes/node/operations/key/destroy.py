"""Destroy keys of a Trust Zone on a node. Copies in backups stay until the backups are destroyed."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.operations.base import Request, Result, Unsettled
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.said import MOST_AT_ONCE, Destroyed
from hsmnodes.node.operations.steps import ACT, MOST_NODES, Step, first_then_others
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol.documents.base import Id, Model, Name
from hsmnodes.node.protocol.errors import ProposalRefused


class DoomedKey(Model):
    """One key, by its id, with the label it has."""

    id: Id = shown("Id", "id")
    label: Name = shown("Label", "text")


class Parameters(ZoneParameters):
    """The zone and the keys to be destroyed in it."""

    keys: Annotated[tuple[DoomedKey, ...], Field(min_length=1, max_length=MOST_AT_ONCE)] = shown(
        "Key", "list"
    )


class DestroyKeys(ZoneOperation[Parameters]):
    """A key that is gone already does not stop the others."""

    tag = "key.destroy/v1"
    title = "Destroy keys"
    button = "Destroy"
    sentence = "Destroy for ever, in Trust Zone {zone} on node {nodes[].name}: {keys[].label}."
    parameters = Parameters
    most_nodes = MOST_NODES
    said = {ACT: Destroyed}
    titles = {
        "keys": "Destroyed keys",
        "id": "Key id",
        "label": "Key",
    }

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return first_then_others(count)

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted, keys = request.parameters, node.holdings.keys
        node.holdings.slot_of(wanted.zone)
        if len({key.id for key in wanted.keys}) != len(wanted.keys):
            raise ProposalRefused("key-twice", "A key stands twice.")
        for doomed in wanted.keys:
            key = keys.get(doomed.id)
            if key is None and request.earlier:
                continue  # it never came here, and is not to come any more
            if key is None or key.zone != wanted.zone.id or key.destroyed:
                raise ProposalRefused(
                    "no-such-key", f"There is no key {doomed.label} of this id in the zone."
                )
            if key.label != doomed.label:
                raise ProposalRefused(
                    "other-name", f"The key that is called {doomed.label} has another label here."
                )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        try:
            return self.settle(request, hands)
        except DriverError as error:
            raise Unsettled from error

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        driver = hands.driver(request.parameters.zone.id)
        hands.destroy_copies(request.parameters.zone.id, [key.id for key in request.parameters.keys])
        for key in request.parameters.keys:
            if driver.find_key(bytes.fromhex(key.id)) is not None:
                driver.destroy_key(bytes.fromhex(key.id))
        destroyed = [key.model_dump() for key in request.parameters.keys]
        count = "1 key is" if len(destroyed) == 1 else f"{len(destroyed)} keys are"
        return Result(f"{count} destroyed on this node.", {"keys": destroyed})

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        for key in results["keys"]:
            holdings.destroy_key(key["id"], key["label"], zone=parameters.zone.id)


operation = DestroyKeys()
