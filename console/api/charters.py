"""Charters: every version with its exact bytes, who has signed it, and the link document nodes check."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.assertions import SignedSerializer, read_signed
from console.api.base import BytesView, DetailView, ListQuery, ListView, OneView
from console.api.fields import BytesField, HashField, IdField, NamedSerializer, WordsField
from tenants import access, charters
from tenants.access import Viewer
from tenants.models import AuthorityChoices, CharterState, CharterVersion


class CharterAuthoritySerializer(NamedSerializer):
    """Whose charter it is."""

    kind = serializers.ChoiceField(AuthorityChoices.choices)
    id = IdField(source="authority")


class CharterSerializer(serializers.Serializer[Any]):
    """A version of the charter of an organisation or zone; `words` are those of its hash."""

    id = IdField()
    authority = CharterAuthoritySerializer(source="*")
    organisation = NamedSerializer()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(CharterState.choices)
    hash = HashField()
    words = WordsField(source="hash")
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    created_by = NamedSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    in_force_at = serializers.DateTimeField(allow_null=True)


class CharterSignatureSerializer(serializers.Serializer[Any]):
    """A token that has signed a charter."""

    person = NamedSerializer()
    credential_id = BytesField()
    at = serializers.DateTimeField()


class UnsignedSerializer(serializers.Serializer[Any]):
    """A token that has still to sign a charter."""

    person = NamedSerializer()
    label = serializers.CharField()
    credential_id = BytesField()


class CharterDetailSerializer(CharterSerializer):
    """A version with who has signed it, and who has still to."""

    signatures = CharterSignatureSerializer(many=True)
    unsigned = serializers.SerializerMethodField()

    @extend_schema_field(UnsignedSerializer(many=True))
    def get_unsigned(self, charter: CharterVersion) -> list[dict[str, Any]]:
        """The tokens whose signature it still needs."""
        return [
            {
                "person": {"id": one.person, "name": one.person_name},
                "label": one.token.label,
                "credential_id": one.token.credential_id,
            }
            for one in charters.unsigned(charter)
        ]


class CharterQuery(ListQuery):
    """The versions of one organisation's or zone's charter; those in one state; those of one kind."""

    authority = IdField(required=False)
    kind = serializers.ChoiceField(AuthorityChoices.choices, required=False)
    state = serializers.ChoiceField(CharterState.choices, required=False)


class VisibleCharters:
    """Those that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_charters(viewer).select_related("organisation", "created_by", "zone__service")


class Charters(VisibleCharters, ListView):
    """The charters you see, every version of each."""

    item = CharterSerializer
    query = CharterQuery
    filters = {"authority": "authority", "kind": "kind", "state": "state"}


class CharterDetail(VisibleCharters, DetailView):
    """One version of a charter."""

    gives = CharterDetailSerializer

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With its signatures."""
        return super().visible(viewer).prefetch_related("signatures__person")


class CharterDocument(VisibleCharters, BytesView):
    """The exact bytes of a charter: what its people signed (docs/formats/documents.md)."""

    file_name = "charter-{}.json"

    def content(self, found: Any) -> bytes:
        """The charter."""
        return bytes(found.raw)


class CharterLinkDocument(VisibleCharters, BytesView):
    """A charter with what makes it valid after the version before: what a node checks."""

    file_name = "charter-link-{}.json"

    def content(self, found: Any) -> bytes:
        """The link."""
        return charters.link_of(found).raw


class CharterSignatures(VisibleCharters, OneView):
    """Signatures of a charter."""

    gives = CharterDetailSerializer
    body = SignedSerializer
    answers = {201: "The charter as it then stands."}

    def post(self, request: Request, key: str) -> Response:
        """Sign a charter: hand in what one of your tokens signed at the desk for `found`."""
        charter = self.find(key)
        assertion = read_signed(SignedSerializer, request)["assertion"]
        charters.sign_charter(charter=charter, person=self.person, assertion=assertion)
        return Response(self.represent(CharterDetailSerializer, self.find(key)), status=201)
