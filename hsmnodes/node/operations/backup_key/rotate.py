"""Rotate the backup key of a Trust Zone: a new key of the next epoch, with shares and blobs of its own.

The order is what it rests on. The new key is kept and installed beside the one in force, every living key
is wrapped under it, and it is split among custodians. Only when all of this is in the journal, with blobs and
boxes, is the new key in force, and the old one destroyed (`Node._retire_backup_keys`). Whatever breaks off
before leaves the old key in force, and nothing of the new one has left the node.

On further nodes of the zone the new key arrives as it does when a zone is extended: each has offered a
one-time key before the first node draws the new one, so that a node which is away holds the rotation up, and
does not stay behind with a key that was to be retired.

What was backed up under the old key stays readable to whoever has such a blob and enough of the old shares.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.operations.backup.travelling import TITLES, beside, stated
from hsmnodes.node.operations.backup_key import sharing
from hsmnodes.node.operations.backup_key.identifiers import backup_key_id
from hsmnodes.node.operations.backup_key.sharing import (
    check_split,
    custodians_of,
    described,
    note_share_set,
    noted,
)
from hsmnodes.node.operations.base import Attachment, Request, Result, Unsettled
from hsmnodes.node.operations.context import BackupKey, Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, Slot
from hsmnodes.node.operations.said import Offered, Rotated
from hsmnodes.node.operations.steps import ACT, MOST_NODES, Step
from hsmnodes.node.operations.zonal import ZoneOperation
from hsmnodes.node.operations.zone import moving
from hsmnodes.node.protocol.documents.backups import MOST_KEYS
from hsmnodes.node.protocol.documents.base import Version
from hsmnodes.node.protocol.documents.charter import AuthorityKind
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.documents.shares import CheckValue
from hsmnodes.node.protocol.errors import ProposalRefused, ShareRefused


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
    most_nodes = MOST_NODES
    said = {moving.OFFER: Offered, ACT: Rotated}
    titles = {
        **sharing.SharingOperation.titles,
        "backup_key": "New backup key",
        "retired": "Retired backup key",
        "kind": "Kind",
        "epoch": "Epoch",
        "kcv": "Check value",
        "id": "Id",
        "keys": "Keys wrapped again",
        **TITLES,
        "one_time_key": "One-time key",
        "moved": "Sealed for",
        "node": "Node",
    }

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        others = range(1, count)
        offers = tuple(Step(place, moving.OFFER, record=False) for place in others)
        made = len(offers)
        installs = tuple(Step(place, moving.INSTALL, (place - 1, made)) for place in others)
        return (*offers, Step(0, needs=tuple(range(made))), *installs)

    @override
    def enclosures(
        self, parameters: Parameters, step: Step, earlier: Mapping[int, Receipt]
    ) -> tuple[str, ...]:
        if step.act != moving.INSTALL:
            return ()
        return (str(_made(earlier).results["moved"][step.node - 1]["sealed_sha256"]),)

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
                "too-many",
                f"The zone has {count:,} keys; at most {MOST_KEYS:,} can be wrapped again at once.",
            )
        check_split(wanted, node.holdings, request.charters[AuthorityKind.ZONE])
        for offer in request.earlier.values():
            if request.act == ACT or offer is not _made(request.earlier):
                moving.check_in_time(offer, request.clock)
                moving.one_time_key(offer)
        if request.act == moving.INSTALL:
            _check_is_next(request, slot)

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        try:
            return self.settle(request, hands)
        except (DriverError, ShareRefused) as error:
            _take_back(request, hands, error)
            raise

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        match request.act:
            case moving.OFFER:
                return moving.offer(request, hands)
            case moving.INSTALL:
                return _install(request, hands)
            case _:
                return _rotate(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        new = results["backup_key"]
        holdings.rotate(parameters.zone.id, epoch=new["epoch"], kcv=new["kcv"], backup_key_id=new["id"])
        note_share_set(parameters, results, holdings)


def _check_is_next(request: Request[Parameters], slot: Slot) -> None:
    """Raise ProposalRefused unless the key that came is the next one of this slot, by this proposal."""
    said = _made(request.earlier).results
    new, zone = said["backup_key"], request.parameters.zone.id
    wanted = (slot.backup_key, slot.epoch + 1, backup_key_id(zone, request.proposal.proposal))
    if (new["kind"], new["epoch"], new["id"]) != wanted or said["retired"]["kcv"] != slot.kcv:
        raise ProposalRefused(
            "other-backup-key", "What the first node made is not the next key of this slot."
        )


def _rotate(request: Request[Parameters], hands: Hands) -> Result:
    wanted, proposal = request.parameters, request.proposal
    before = hands.backup_key(wanted.zone.id)
    new = hands.next_backup_key(wanted.zone, proposal.proposal)
    keys = hands.living_keys(wanted.zone.id)
    made = hands.share_out(
        wanted.zone,
        custodians_of(wanted, request.charters[AuthorityKind.ZONE]),
        number=wanted.share_set,
        threshold=wanted.threshold,
        key=new,
    )
    shares, boxes = described(made)
    moved = [_sealed_for(offer, request, hands, new) for offer in request.earlier.values()]
    attachments = [*boxes, *moved]
    results: dict[str, Any] = {
        "backup_key": moving.described(new),
        "retired": {"epoch": before.epoch, "kcv": before.kcv},
        **shares,
        "keys": len(keys),
        "moved": [
            {"node": offer.node.model_dump(), "sealed_sha256": box.sha256}
            for offer, box in zip(request.earlier.values(), moved, strict=True)
        ],
    }
    if keys:
        backup = hands.back_up(wanted.zone, proposal.proposal, keys, new)
        results |= stated(backup)
        attachments += beside(backup)
    return Result(
        f"The backup key of epoch {new.epoch} is in force, and that of epoch {before.epoch} is retired. "
        f"Keys wrapped again: {len(keys)}. Any {made.threshold} of {len(boxes)} shares of set "
        f"{made.number} rebuild the new key.",
        results,
        tuple(attachments),
    )


def _sealed_for(offer: Receipt, request: Request[Parameters], hands: Hands, key: BackupKey) -> Attachment:
    nodes, zone = request.proposal.nodes, request.parameters.zone.id
    receiver = next(node for node in nodes if node.id == offer.node.id)
    bound_to = moving.context(request, zone, key, sender=nodes[0], receiver=receiver)
    box = hands.seal_backup_key(zone, moving.one_time_key(offer), bound_to, key)
    return Attachment(f"{moving.BOX_NAME}-for-{receiver.id}.sealed", box)


def _install(request: Request[Parameters], hands: Hands) -> Result:
    wanted, made = request.parameters, _made(request.earlier)
    offer = next(one for one in request.earlier.values() if one is not made)
    receiver = next(node for node in request.proposal.nodes if node.id == offer.node.id)
    [digest] = request.enclosures
    box, key = moving.sealed_key(
        request, made, digest, zone=wanted.zone.id, sender=request.proposal.nodes[0], receiver=receiver
    )
    hands.receive_backup_key(wanted.zone, request.proposal.proposal, box, key)
    return Result(
        f"The backup key of epoch {key.epoch} is in force on this node too.",
        {"backup_key": moving.described(key), "retired": made.results["retired"], **noted(made)},
    )


def _made(earlier: Mapping[int, Receipt]) -> Receipt:
    """The receipt of the first node's rotation, which comes after every offer."""
    return earlier[max(earlier)]


def _take_back(request: Request[Parameters], hands: Hands, error: Exception) -> None:
    try:
        hands.destroy_other_backup_keys(request.parameters.zone.id)
    except DriverError:
        raise Unsettled from error


operation = RotateBackupKey()
