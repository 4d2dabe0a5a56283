"""Generate keys in a Trust Zone: one or many, backed up under the zone's backup key as they are made."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.key.making import KeyMaking, NewKey
from hsmnodes.node.operations.said import Generated
from hsmnodes.node.operations.steps import ACT
from hsmnodes.node.operations.zonal import ZoneParameters


class Parameters(ZoneParameters):
    """The zone and the keys wanted in it."""

    keys: Annotated[tuple[NewKey, ...], Field(min_length=1, max_length=50)] = shown("Key", "list")


class GenerateKeys(KeyMaking[Parameters]):
    """All of the keys are made, or none."""

    tag = "key.generate/v1"
    title = "Generate keys"
    button = "Generate"
    sentence = "Generate in Trust Zone {zone} on node {nodes[].name}: {keys[].label} ({keys[].algorithm})."
    parameters = Parameters
    said = {ACT: Generated}

    @override
    def wanted(self, parameters: Parameters) -> Sequence[NewKey]:
        return parameters.keys


operation = GenerateKeys()
