"""Organisations: the own one, a provider's customers, a customer's provider."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import NamedSerializer
from tenants import access
from tenants.access import Viewer

KINDS = ["provider", "customer"]


class OrganisationSerializer(NamedSerializer):
    """A provider, or a customer with the provider that took it on."""

    kind = serializers.ChoiceField(KINDS)
    provider = NamedSerializer(allow_null=True)
    created_at = serializers.DateTimeField()


class OrganisationQuery(ListQuery):
    """Organisations of one kind."""

    kind = serializers.ChoiceField(KINDS, required=False)


class VisibleOrganisations:
    """Those that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_organisations(viewer).select_related("provider")


class Organisations(VisibleOrganisations, ListView):
    """The organisations you see."""

    item = OrganisationSerializer
    query = OrganisationQuery
    filters = {"kind": "kind"}


class OrganisationDetail(VisibleOrganisations, DetailView):
    """One organisation."""

    gives = OrganisationSerializer
