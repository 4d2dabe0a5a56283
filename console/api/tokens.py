"""Security tokens: what is public of them."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import BytesField, IdField, NamedSerializer, WordsField
from hsmnodes.node.protocol import canonical
from tenants import access
from tenants.access import Viewer
from tenants.models import Token


class TokenSerializer(serializers.Serializer[Any]):
    """A WebAuthn credential. `words` are those its holder compares: of the SHA-256 of its public key."""

    id = IdField()
    person = NamedSerializer()
    label = serializers.CharField()
    credential_id = BytesField()
    algorithm = serializers.ChoiceField([-7, -8], help_text="COSE: -7 is ES256, -8 is EdDSA.")
    public_key = BytesField(help_text="The 65-byte point of P-256, or the 32 bytes of Ed25519.")
    words = serializers.SerializerMethodField()
    aaguid = IdField()
    attestation_format = serializers.CharField()
    attestation_trusted = serializers.BooleanField()
    backup_eligible = serializers.BooleanField()
    simulated = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    suspended_at = serializers.DateTimeField(allow_null=True)
    suspended_reason = serializers.CharField()

    def get_words(self, token: Token) -> list[str]:
        """The words of its public key."""
        digest = canonical.sha256_hex(canonical.b64u_decode(token.public_key))
        return list(WordsField().to_representation(digest))


class TokenQuery(ListQuery):
    """The tokens of one person."""

    person = IdField(required=False)


class VisibleTokens:
    """Those of the people that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return Token.objects.filter(person__in=access.visible_people(viewer)).select_related("person")


class Tokens(VisibleTokens, ListView):
    """The tokens of the people you see."""

    item = TokenSerializer
    query = TokenQuery
    filters = {"person": "person"}


class TokenDetail(VisibleTokens, DetailView):
    """One token."""

    gives = TokenSerializer
