"""Backups of zones as a node of the world takes them: signed by its key, with blobs that nobody opens."""

from typing import Any

from hsmnodes.models import Backup, Key, Slot
from hsmnodes.models.backup import store
from hsmnodes.node.protocol.backups import Backup as BackupFile
from hsmnodes.node.protocol.backups import write_in_parts
from hsmnodes.node.protocol.documents import BackupManifest
from hsmnodes.node.protocol.purposes import Purpose
from tenants import clock, deployment
from tenants.models import Proposal, TrustZone
from tests.cast.people import DINA, EMIL, FAY
from tests.hsmnodes.node.protocol.samples import backup_index
from tests.world.nodes import NodeOfWorld, attachment, describe
from tests.world.world import World


def propose_backup(world: World, zone: TrustZone, node: NodeOfWorld) -> Proposal:
    """Dina proposes to back up all keys of a zone."""
    parameters = {"zone": zone.named().model_dump(), "what": "all", "keys": []}
    return world.propose("backup.take/v1", parameters, by=DINA, nodes=[node])


def make_file(zone: TrustZone, node: NodeOfWorld, proposal: str, **changes: Any) -> BackupFile:
    """The file that the node makes of the zone's living keys under a proposal (its id)."""
    slot = Slot.objects.get(zone=zone, node=node.id)
    living = Key.objects.filter(zone=zone, destroyed_at=None).order_by("pk")
    blobs = tuple(b"wrapped " + key.pk.encode() for key in living)
    manifest = BackupManifest(
        deployment=deployment.current().id,
        demo=True,
        node=node.row.named(),
        identity=node.row.identity,
        zone=zone.named(),
        slot={"id": slot.id, "name": slot.name},
        backup_key=slot.backup_key,
        epoch=slot.results["backup_key"]["epoch"],
        kcv=slot.results["backup_key"]["kcv"],
        proposal=proposal,
        taken_at=1_800_000_000,
        keys=tuple(describe(key, blob) for key, blob in zip(living, blobs, strict=True)),
    ).model_copy(update=changes)
    return node.sign_archive(manifest, blobs)


def in_parts(file: BackupFile, node: NodeOfWorld) -> BackupFile:
    """A backup that is one file as the node would have made it in parts, of one key each."""
    index, parts = backup_index(file.manifest, file.blobs)
    return write_in_parts(index, node.sign_taken(index), parts)


def receipt_messages(proposal: Proposal, node: NodeOfWorld, file: BackupFile) -> list[str]:
    """The node's receipt for a backup in parts, each piece in a message of its own."""
    results = {
        "keys": len(file.keys),
        "archive_sha256": file.sha256,
        "parts_sha256": [part.sha256 for part in file.manifest.parts],
        "manifest": file.manifest.sha256,
        "size": len(file.data),
    }
    receipt = node.receipt(proposal, results=results)
    node.sequence, node.previous = receipt.sequence, receipt.sha256
    names = [f"{proposal.id}.backup"] + [f"{proposal.id}.backup-part-{n + 1}" for n in range(len(file.keys))]
    return [
        node.sign(
            Purpose.RECEIPT,
            receipt,
            kind="receipt",
            attachments=[attachment(piece, name=name)],
            more=piece != file.pieces[-1],
        )
        for name, piece in zip(names, file.pieces, strict=True)
    ]


def answer_backup(proposal: Proposal, node: NodeOfWorld, file: BackupFile, **more: Any) -> None:
    """The node's receipt, with the file beside it."""
    results = {
        "keys": len(file.manifest.keys),
        "archive_sha256": file.sha256,
        "manifest": file.manifest.sha256,
        "size": len(file.data),
    }
    beside = [attachment(file.data, name=f"{proposal.id}.backup")]
    node.answer(proposal, **({"results": results, "attachments": beside} | more))


def taken_backup(world: World, zone: TrustZone, node: NodeOfWorld) -> Backup:
    """A backup that was taken, as it is in the console."""
    proposal = world.approve(propose_backup(world, zone, node), EMIL, FAY)
    answer_backup(proposal, node, make_file(zone, node, proposal.id))
    return Backup.objects.get(proposal=proposal)


def without_backups() -> None:
    """Drops what was stored of keys as they were made, so that only what comes after is there."""
    for backup in Backup.objects.all():
        store().delete(backup.file)
        backup.delete()


def destroyed(label: str, *, under: Proposal) -> Key:
    """The key with this label, gone from every slot."""
    key = Key.objects.get(label=label)
    Key.objects.filter(pk=key.pk).update(destroyed_at=clock.now(), destroyed_by=under)
    key.copies.update(gone_at=clock.now())
    return key
