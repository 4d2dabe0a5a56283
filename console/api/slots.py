"""Slots: a zone's place on a node."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from hsmnodes.access import visible_slots
from hsmnodes.models import BackupKey
from tenants.access import Viewer


class SlotSerializer(NamedSerializer):
    """A slot; `results` is what the node's receipt says of it."""

    node = NamedSerializer()
    zone = NamedSerializer()
    backup_key = serializers.ChoiceField(BackupKey.choices)
    results = serializers.DictField()
    proposal = IdField(source="proposal_id")
    created_at = serializers.DateTimeField()


class SlotQuery(ListQuery):
    """The slots of one node or zone."""

    node = IdField(required=False)
    zone = IdField(required=False)


class VisibleSlots:
    """Those of the zones that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_slots(viewer).select_related("node", "zone")


class Slots(VisibleSlots, ListView):
    """The slots of the zones you see."""

    item = SlotSerializer
    query = SlotQuery
    filters = {"node": "node", "zone": "zone"}


class SlotDetail(VisibleSlots, DetailView):
    """One slot."""

    gives = SlotSerializer
