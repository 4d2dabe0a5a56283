"""Receipts: what nodes say they did, signed by them."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from console.api.base import BytesView, DetailView, ListQuery, ListView
from console.api.fields import HashField, IdField, NamedSerializer
from hsmnodes.access import visible_receipts
from hsmnodes.models import Attachment
from hsmnodes.node.protocol.documents import Outcome
from tenants.access import Viewer
from tenants.errors import NotVisible

OUTCOMES = [outcome.value for outcome in Outcome]


class AttachmentSerializer(serializers.Serializer[Any]):
    """What came beside a receipt, by the hash that the receipt states."""

    name = serializers.CharField()
    sha256 = HashField()


class ReceiptSerializer(serializers.Serializer[Any]):
    """A receipt that was verified with the node's pinned key. Its id is its hash."""

    id = HashField(source="hash")
    node = NamedSerializer()
    proposal = IdField(source="proposal_id")
    step = serializers.IntegerField()
    outcome = serializers.ChoiceField(OUTCOMES)
    code = serializers.CharField()
    detail = serializers.CharField()
    results = serializers.DictField()
    sequence = serializers.IntegerField(help_text="Its place among all receipts of the node.")
    previous = HashField()
    attachments = AttachmentSerializer(many=True)
    at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class ReceiptQuery(ListQuery):
    """Receipts about one proposal, of one node, or of one outcome."""

    proposal = IdField(required=False)
    node = IdField(required=False)
    outcome = serializers.ChoiceField(OUTCOMES, required=False)


class VisibleReceipts:
    """Those that the one who asks may see; found by their hash."""

    path_patterns = {"key": "^[0-9a-f]{64}$"}

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them, without the bytes of what came beside them."""
        return (
            visible_receipts(viewer)
            .select_related("node")
            .prefetch_related(Prefetch("attachments", Attachment.objects.defer("data")))
        )

    def find(self, key: object) -> Any:
        """The one with this hash. Raises NotVisible."""
        found = self.visible(self.viewer).filter(hash=key).first()
        if found is None:
            raise NotVisible
        return found


class Receipts(VisibleReceipts, ListView):
    """The receipts about the proposals you see."""

    item = ReceiptSerializer
    query = ReceiptQuery
    by = "received_at"
    filters = {"proposal": "proposal", "node": "node", "outcome": "outcome"}


class ReceiptDetail(VisibleReceipts, DetailView):
    """One receipt."""

    gives = ReceiptSerializer


class ReceiptDocument(VisibleReceipts, BytesView):
    """The exact bytes of a receipt: what the node signed (docs/formats/documents.md)."""

    file_name = "receipt-{}.json"

    def content(self, found: Any) -> bytes:
        """The payload."""
        return bytes(found.raw)


class ReceiptEnvelope(VisibleReceipts, BytesView):
    """A receipt with the node's signature on it, as it came."""

    file_name = "receipt-{}.signed.json"

    def content(self, found: Any) -> bytes:
        """The envelope."""
        return bytes(found.envelope)
