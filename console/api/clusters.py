"""Clusters: nodes that belong together and hold the same zones."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from console.api.base import DetailView, ListView
from console.api.fields import HashField, IdField, NamedSerializer
from hsmnodes.access import visible_clusters, visible_nodes
from hsmnodes.models import Cluster, ClusterMode
from tenants.access import Viewer


class MemberSerializer(NamedSerializer):
    """A member; `identity` is the SHA-256 of its identity key."""

    identity = HashField()


class ClusterSerializer(NamedSerializer):
    """A cluster of a provider, as the receipts of its members say it is.

    `members` are in order: in failover the first serves; a customer is shown those that it sees. `state` is
    what the next operation succeeds.
    """

    provider = NamedSerializer()
    mode = serializers.ChoiceField(ClusterMode.choices)
    members = serializers.SerializerMethodField()
    revision = serializers.IntegerField()
    state = HashField()
    proposal = IdField(source="proposal_id")
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()

    @extend_schema_field(MemberSerializer(many=True))
    def get_members(self, cluster: Cluster) -> list[dict[str, Any]]:
        """Those among them that the one who asks may see."""
        if "seen" not in self.context:
            self.context["seen"] = set(visible_nodes(self.context["viewer"]).values_list("pk", flat=True))
        seen = self.context["seen"]
        return [one for one in cluster.members if one["id"] in seen]


class VisibleClusters:
    """Those of the nodes that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_clusters(viewer).select_related("provider")


class Clusters(VisibleClusters, ListView):
    """The clusters of the nodes you see."""

    item = ClusterSerializer


class ClusterDetail(VisibleClusters, DetailView):
    """One cluster."""

    gives = ClusterSerializer
