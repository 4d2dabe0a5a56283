"""Ceremonies: a node's question for shares, and who has given one. Shares are given at the desk alone."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import BytesView, DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from hsmnodes.access import visible_ceremonies
from hsmnodes.node.protocol import canonical
from hsmnodes.transcripts import transcript_of
from tenants.access import Viewer


class ContributionSerializer(serializers.Serializer[Any]):
    """Who gave a share, and what the node said to it."""

    index = serializers.IntegerField()
    person = NamedSerializer()
    hash = serializers.CharField(help_text="SHA-256 of what the custodian's token signed.")
    at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=["sent", "accepted", "refused"])
    code = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)
    answered_at = serializers.DateTimeField(allow_null=True)


class CeremonySerializer(serializers.Serializer[Any]):
    """A ceremony; its id is that of the proposal it is for."""

    id = IdField(source="pk")
    zone = NamedSerializer()
    node = NamedSerializer()
    hash = serializers.CharField(help_text="SHA-256 of the question, whose words custodians compare.")
    asked = serializers.IntegerField(help_text="How many shares are asked for.")
    contributions = ContributionSerializer(many=True)
    opened_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class CeremonyQuery(ListQuery):
    """The ceremonies of one zone."""

    zone = IdField(required=False)


class VisibleCeremonies:
    """Those for the proposals that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return (
            visible_ceremonies(viewer)
            .select_related("zone", "node")
            .prefetch_related("contributions__person")
        )


class Ceremonies(VisibleCeremonies, ListView):
    """The ceremonies for the proposals you see."""

    item = CeremonySerializer
    by = "opened_at"
    query = CeremonyQuery
    filters = {"zone": "zone"}


class CeremonyDetail(VisibleCeremonies, DetailView):
    """One ceremony."""

    gives = CeremonySerializer


class CeremonyTranscript(VisibleCeremonies, BytesView):
    """Every signed document of a ceremony, to be verified offline."""

    file_name = "ceremony-{}.json"

    def content(self, found: Any) -> bytes:
        """The transcript so far."""
        return canonical.encode(transcript_of(found))
