"""Backup keys by epoch: which one a slot is under, and which opens what was backed up before."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from hsmnodes.access import visible_epochs
from tenants.access import Viewer


class BackupKeySerializer(serializers.Serializer[Any]):
    """A backup key. What was backed up from `created_at` to `retired_at` opens with it and with no other."""

    id = IdField()
    zone = NamedSerializer(source="slot.zone")
    slot = NamedSerializer()
    epoch = serializers.IntegerField(source="number")
    kcv = serializers.CharField(
        help_text="Its check value: the first three bytes of a block of zeros under it."
    )
    proposal = IdField(source="proposal_id")
    created_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True, help_text="Null while it is in force.")
    retired_by = IdField(source="retired_by_id", allow_null=True)


class BackupKeyQuery(ListQuery):
    """Those of one zone, retired or in force."""

    zone = IdField(required=False)
    retired = serializers.ChoiceField(["yes", "no"], required=False)


class VisibleBackupKeys:
    """Those of the zones that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_epochs(viewer).select_related("slot__zone")


class BackupKeys(VisibleBackupKeys, ListView):
    """The backup keys of the zones you see, those that were rotated out, too."""

    item = BackupKeySerializer
    query = BackupKeyQuery
    filters = {"zone": "slot__zone"}

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Retired ones, or those in force."""
        if "retired" not in self.asked:
            return rows
        return rows.filter(retired_at__isnull=self.asked["retired"] == "no")


class BackupKeyDetail(VisibleBackupKeys, DetailView):
    """One backup key."""

    gives = BackupKeySerializer
