"""Data centres."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListView
from console.api.fields import NamedSerializer
from hsmnodes.access import visible_data_centres
from tenants.access import Viewer


class DataCentreSerializer(NamedSerializer):
    """A place where a provider's nodes stand."""

    provider = NamedSerializer()
    created_at = serializers.DateTimeField()


class VisibleDataCentres:
    """Those that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_data_centres(viewer).select_related("provider")


class DataCentres(VisibleDataCentres, ListView):
    """The data centres you see: a customer those in which its services are."""

    item = DataCentreSerializer


class DataCentreDetail(VisibleDataCentres, DetailView):
    """One data centre."""

    gives = DataCentreSerializer
