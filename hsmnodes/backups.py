"""Backups in the console: stored once they are verified, planned with, and sent along with warrants.

The console can check everything about a backup but whether it opens; a node checks all of it again.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from hsmnodes.models import Backup, Key, Node, Receipt, Slot
from hsmnodes.models.backup import store
from hsmnodes.node.operations.backup.restore import MOST_AT_ONCE
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import LONGEST_BACKUP, read_backup
from hsmnodes.node.protocol.backups import Backup as BackupFile
from hsmnodes.node.protocol.documents.backups import BackedUpKey
from hsmnodes.node.protocol.errors import Refused
from tenants import access, clock, deployment, log, tags
from tenants.errors import Invalid
from tenants.identifiers import new_id
from tenants.log import Event
from tenants.models import Person, Proposal, TrustZone

FILE_NAME = ".backup"


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
    if canonical.sha256_hex(data) != backup.sha256:
        raise Refused("other-bytes", "The file in the store is missing or is not the one that was stored.")
    return read_backup(data)


def enclosure_of(proposal: Proposal) -> bytes:
    """What must travel beside the warrant of a proposal; empty if nothing does, or it cannot be read."""
    found = operation(proposal.operation)
    wanted = found.enclosure(found.read(proposal.document.parameters))
    backup = Backup.objects.filter(sha256=wanted, zone=proposal.zone).first() if wanted else None
    return _read(backup) if backup is not None else b""


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
    known = {key.id: key for key in Key.objects.filter(slot=slot)}
    owners = {key.label.casefold(): key.id for key in known.values()}
    return [
        _planned(key, known, owners, replace=replace)
        for key in file.manifest.keys
        if only is None or key.id in only
    ]


def fits_one_proposal(plan: Collection[Mapping[str, Any]]) -> bool:
    """Whether a plan can be signed at once."""
    return len(plan) <= MOST_AT_ONCE


def last_verified(backup: Backup) -> Receipt | None:
    """When a node last unwrapped every key of it, if one ever did."""
    return Receipt.objects.filter(
        proposal__operation=tags.VERIFY_BACKUP, results__backup=backup.sha256, outcome="done"
    ).first()


def _planned(
    key: BackedUpKey, known: Mapping[str, Key], owners: Mapping[str, str], *, replace: bool
) -> dict[str, Any]:
    there = known.get(key.id)
    is_there = there is not None and there.destroyed_at is None
    blocked = owners.get(key.label.casefold(), key.id) != key.id
    action = ("replace" if replace else "skip") if is_there else "skip" if blocked else "create"
    return {
        "id": key.id,
        "label": key.label,
        "algorithm": key.algorithm,
        "action": action,
        "kcv": key.check_value,
        "proposal": key.proposal,
    }


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
        keys=len(manifest.keys),
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
