"""Trust Zones."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from tenants import access, charters
from tenants.access import Viewer
from tenants.models import TrustZone


class ZoneSerializer(NamedSerializer):
    """A zone; `controller` is the side that holds its backup key. Founded once `founded_at` is set."""

    service = NamedSerializer()
    provider = NamedSerializer(source="service.provider")
    customer = NamedSerializer(source="service.customer")
    controller = serializers.ChoiceField(["provider", "customer"])
    created_at = serializers.DateTimeField()
    founded_at = serializers.DateTimeField(allow_null=True)


class ZoneDetailSerializer(ZoneSerializer):
    """A zone with the hash of its founding charter, which nodes pin, and its slots."""

    founding_charter = serializers.SerializerMethodField()
    slots = NamedSerializer(many=True, source="zone_slots")

    def get_founding_charter(self, zone: TrustZone) -> str | None:
        """The hash of version 1, once it is in force."""
        return charters.anchor_of(zone.id)


class ZoneQuery(ListQuery):
    """The zones of one service."""

    service = IdField(required=False)


class VisibleZones:
    """Those of the services that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_zones(viewer).select_related("service__provider", "service__customer")


class Zones(VisibleZones, ListView):
    """The Trust Zones you see."""

    item = ZoneSerializer
    query = ZoneQuery
    filters = {"service": "service"}


class ZoneDetail(VisibleZones, DetailView):
    """One Trust Zone."""

    gives = ZoneDetailSerializer
