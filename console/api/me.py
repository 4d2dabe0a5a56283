"""Who is asking."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.base import ApiView
from console.api.fields import NamedSerializer, RolesField
from tenants import access
from tenants.models import Person


class MeSerializer(NamedSerializer):
    """The person or program that asks; `roles` by the charter in force of their own organisation."""

    kind = serializers.ChoiceField(["person", "program"])
    organisation = NamedSerializer()
    roles = RolesField()


class Me(ApiView):
    """Who is asking, by this session or signature."""

    gives = MeSerializer

    def get(self, request: Request) -> Response:  # noqa: ARG002 - the framework's
        """Who is asking, by this session or signature."""
        asking = self.viewer
        found: dict[str, Any] = {
            "id": asking.id,
            "name": asking.name,
            "kind": "person" if isinstance(asking, Person) else "program",
            "organisation": asking.organisation,
            "roles": access.roles_of(asking) if isinstance(asking, Person) else (),
        }
        return Response(self.represent(MeSerializer, found))
