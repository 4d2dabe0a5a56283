"""Services: what a provider gives a customer."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from hsmnodes.access import visible_nodes
from hsmnodes.models import Placement
from tenants import access
from tenants.access import Viewer
from tenants.models import Service, ServiceMode


class ServiceSerializer(NamedSerializer):
    """A service."""

    provider = NamedSerializer()
    customer = NamedSerializer()
    mode = serializers.ChoiceField(ServiceMode.choices)
    started_at = serializers.DateTimeField()


class PlacementSerializer(serializers.Serializer[Any]):
    """A node that has confirmed the service, by which proposal and since when."""

    node = NamedSerializer()
    proposal = IdField(source="proposal_id")
    at = serializers.DateTimeField()


class ServiceDetailSerializer(ServiceSerializer):
    """A service with its zones, and the nodes it is on."""

    zones = NamedSerializer(many=True)
    placements = serializers.SerializerMethodField()

    @extend_schema_field(PlacementSerializer(many=True))
    def get_placements(self, service: Service) -> list[dict[str, Any]]:
        """Where it is, as far as the one who asks sees those nodes."""
        seen = visible_nodes(self.context["viewer"])
        placed = (
            Placement.objects.filter(service=service, node__in=seen).select_related("node").order_by("at")
        )
        return PlacementSerializer(placed, many=True).data


class ServiceQuery(ListQuery):
    """The services of one customer."""

    customer = IdField(required=False)


class VisibleServices:
    """Those given or taken by the organisation of the one who asks."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_services(viewer).select_related("provider", "customer")


class Services(VisibleServices, ListView):
    """The services your organisation gives or takes."""

    item = ServiceSerializer
    query = ServiceQuery
    by = "started_at"
    filters = {"customer": "customer"}


class ServiceDetail(VisibleServices, DetailView):
    """One service."""

    gives = ServiceDetailSerializer
