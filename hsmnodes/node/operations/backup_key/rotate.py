"""Rotate the backup key of a Trust Zone: a new key of the next epoch, with shares and blobs of its own.

The order is what it rests on. The new key is kept and installed beside the one in force, every living key
is wrapped under it, and it is split among custodians. Only when all of this is in the journal, with blobs and
boxes, is the new key in force, and the old one destroyed (`Node._retire_backup_keys`). Whatever breaks off
before leaves the old key in force, and nothing of the new one has left the node.

What was backed up under the old key stays readable to whoever has such a blob and enough of the old shares.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.operations.backup_key import sharing
from hsmnodes.node.operations.backup_key.sharing import (
    check_split,
    custodians_of,
    described,
    note_share_set,
)
from hsmnodes.node.operations.base import Attachment, Request, Result, Unsettled
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.zonal import ZoneOperation
from hsmnodes.node.protocol.documents.base import Version
from hsmnodes.node.protocol.documents.charter import AuthorityKind
from hsmnodes.node.protocol.documents.shares import CheckValue
from hsmnodes.node.protocol.errors import ProposalRefused, ShareRefused

MOST_KEYS = 1000
"""What is said of so many keys fits into one receipt, and their blobs into one message."""


class Parameters(sharing.Parameters):
    """The zone, the new key's epoch, its share set, and the check value of the key that is retired."""

    epoch: Version = shown("Epoch of the new backup key", "integer")
    retired_kcv: CheckValue = shown("Check value of the backup key that is retired", "text")


class RotateBackupKey(ZoneOperation[Parameters]):
    """The new key is in force with everything that hangs on it, or the old one stays in force."""

    tag = "backup-key.rotate/v1"
    title = "Rotate a backup key"
    button = "Rotate"
    sentence = (
        "Put Trust Zone {zone} on node {nodes[].name} under a new backup key of epoch {epoch}, wrap every "
        "key of the zone under it, and split it into shares for {custodians[].person}; any {threshold} "
        "shares rebuild it. What was backed up before stays readable to who has it with enough of the old "
        "shares."
    )
    parameters = Parameters
    titles = {
        **sharing.SharingOperation.titles,
        "backup_key": "New backup key",
        "retired": "Retired backup key",
        "kind": "Kind",
        "epoch": "Epoch",
        "kcv": "Check value",
        "id": "Id",
        "keys": "Keys wrapped again",
        "wrapped_sha256": "Backup, SHA-256",
    }

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        slot = node.holdings.slot_of(wanted.zone)
        if wanted.epoch != slot.epoch + 1:
            raise ProposalRefused("other-epoch", f"The backup key in force is of epoch {slot.epoch}.")
        if wanted.retired_kcv != slot.kcv:
            raise ProposalRefused("other-backup-key", "The backup key in force has another check value.")
        count = len(node.holdings.keys_of(wanted.zone.id))
        if count > MOST_KEYS:
            raise ProposalRefused(
                "too-many", f"The zone has {count} keys; at most {MOST_KEYS} can be wrapped again at once."
            )
        check_split(wanted, node.holdings, request.charters[AuthorityKind.ZONE])

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        try:
            return self.settle(request, hands)
        except (DriverError, ShareRefused) as error:
            _take_back(request, hands, error)
            raise

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        wanted = request.parameters
        before = hands.backup_key(wanted.zone.id)
        new = hands.next_backup_key(wanted.zone, request.proposal.proposal)
        blobs = [
            Attachment(f"{key.id}.wrapped", hands.wrap(wanted.zone.id, bytes.fromhex(key.id), new).blob)
            for key in hands.living_keys(wanted.zone.id)
        ]
        made = hands.share_out(
            wanted.zone,
            custodians_of(wanted, request.charters[AuthorityKind.ZONE]),
            number=wanted.share_set,
            threshold=wanted.threshold,
            key=new,
        )
        shares, boxes = described(made)
        return Result(
            f"The backup key of epoch {new.epoch} is in force, and that of epoch {before.epoch} is retired. "
            f"Keys wrapped again: {len(blobs)}. Any {made.threshold} of {len(boxes)} shares of set "
            f"{made.number} rebuild the new key.",
            {
                "backup_key": {"kind": new.kind, "epoch": new.epoch, "kcv": new.kcv, "id": new.id},
                "retired": {"epoch": before.epoch, "kcv": before.kcv},
                **shares,
                "keys": [
                    {"id": blob.name.removesuffix(".wrapped"), "wrapped_sha256": blob.sha256}
                    for blob in blobs
                ],
            },
            (*blobs, *boxes),
        )

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        new = results["backup_key"]
        holdings.rotate(parameters.zone.id, epoch=new["epoch"], kcv=new["kcv"], backup_key_id=new["id"])
        note_share_set(parameters, results, holdings)


def _take_back(request: Request[Parameters], hands: Hands, error: Exception) -> None:
    try:
        hands.destroy_other_backup_keys(request.parameters.zone.id)
    except DriverError:
        raise Unsettled from error


operation = RotateBackupKey()
