"""Backups of zones: what opens each, and its file, which nobody can read without the backup key."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import BytesView, DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from hsmnodes.access import visible_backups
from hsmnodes.backups import open_backup
from hsmnodes.node.protocol.errors import Refused
from tenants.access import Viewer
from tenants.errors import NotVisible


class BackupSerializer(serializers.Serializer[Any]):
    """A backup that was verified before it was stored."""

    id = IdField()
    zone = NamedSerializer()
    node = NamedSerializer(help_text="The node that took and signed it.")
    sha256 = serializers.CharField(help_text="Of the file: what proposals about it name it by.")
    size = serializers.IntegerField()
    keys = serializers.IntegerField()
    backup_key = serializers.CharField()
    epoch = serializers.IntegerField(help_text="Of the backup key that opens it.")
    kcv = serializers.CharField(help_text="The check value of that key.")
    taken_at = serializers.DateTimeField()
    proposal = IdField(source="proposal_id", allow_null=True, help_text="Null if it was uploaded.")


class BackupQuery(ListQuery):
    """The backups of one zone, of one epoch."""

    zone = IdField(required=False)
    epoch = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)


class VisibleBackups:
    """Those of the zones that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_backups(viewer).select_related("zone", "node")


class Backups(VisibleBackups, ListView):
    """The backups of the zones you see."""

    item = BackupSerializer
    query = BackupQuery
    by = "taken_at"
    filters = {"zone": "zone", "epoch": "epoch"}


class BackupDetail(VisibleBackups, DetailView):
    """One backup."""

    gives = BackupSerializer


class BackupFile(VisibleBackups, BytesView):
    """The file: a signed manifest and the wrapped keys (docs/formats/backup.md)."""

    media_type = "application/octet-stream"
    file_name = "{}.backup"

    def content(self, found: Any) -> bytes:
        """The bytes in the store, checked once more."""
        try:
            return open_backup(found).data
        except Refused as refused:
            raise NotVisible(refused.message) from None
