"""Nodes without an HSM: an identity key in software, and answers as a node would sign them."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes import incoming
from hsmnodes.models import DataCentre, Key, Node, Slot
from hsmnodes.node.agent.messages import CarriedAttachment, FromNode
from hsmnodes.node.operations.key.making import key_id
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup as BackupFile
from hsmnodes.node.protocol.backups import write_backup
from hsmnodes.node.protocol.documents import BackedUpKey, BackupIndex, BackupManifest, Heartbeat, Receipt
from hsmnodes.node.protocol.documents.base import Document
from hsmnodes.node.protocol.nodesigning import envelope
from hsmnodes.node.protocol.purposes import Purpose, pae
from hsmnodes.registering import add_data_centre, enrolment_parameters, register_node
from tenants import deployment
from tenants.models import Person, Proposal

ZEROS = "0" * 64
KCV = "a1b2c3"


@dataclass
class NodeOfWorld:
    """A node as the console knows it, and the key it signs with."""

    id: str
    key: ec.EllipticCurvePrivateKey
    sequence: int = 0
    previous: str = ZEROS
    said: list[str] = field(default_factory=list)
    archives: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def register(cls, name: str, *, by: Person) -> "NodeOfWorld":
        """Registered by `by` in Amsterdam, and not enrolled."""
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        centre = DataCentre.objects.filter(provider=by.organisation, name="Amsterdam").first()
        row = register_node(
            data_centre=centre or add_data_centre(name="Amsterdam", by=by),
            name=name,
            identity=canonical.b64u(point),
            by=by,
        )
        return cls(row.id, key)

    @property
    def row(self) -> Node:
        """Its row, as it is now."""
        return Node.objects.select_related("data_centre", "provider").get(pk=self.id)

    @property
    def enrolment(self) -> dict[str, Any]:
        """The parameters of its enrolment."""
        return enrolment_parameters(self.row)

    def sign(
        self, purpose: Purpose, document: Document, *, kind: str, attachments=(), more: bool = False
    ) -> str:
        """A message with `document` in this node's envelope."""
        signature = self.key.sign(pae(purpose, document.raw), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(signature)
        signed = envelope(
            purpose=purpose,
            node=self.id,
            payload=document.raw,
            signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        )
        return FromNode(kind=kind, envelope=signed, attachments=tuple(attachments), more=more).text()

    def receipt(
        self, about: Proposal, /, *, results: dict[str, Any] | None = None, **changes: Any
    ) -> Receipt:
        """The receipt for a proposal: done, unless `changes` say otherwise."""
        row = self.row
        refused = changes.get("outcome") == "refused"
        values = {
            "deployment": deployment.current().id,
            "node": row.named(),
            "proposal": about.id,
            "proposal_hash": about.hash,
            "operation": about.operation,
            "step": 0,
            "outcome": "done",
            "code": None,
            "detail": "It is done.",
            "results": results or {},
            "sequence": self.sequence + (not refused),
            "previous": self.previous,
            "at": int(time.time()),
        }
        return Receipt(**(values | changes))

    def receipt_message(self, about: Proposal, /, *, attachments=None, **changes: Any) -> str:
        """The signed receipt as it arrives, with what it states beside it if nothing else is given."""
        receipt = self.receipt(about, **changes)
        if attachments is None:
            archive = self.archives.get(receipt.results.get("archive_sha256"))
            attachments = [] if archive is None else [attachment(archive, name=f"{about.id}.backup")]
        if receipt.outcome != "refused":
            self.sequence, self.previous = receipt.sequence, receipt.sha256
        return self.sign(Purpose.RECEIPT, receipt, kind="receipt", attachments=attachments)

    def answer(self, about: Proposal, /, **changes: Any) -> None:
        """The console receives the receipt."""
        incoming.receive(self.receipt_message(about, **changes))

    def heartbeat_message(self, **changes: Any) -> str:
        """A signed heartbeat as it arrives."""
        values = {
            "deployment": deployment.current().id,
            "node": self.row.named(),
            "at": int(time.time()),
            "state": "ready",
            "reason": "",
            "journal": {"sequence": self.sequence + 1, "hash": canonical.sha256_hex(b"%d" % self.sequence)},
            "enrolled": True,
            "at_work": None,
            "witness": "peers",
            "charters": (),
            "capacity": {"slots": 20, "slots_used": 0, "keys": 0},
            "versions": {"agent": "0.1.0", "driver": "fake", "library": "fake 1.0"},
            "endpoint": True,
        }
        return self.sign(Purpose.HEARTBEAT, Heartbeat(**(values | changes)), kind="heartbeat")

    def key_results(self, proposal: Proposal, *, epoch: int = 1, kcv: str = KCV) -> dict[str, Any]:
        """Results as `key.generate` gives them; the backup that they state is kept, to travel beside them.

        For `key.rotate` they say what each key is in the place of.
        """
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        keys = [
            {
                "id": key_id(proposal.id, index).hex(),
                "label": key["label"],
                "algorithm": key["algorithm"],
                "usages": key["usages"],
                "public_key": None if key["algorithm"].startswith("aes") else canonical.b64u(public),
                "kcv": None,
                "blob": canonical.sha256_hex(blob_of(key_id(proposal.id, index).hex(), epoch)),
                "epoch": epoch,
                **({"replaces": key["replaces"]["id"]} if "replaces" in key else {}),
            }
            for index, key in enumerate(proposal.document.parameters["keys"])
        ]
        made = [Key(proposal=proposal, **_columns(key)) for key in keys]
        archive = self.archive(proposal, made, epoch=epoch, kcv=kcv)
        return {"keys": keys, "archive_sha256": archive.sha256}

    def archive(
        self, proposal: Proposal, keys: Sequence[Key], *, epoch: int = 1, kcv: str = KCV
    ) -> BackupFile:
        """A backup of these keys, taken under a proposal; it is kept, to travel beside the receipt."""
        slot = Slot.objects.get(zone=proposal.zone, node=self.id)
        keys = sorted(keys, key=lambda key: key.pk)
        blobs = tuple(blob_of(key.pk, epoch) for key in keys)
        manifest = BackupManifest(
            deployment=deployment.current().id,
            demo=True,
            node=self.row.named(),
            identity=self.row.identity,
            zone=proposal.zone.named(),
            slot={"id": slot.id, "name": slot.name},
            backup_key=slot.backup_key,
            epoch=epoch,
            kcv=kcv,
            proposal=proposal.id,
            taken_at=int(time.time()),
            keys=tuple(describe(key, blob) for key, blob in zip(keys, blobs, strict=True)),
        )
        file = self.sign_archive(manifest, blobs)
        self.archives[file.sha256] = file.data
        return file

    def sign_archive(self, manifest: BackupManifest, blobs: Sequence[bytes]) -> BackupFile:
        """A backup with this manifest, signed by the node."""
        return write_backup(manifest, self.sign_taken(manifest), tuple(blobs))

    def sign_taken(self, document: BackupManifest | BackupIndex) -> bytes:
        """The node's signature over what it says of a backup."""
        signature = self.key.sign(pae(Purpose.BACKUP, document.raw), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32) + s.to_bytes(32)


def _columns(key: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "label", "algorithm", "usages")
    return {name: key[name] for name in names} | {"public_key": key["public_key"] or ""}


def describe(key: Key, blob: bytes) -> BackedUpKey:
    """A key as the manifest of a backup has it."""
    return BackedUpKey(
        id=key.pk,
        label=key.label,
        algorithm=key.algorithm,
        usages=tuple(sorted(key.usages)),
        public_key=None if key.algorithm.startswith("aes") else key.public_key,
        check_value="a1b2c3" if key.algorithm.startswith("aes") else None,
        proposal=key.proposal_id,
        blob_sha256=canonical.sha256_hex(blob),
        blob_size=len(blob),
    )


def blob_of(key: str, epoch: int) -> bytes:
    """What stands for a key, wrapped under the backup key of an epoch."""
    return b"wrapped %s %d" % (key.encode(), epoch)


def attachment(data: bytes, *, name: str = "key.wrapped") -> CarriedAttachment:
    """An attachment beside a receipt."""
    return CarriedAttachment(name=name, sha256=canonical.sha256_hex(data), data=canonical.b64u(data))


def nonce() -> str:
    """A random id."""
    return secrets.token_hex(16)
