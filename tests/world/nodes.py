"""Nodes without an HSM: an identity key in software, and answers as a node would sign them."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes import incoming
from hsmnodes.models import DataCentre, Node
from hsmnodes.node.agent.messages import CarriedAttachment, FromNode
from hsmnodes.node.operations.key.generate import key_id
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Heartbeat, Receipt
from hsmnodes.node.protocol.documents.base import Document
from hsmnodes.node.protocol.nodesigning import envelope
from hsmnodes.node.protocol.purposes import Purpose, pae
from hsmnodes.registering import add_data_centre, enrolment_parameters, register_node
from tenants import deployment
from tenants.models import Person, Proposal

ZEROS = "0" * 64


@dataclass
class NodeOfWorld:
    """A node as the console knows it, and the key it signs with."""

    id: str
    key: ec.EllipticCurvePrivateKey
    sequence: int = 0
    previous: str = ZEROS
    said: list[str] = field(default_factory=list)

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

    def sign(self, purpose: Purpose, document: Document, *, kind: str, attachments=()) -> str:
        """A message with `document` in this node's envelope."""
        signature = self.key.sign(pae(purpose, document.raw), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(signature)
        signed = envelope(
            purpose=purpose,
            node=self.id,
            payload=document.raw,
            signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        )
        return FromNode(kind=kind, envelope=signed, attachments=tuple(attachments)).text()

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
            keys = range(len(receipt.results.get("keys", ())))
            wrapped = {canonical.sha256_hex(blob_of(about, index)): blob_of(about, index) for index in keys}
            stated = [key.get("wrapped_sha256") for key in receipt.results.get("keys", ())]
            attachments = [
                attachment(wrapped[one], name=f"{index}.wrapped")
                for index, one in enumerate(stated)
                if one in wrapped
            ]
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
        }
        return self.sign(Purpose.HEARTBEAT, Heartbeat(**(values | changes)), kind="heartbeat")

    def key_results(self, proposal: Proposal) -> dict[str, Any]:
        """Results as `key.generate` gives them."""
        return {
            "keys": [
                {
                    "id": key_id(proposal.id, index).hex(),
                    "label": key["label"],
                    "algorithm": key["algorithm"],
                    "usages": key["usages"],
                    "public_key": canonical.b64u(
                        self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
                    ),
                    "kcv": None,
                    "wrapped_sha256": canonical.sha256_hex(blob_of(proposal, index)),
                }
                for index, key in enumerate(proposal.document.parameters["keys"])
            ]
        }


def blob_of(proposal: Proposal, index: int) -> bytes:
    """What stands for a wrapped key."""
    return b"wrapped %s %d" % (proposal.id.encode(), index)


def attachment(data: bytes, *, name: str = "key.wrapped") -> CarriedAttachment:
    """An attachment beside a receipt."""
    return CarriedAttachment(name=name, sha256=canonical.sha256_hex(data), data=canonical.b64u(data))


def nonce() -> str:
    """A random id."""
    return secrets.token_hex(16)
