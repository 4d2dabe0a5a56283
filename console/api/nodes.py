"""Nodes: one HSM each, and what their last heartbeat said."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import BytesField, HashField, IdField, NamedSerializer, WordsField
from hsmnodes.access import visible_nodes
from hsmnodes.models import Node, NodeStatus
from tenants.access import Viewer


class JournalSerializer(serializers.Serializer[Any]):
    """The head of a node's journal as its last heartbeat stated it."""

    sequence = serializers.IntegerField(source="journal_sequence")
    hash = serializers.CharField(source="journal_hash")


class CapacitySerializer(serializers.Serializer[Any]):
    """How much a node holds; shown to its provider alone."""

    slots = serializers.IntegerField()
    slots_used = serializers.IntegerField()
    keys = serializers.IntegerField(source="keys_held")


class NodeSerializer(NamedSerializer):
    """A node; `words` are those of its identity key, compared at the machine."""

    provider = NamedSerializer()
    data_centre = NamedSerializer()
    cluster = NamedSerializer(allow_null=True)
    module = serializers.CharField()
    identity = BytesField(help_text="The 65-byte point of its identity key.")
    identity_hash = HashField()
    words = WordsField(source="identity_hash")
    status = serializers.ChoiceField(NodeStatus.choices)
    status_reason = serializers.SerializerMethodField()
    witness = serializers.CharField()
    journal = JournalSerializer(source="*")
    capacity = serializers.SerializerMethodField()
    versions = serializers.DictField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    enrolled_at = serializers.DateTimeField(allow_null=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(CapacitySerializer(allow_null=True))
    def get_capacity(self, node: Node) -> dict[str, Any] | None:
        """What is on it, all customers together, is the provider's business."""
        return CapacitySerializer(node).data if self._is_providers(node) else None

    def get_status_reason(self, node: Node) -> str:
        """Whose charters it lacks is the provider's business, too."""
        return node.whole_reason if self._is_providers(node) else node.status_reason

    def _is_providers(self, node: Node) -> bool:
        return bool(self.context["viewer"].organisation_id == node.provider_id)


class NodeQuery(ListQuery):
    """The nodes of one data centre or cluster."""

    data_centre = IdField(required=False)
    cluster = IdField(required=False)


class VisibleNodes:
    """Those that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_nodes(viewer).select_related("provider", "data_centre", "cluster")


class Nodes(VisibleNodes, ListView):
    """The nodes you see: a customer those that its services are on."""

    item = NodeSerializer
    query = NodeQuery
    filters = {"data_centre": "data_centre", "cluster": "cluster"}


class NodeDetail(VisibleNodes, DetailView):
    """One node."""

    gives = NodeSerializer
