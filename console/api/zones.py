"""Trust Zones."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from hsmnodes.comparing import compare
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


class NamedKeySerializer(serializers.Serializer[Any]):
    """A key by its id and label."""

    id = IdField()
    label = serializers.CharField()


class ZoneDetailSerializer(ZoneSerializer):
    """A zone with the hash of its founding charter, which nodes pin, and its slots."""

    founding_charter = serializers.SerializerMethodField()
    slots = NamedSerializer(many=True, source="zone_slots")

    def get_founding_charter(self, zone: TrustZone) -> str | None:
        """The hash of version 1, once it is in force."""
        return charters.anchor_of(zone.id)


class ComparedMemberSerializer(serializers.Serializer[Any]):
    """One HSM of a zone: what it says it has, and what its receipts come to. Null if nothing was heard."""

    node = NamedSerializer(source="slot.node")
    keys = serializers.IntegerField(source="said.keys", allow_null=True, default=None)
    digest = serializers.CharField(source="said.digest", allow_null=True, default=None)
    epoch = serializers.IntegerField(source="said.epoch", allow_null=True, default=None)
    kcv = serializers.CharField(source="said.kcv", allow_null=True, default=None)
    said_at = serializers.DateTimeField(source="said.at", allow_null=True, default=None)
    receipts_keys = serializers.IntegerField(source="keys")
    receipts_digest = serializers.CharField(source="expected")
    missing = NamedKeySerializer(many=True, help_text="Keys that others of the zone have.")


class ZoneComparisonSerializer(serializers.Serializer[Any]):
    """The HSMs of a zone beside each other; `in_step` if all have the keys that their receipts speak of."""

    zone = NamedSerializer()
    in_step = serializers.BooleanField()
    members = ComparedMemberSerializer(many=True)


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


class ZoneComparison(VisibleZones, DetailView):
    """Whether the HSMs of a zone have the same keys."""

    gives = ZoneComparisonSerializer

    def find(self, key: object) -> Any:
        """The comparison of the zone with this id."""
        return compare(super().find(key))
