"""Backups in the console: stored once they are verified, planned with, and sent along with warrants.

The console can check everything about a backup but whether it opens; a node checks all of it again.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from hsmnodes.models import Attachment, Backup, Key, Node, Receipt, Slot
from hsmnodes.models.backup import store
from hsmnodes.node.operations.backup.restore import MOST_AT_ONCE
from hsmnodes.node.operations.key.making import KeyMaking
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.operations.zone.moving import BOX_NAME
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup as BackupFile
from hsmnodes.node.protocol.backups import known_by, read_backup
from hsmnodes.node.protocol.documents.backups import LONGEST_BACKUP, BackedUpKey
from hsmnodes.node.protocol.errors import Refused
from tenants import access, clock, deployment, log, tags
from tenants.errors import Invalid
from tenants.identifiers import new_id
from tenants.log import Event
from tenants.models import Person, Proposal, TrustZone

FILE_NAME = ".backup"
ROOM_FOR_PLAN = canonical.MAX_BYTES - 32_000
"""Bytes that the keys of a plan have in a proposal, beside what else stands in it."""


def is_backup(name: str) -> bool:
    """Whether what came beside a receipt is a backup, by its name."""
    return name.endswith(FILE_NAME)


def keep_taken(receipt: Receipt, data: bytes) -> Backup:
    """Store the backup that came beside a receipt, which states its hash. Raises Refused if it is none."""
    file = read_backup(data)
    zone = receipt.proposal.zone
    if zone is None or (file.manifest.proposal, file.manifest.zone.id) != (receipt.proposal_id, zone.id):
        raise Invalid("other-backup", "The backup beside the receipt is not the one that was asked for.")
    _check_signed_by(file, receipt.node)
    if not isinstance(operation(receipt.proposal.operation), KeyMaking):  # of new keys their receipt says it
        _note_last_blobs(file, zone.pk)
    return _keep(file, zone=zone, node=receipt.node, id=receipt.proposal_id, proposal=receipt.proposal)


@transaction.atomic
def upload_backup(*, person: Person, zone: TrustZone, data: bytes) -> Backup:
    """Store a backup that a person has, once it is verified: of this zone, by a node that is known here.

    One that is here already is left as it is. Raises Invalid or Refused with what is wrong.
    """
    access.require(
        access.may_propose(person, [zone.pk]),
        "A backup is uploaded by people with a duty in the Trust Zone's charter.",
    )
    if len(data) > LONGEST_BACKUP:
        raise Invalid("too-long", f"A backup has at most {LONGEST_BACKUP:,} bytes.")
    file = read_backup(data)
    here = deployment.current()
    if (file.manifest.deployment, file.manifest.demo) != (here.id, here.demo):
        raise Invalid("other-deployment", "This is a backup of another deployment.")
    if file.manifest.zone != zone.named():
        raise Invalid("other-zone", f"This is a backup of another Trust Zone, {file.manifest.zone.name}.")
    node = Node.objects.filter(pk=file.manifest.node.id, enrolled_at__isnull=False).first()
    if node is None:
        raise Invalid("unknown-node", f"The node {file.manifest.node.name} is not known here.")
    _check_signed_by(file, node)
    known = Backup.objects.filter(sha256=file.sha256).first()
    if known is not None:
        return known
    backup = _keep(file, zone=zone, node=node, id=new_id(), uploaded_by=person)
    log.record(
        Event.BACKUP_UPLOADED,
        f"Uploaded: a backup of {zone.name}, taken on {node.name}.",
        about=log.about_within(zone.service.customer, "zone", zone.pk),
        actor=person,
        details={"backup": backup.sha256},
    )
    return backup


def open_backup(backup: Backup) -> BackupFile:
    """The backup as it is in the store, checked. Raises Refused, also if it is not there any more."""
    data = _read(backup)
    if known_by(data) != backup.sha256:
        raise Refused("other-bytes", "The file in the store is missing or is not the one that was stored.")
    return read_backup(data)


def pieces_of(sha256: str, proposal: Proposal) -> dict[str, bytes]:
    """What a backup of the zone that a proposal is about travels as, by SHA-256; nothing if it is gone."""
    backup = Backup.objects.filter(sha256=sha256, zone=proposal.zone).first()
    try:
        pieces = open_backup(backup).pieces if backup is not None else ()
    except Refused:
        pieces = ()
    return {canonical.sha256_hex(piece): piece for piece in pieces}


def parameters_of(backup: Backup) -> dict[str, Any]:
    """What proposals about a backup say of it."""
    return {
        "zone": backup.zone.named().model_dump(),
        "backup": backup.sha256,
        "taken_at": clock.to_unix(backup.taken_at),
        "taken_on": backup.node.named().model_dump(),
    }


def plan_restore(
    file: BackupFile, slot: Slot, *, replace: bool, only: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """What restoring a backup into a slot would do with each key, or with those of the ids `only`.

    Keys that are there are replaced or left; so are those left whose label another key has or had.
    """
    there = set(slot.copies.filter(gone_at=None).values_list("key", flat=True))
    known = Key.objects.filter(zone=slot.zone_id).values_list("label", "pk")
    owners = {label.casefold(): key for label, key in known}
    return [
        _planned(key, there, owners, replace=replace) for key in file.keys if only is None or key.id in only
    ]


def what_fits(plan: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A plan, if one proposal can name all of it; else the first of the keys that are to be created."""
    if fits_one_proposal(plan):
        return list(plan)
    missing = [one for one in plan if one["action"] == "create"]
    sizes = accumulate(map(_size, missing))
    return [one for one, size in zip(missing[:MOST_AT_ONCE], sizes, strict=False) if size <= ROOM_FOR_PLAN]


def fits_one_proposal(plan: Collection[dict[str, Any]]) -> bool:
    """Whether a plan can be signed at once."""
    return len(plan) <= MOST_AT_ONCE and sum(map(_size, plan)) <= ROOM_FOR_PLAN


def _size(planned: dict[str, Any]) -> int:
    return len(canonical.encode(planned)) + len(",")


def last_verified(backup: Backup) -> Receipt | None:
    """When a node last unwrapped every key of it, if one ever did."""
    return Receipt.objects.filter(
        proposal__operation=tags.VERIFY_BACKUP, results__backup=backup.sha256, outcome="done"
    ).first()


def _planned(
    key: BackedUpKey, there: Collection[str], owners: Mapping[str, str], *, replace: bool
) -> dict[str, Any]:
    is_there = key.id in there
    blocked = owners.get(key.label.casefold(), key.id) != key.id
    action = ("replace" if replace else "skip") if is_there else "skip" if blocked else "create"
    return {
        "id": key.id,
        "label": key.label,
        "algorithm": key.algorithm,
        "usages": list(key.usages),
        "action": action,
        "kcv": key.check_value,
        "public_key": key.public_key_sha256,
        "proposal": key.proposal,
    }


def forget_sealed_keys(proposal: Proposal) -> None:
    """Drop the boxes in which a backup key went from node to node: they have arrived, or never will."""
    Attachment.objects.filter(receipt__proposal=proposal, name__startswith=BOX_NAME).delete()


def note_later_blobs(zone: str, *, since: int) -> None:
    """Have keys whose receipt came late know the backups that were taken under backup keys after `since`."""
    later = Backup.objects.filter(zone=zone, epoch__gt=since).order_by("epoch", "taken_at")
    for backup in later.only("file", "sha256"):
        with suppress(Refused):  # one that is missing in the store says nothing of the new keys
            _note_last_blobs(open_backup(backup), zone)


def _note_last_blobs(file: BackupFile, zone: str) -> None:
    """Each key's backup is the blob that was made last, under the latest backup key."""
    blobs = {key.id: key.blob_sha256 for key in file.keys}
    known = Key.objects.filter(pk__in=blobs, zone=zone, epoch__lte=file.manifest.epoch)
    keys = known.only("blob_hash", "epoch")
    others = [key for key in keys if (key.blob_hash, key.epoch) != (blobs[key.pk], file.manifest.epoch)]
    for key in others:
        key.blob_hash, key.epoch = blobs[key.pk], file.manifest.epoch
    Key.objects.bulk_update(others, ["blob_hash", "epoch"], batch_size=500)


def _check_signed_by(file: BackupFile, node: Node) -> None:
    if (file.manifest.node, file.manifest.identity) != (node.named(), node.identity):
        raise Invalid("other-node", f"The backup is not signed by {node.name}, as that is known here.")


def _keep(file: BackupFile, *, zone: TrustZone, node: Node, **more: Any) -> Backup:
    manifest = file.manifest
    name = f"{zone.pk}/{file.sha256}{FILE_NAME}"
    if not store().exists(name):
        name = store().save(name, ContentFile(file.data))
    return Backup.objects.create(
        zone=zone,
        node=node,
        sha256=file.sha256,
        size=len(file.data),
        file=name,
        backup_key=manifest.backup_key,
        epoch=manifest.epoch,
        kcv=manifest.kcv,
        keys=len(file.keys),
        taken_at=clock.from_unix(manifest.taken_at),
        **more,
    )


def _read(backup: Backup) -> bytes:
    """The bytes in the store; none if they cannot be read."""
    try:
        with store().open(backup.file) as opened:
            data: bytes = opened.read()
    except OSError:
        return b""
    return data
