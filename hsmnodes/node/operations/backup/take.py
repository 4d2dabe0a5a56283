"""Take a backup of a Trust Zone: every key, or chosen ones, wrapped again under the zone's backup key.

The manifest says what is in it and is signed by the node; all of it is one file (docs/formats/backup.md).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import override

from hsmnodes.node.operations.backup.travelling import TITLES, beside, stated
from hsmnodes.node.operations.base import Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol.documents.backups import MOST_KEYS
from hsmnodes.node.protocol.documents.base import Id, Model, Name
from hsmnodes.node.protocol.errors import ProposalRefused

MOST_CHOSEN = 1_000


class ChosenKey(Model):
    """One key, by its id, with the label it has."""

    id: Id = shown("Id", "id")
    label: Name = shown("Label", "text")


class Parameters(ZoneParameters):
    """The zone, and which of its keys."""

    what: Literal["all", "chosen"] = shown(
        "What", "choice", choices={"all": "all keys", "chosen": "the keys that are listed"}
    )
    keys: Annotated[tuple[ChosenKey, ...], Field(max_length=MOST_CHOSEN)] = shown("Key", "list")

    @model_validator(mode="after")
    def _chooses_or_does_not(self) -> Self:
        if (self.what == "chosen") != bool(self.keys):
            raise ValueError("keys are listed if they are chosen, and only then")
        return self


class TakeBackup(ZoneOperation[Parameters]):
    """All that is asked for is in the backup, or there is none."""

    tag = "backup.take/v1"
    title = "Take a backup"
    button = "Take backup"
    sentence = "Back up {what} of Trust Zone {zone} on node {nodes[].name}."
    parameters = Parameters
    titles = {
        "keys": "Keys in it",
        "backup_key": "Backup key",
        "kind": "Kind",
        "epoch": "Epoch",
        "kcv": "Check value",
        "taken_at": "Taken at",
        "manifest": "Manifest, SHA-256",
        **TITLES,
        "size": "Bytes",
    }

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted, holdings = request.parameters, node.holdings
        holdings.slot_of(wanted.zone)
        living = {key.id: key for key in holdings.keys_of(wanted.zone.id)}
        if len({key.id for key in wanted.keys}) != len(wanted.keys):
            raise ProposalRefused("key-twice", "A key stands twice.")
        for chosen in wanted.keys:
            key = living.get(chosen.id)
            if key is None:
                raise ProposalRefused(
                    "no-such-key", f"There is no key {chosen.label} of this id in the zone."
                )
            if key.label != chosen.label:
                raise ProposalRefused(
                    "other-name", f"The key that is called {chosen.label} has another label here."
                )
        if not living:
            raise ProposalRefused("no-keys", "The Trust Zone has no keys on this node.")
        if not wanted.keys and len(living) > MOST_KEYS:
            raise ProposalRefused(
                "too-many", f"A backup holds at most {MOST_KEYS:,} keys: choose which, and take several."
            )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        chosen = [key.id for key in request.parameters.keys]
        backup = hands.take_backup(request.parameters.zone, request.proposal.proposal, chosen)
        manifest, keys = backup.manifest, len(backup.keys)
        count = "1 key is" if keys == 1 else f"{keys} keys are"
        return Result(
            f"{count} backed up.",
            {
                "keys": keys,
                "backup_key": {"kind": manifest.backup_key, "epoch": manifest.epoch, "kcv": manifest.kcv},
                "taken_at": manifest.taken_at,
                "manifest": manifest.sha256,
                **stated(backup),
                "size": sum(map(len, backup.pieces)),
            },
            beside(backup),
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        """Nothing is held afterwards: keys stay as they are."""


operation = TakeBackup()
