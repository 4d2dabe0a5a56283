"""Share sets: how backup keys were split among custodians. The shares are sealed, beside the receipts."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from hsmnodes.access import visible_share_sets
from hsmnodes.models import Kept
from tenants.access import Viewer


class HeldShareSerializer(serializers.Serializer[Any]):
    """Whose a share is, and the commitment to it."""

    index = serializers.IntegerField()
    person = IdField()
    name = serializers.CharField()
    credential_id = serializers.CharField()
    kept = serializers.ChoiceField(Kept.choices, help_text="How the share key it is sealed to is kept.")
    commitment = serializers.CharField()
    sealed_sha256 = serializers.CharField(help_text="SHA-256 of the sealed share beside the receipt.")


class ShareSetSerializer(serializers.Serializer[Any]):
    """A split of a backup key: any `threshold` of its shares rebuild the key, as those of earlier sets do."""

    id = IdField()
    zone = NamedSerializer()
    slot = NamedSerializer()
    number = serializers.IntegerField()
    epoch = serializers.IntegerField()
    threshold = serializers.IntegerField(help_text="How many shares rebuild the key.")
    commitment = serializers.CharField(help_text="To the key: the same for every set of one epoch.")
    shares = HeldShareSerializer(many=True)
    proposal = IdField(source="proposal_id")
    created_at = serializers.DateTimeField()


class ShareSetQuery(ListQuery):
    """The share sets of one zone."""

    zone = IdField(required=False)


class VisibleShareSets:
    """Those of the zones that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_share_sets(viewer).select_related("zone", "slot").prefetch_related("shares")


class ShareSets(VisibleShareSets, ListView):
    """The share sets of the zones you see."""

    item = ShareSetSerializer
    query = ShareSetQuery
    filters = {"zone": "zone"}


class ShareSetDetail(VisibleShareSets, DetailView):
    """One share set."""

    gives = ShareSetSerializer
