"""People, with the public data of their tokens."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from console.api.tokens import ShowsModels, TokenSerializer
from tenants import access
from tenants.access import Viewer
from tenants.models import Person, Token


class PersonSerializer(NamedSerializer):
    """A person. What they may do stands in the charters, not here."""

    organisation = NamedSerializer()
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField(allow_null=True)
    tokens = TokenSerializer(many=True)


class PersonQuery(ListQuery):
    """The people of one organisation."""

    organisation = IdField(required=False)


class VisiblePeople(ShowsModels):
    """Those that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_people(viewer).select_related("organisation").prefetch_related("tokens")

    def tokens_in(self, rows: Iterable[Person]) -> list[Token]:
        """All of theirs."""
        return [token for person in rows for token in person.tokens.all()]


class People(VisiblePeople, ListView):
    """The people you see: of your organisation and, for a provider, of its customers."""

    item = PersonSerializer
    query = PersonQuery
    filters = {"organisation": "organisation"}


class PersonDetail(VisiblePeople, DetailView):
    """One person."""

    gives = PersonSerializer
