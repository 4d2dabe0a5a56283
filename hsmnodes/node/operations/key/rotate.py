"""Rotate keys of a Trust Zone: a new key takes the place of each, of the same kind and for the same usages.

What the new key may be used for is said for each and signed, as for any new key, and a node holds it to what
the old one may be used for, if it knows: of keys that came to it before it noted usages it does not.

The new keys are made in the HSM and backed up under the backup key in force, so that nothing that opened an
earlier backup opens theirs. Each has a label of its own: a label is never given twice. The old keys stay, to
verify and to decrypt what they were used for, until they are destroyed by a proposal of its own.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.base import Request
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.key.making import KeyMaking, NewKey
from hsmnodes.node.operations.said import MOST_AT_ONCE, GeneratedInPlace
from hsmnodes.node.operations.steps import ACT
from hsmnodes.node.operations.zonal import ZoneParameters
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import ProposalRefused


class Successor(NewKey):
    """The new key, and the one in whose place it is made, by its id with the label it has."""

    replaces: Named = shown("In place of", "named")


class Parameters(ZoneParameters):
    """The zone and the keys that are made in the place of others."""

    keys: Annotated[tuple[Successor, ...], Field(min_length=1, max_length=MOST_AT_ONCE)] = shown(
        "Key", "list"
    )


class RotateKeys(KeyMaking[Parameters]):
    """All of the new keys are made, or none; of the old ones nothing changes."""

    tag = "key.rotate/v1"
    title = "Rotate keys"
    button = "Rotate"
    sentence = (
        "Rotate keys of Trust Zone {zone} on node {nodes[].name}: generate {keys[].label} "
        "({keys[].algorithm}) in the place of {keys[].replaces}. The replaced stay until destroyed."
    )
    parameters = Parameters
    said = {ACT: GeneratedInPlace}
    titles = {**KeyMaking.titles, "replaces": "In place of key"}

    @override
    def wanted(self, parameters: Parameters) -> Sequence[NewKey]:
        return parameters.keys

    @override
    def more(self, parameters: Parameters, index: int) -> dict[str, Any]:
        return {"replaces": parameters.keys[index].replaces.id}

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        super().check(request, node)
        wanted = request.parameters
        if len({key.replaces.id for key in wanted.keys}) != len(wanted.keys):
            raise ProposalRefused("key-twice", "A key is to be replaced twice.")
        known = node.holdings.keys
        for new in wanted.keys:
            old = known.get(new.replaces.id)
            if old is None and request.earlier:
                continue  # the old key never came to this node; the new one does
            if old is None or old.zone != wanted.zone.id or (old.destroyed and not request.earlier):
                raise ProposalRefused(
                    "no-such-key", f"There is no key {new.replaces.name} of this id in the zone."
                )
            if old.label != new.replaces.name:
                raise ProposalRefused(
                    "other-name", f"The key that is called {new.replaces.name} has another label here."
                )
            if old.algorithm and old.algorithm != new.algorithm.value:
                raise ProposalRefused(
                    "other-algorithm", f"The key {old.label} is of another kind: {old.algorithm}."
                )
            if old.usages and old.usages != tuple(usage.value for usage in new.usages):
                raise ProposalRefused(
                    "other-usages", f"The key {old.label} is for other usages: {', '.join(old.usages)}."
                )


operation = RotateKeys()
