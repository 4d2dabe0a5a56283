"""Clusters: nodes that hold the same keys."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListView
from console.api.fields import NamedSerializer
from hsmnodes.access import visible_nodes
from hsmnodes.models import Cluster, ClusterMode
from tenants.access import Viewer


class ClusterSerializer(NamedSerializer):
    """A cluster of a provider."""

    provider = NamedSerializer()
    mode = serializers.ChoiceField(ClusterMode.choices)
    created_at = serializers.DateTimeField()


class VisibleClusters:
    """Those of the nodes that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return Cluster.objects.filter(pk__in=visible_nodes(viewer).values("cluster")).select_related(
            "provider"
        )


class Clusters(VisibleClusters, ListView):
    """The clusters of the nodes you see."""

    item = ClusterSerializer


class ClusterDetail(VisibleClusters, DetailView):
    """One cluster."""

    gives = ClusterSerializer
