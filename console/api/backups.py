"""Backups of zones: what opens each, and its file, which nobody can read without the backup key."""

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.base import BytesView, DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from console.api.parsing import read_body
from hsmnodes.access import visible_backups
from hsmnodes.backups import open_backup, upload_backup
from hsmnodes.models import Backup
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import known_by
from hsmnodes.node.protocol.documents.backups import LONGEST_BACKUP
from hsmnodes.node.protocol.errors import Refused
from tenants import access
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


LONGEST_IN_BASE64 = -(-LONGEST_BACKUP * 4 // 3)


class UploadSerializer(serializers.Serializer[Any]):
    """A file that somebody has kept."""

    zone = IdField(help_text="The Trust Zone that it is a backup of.")
    file = serializers.RegexField(
        r"^[A-Za-z0-9_-]+$", max_length=LONGEST_IN_BASE64, help_text="The file in base64url, without padding."
    )


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
    gives = BackupSerializer
    body = UploadSerializer
    body_limit = LONGEST_IN_BASE64 + 1_000
    answers = {201: "The backup, verified and stored.", 200: "The backup, which was here already."}

    def post(self, request: Request) -> Response:
        """Store a backup that you have: verified before it is stored, structure, signature, zone, every blob.

        For people with a duty in the Trust Zone's charter.
        """
        wanted = read_body(UploadSerializer, request)
        zone = access.get_visible(access.visible_zones(self.person), wanted["zone"])
        data = canonical.b64u_decode(wanted["file"])
        was_here = Backup.objects.filter(sha256=known_by(data)).exists()
        backup = upload_backup(person=self.person, zone=zone, data=data)
        found = self.visible(self.viewer).get(pk=backup.pk)
        return Response(
            self.represent(BackupSerializer, found),
            status=HTTPStatus.OK if was_here else HTTPStatus.CREATED,
            headers={"Location": f"/api/v1/backups/{backup.pk}"},
        )


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
