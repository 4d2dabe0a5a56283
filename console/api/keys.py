"""Keys of zones, as the receipts of the nodes that made them state them, and their public halves."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import BytesView, DetailView, ListQuery, ListView
from console.api.fields import BytesField, IdField, NamedSerializer
from hsmnodes.access import visible_keys
from hsmnodes.models import Key
from tenants.access import Viewer
from tenants.errors import NotVisible


class KeySerializer(serializers.Serializer[Any]):
    """A key. `public_key` is its SubjectPublicKeyInfo in DER; empty for secret keys."""

    id = IdField()
    zone = NamedSerializer()
    slot = NamedSerializer()
    label = serializers.CharField()
    algorithm = serializers.CharField()
    usages = serializers.ListField(child=serializers.CharField())
    public_key = BytesField()
    blob_hash = serializers.CharField(help_text="SHA-256 of the wrapped key that is its backup.")
    epoch = serializers.IntegerField(help_text="Of the backup key that opens this backup.")
    first_epoch = serializers.IntegerField(
        help_text="Of the backup key under which it was backed up when it was made: who has enough shares "
        "of that key, and a backup of its time, can read this key."
    )
    proposal = IdField(source="proposal_id")
    replaces = IdField(source="replaces_id", allow_null=True, help_text="The key in whose place it was made.")
    created_at = serializers.DateTimeField()
    destroyed_at = serializers.DateTimeField(allow_null=True)
    destroyed_by = IdField(source="destroyed_by_id", allow_null=True)


class KeyQuery(ListQuery):
    """Keys of one zone, one algorithm, destroyed or not."""

    zone = IdField(required=False)
    algorithm = serializers.RegexField(r"^[a-z0-9-]{1,20}$", required=False)
    destroyed = serializers.ChoiceField(["yes", "no"], required=False)


class VisibleKeys:
    """Those of the zones that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_keys(viewer).select_related("zone", "slot")


class Keys(VisibleKeys, ListView):
    """The keys of the zones you see."""

    item = KeySerializer
    query = KeyQuery
    filters = {"zone": "zone", "algorithm": "algorithm"}

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Destroyed ones, or those that live."""
        if "destroyed" not in self.asked:
            return rows
        return rows.filter(destroyed_at__isnull=self.asked["destroyed"] == "no")


class KeyDetail(VisibleKeys, DetailView):
    """One key."""

    gives = KeySerializer


class PublicKeyDer(VisibleKeys, BytesView):
    """The public key as SubjectPublicKeyInfo in DER (RFC 5280)."""

    media_type = "application/octet-stream"
    file_name = "{}.der"

    def content(self, found: Any) -> bytes:
        """The bytes that the node's receipt states."""
        return _with_public_half(found).public_der


class PublicKeyPem(VisibleKeys, BytesView):
    """The public key in PEM (RFC 7468)."""

    media_type = "application/x-pem-file"
    file_name = "{}.pem"

    def content(self, found: Any) -> bytes:
        """The same key for tools that read text."""
        return _with_public_half(found).public_pem.encode()


def _with_public_half(key: Key) -> Key:
    if not key.public_key:
        raise NotVisible("This is a secret key: it has no public half.")
    return key
