"""Programs of the own organisation, and the keys they sign their requests by."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListView
from console.api.fields import BytesField, NamedSerializer
from tenants import access
from tenants.access import Viewer


class ProgramSerializer(NamedSerializer):
    """A program; its id is the `keyid` of its signatures."""

    organisation = NamedSerializer()
    public_key = BytesField(help_text="The 32 bytes of Ed25519.")
    registered_by = NamedSerializer()
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class VisiblePrograms:
    """Those of the own organisation."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_programs(viewer).select_related("organisation", "registered_by")


class Programs(VisiblePrograms, ListView):
    """The programs of your organisation."""

    item = ProgramSerializer


class ProgramDetail(VisiblePrograms, DetailView):
    """One program."""

    gives = ProgramSerializer
