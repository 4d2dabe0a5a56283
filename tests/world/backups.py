"""Backups of zones as a node of the world takes them: signed by its key, with blobs that nobody opens."""

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hsmnodes.models import Backup, Key, Slot
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup as BackupFile
from hsmnodes.node.protocol.backups import write_backup
from hsmnodes.node.protocol.documents import BackedUpKey, BackupManifest
from hsmnodes.node.protocol.purposes import Purpose, pae
from tenants import deployment
from tenants.models import Proposal, TrustZone
from tests.cast.people import DINA, EMIL, FAY
from tests.world.nodes import NodeOfWorld, attachment
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
    return signed(manifest, node, blobs)


def signed(manifest: BackupManifest, node: NodeOfWorld, blobs: tuple[bytes, ...]) -> BackupFile:
    """A backup with this manifest, signed by the node."""
    r, s = decode_dss_signature(node.key.sign(pae(Purpose.BACKUP, manifest.raw), ec.ECDSA(hashes.SHA256())))
    return write_backup(manifest, r.to_bytes(32) + s.to_bytes(32), blobs)


def describe(key: Key, blob: bytes) -> BackedUpKey:
    """A key as the manifest has it."""
    return BackedUpKey(
        id=key.pk,
        label=key.label,
        algorithm=key.algorithm,
        usages=tuple(key.usages),
        public_key=None if key.algorithm.startswith("aes") else key.public_key,
        check_value="a1b2c3" if key.algorithm.startswith("aes") else None,
        proposal=key.proposal_id,
        blob_sha256=canonical.sha256_hex(blob),
        blob_size=len(blob),
    )


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
