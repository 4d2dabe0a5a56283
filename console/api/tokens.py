"""Security tokens: what is public of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from console.api.base import ApiView, DetailView, ListQuery, ListView
from console.api.fields import BytesField, IdField, NamedSerializer, WordsField
from hsmnodes.node.protocol import canonical
from tenants import access
from tenants.access import Viewer
from tenants.metadata import keeping
from tenants.models import Token, TokenModel


class CompromiseSerializer(serializers.Serializer[Any]):
    """A report against a model: a status of FIDO MDS3, and since when, if that is said."""

    status = serializers.CharField()
    since = serializers.DateField(allow_null=True)


class TokenModelSerializer(serializers.Serializer[Any]):
    """A model of tokens; `name` is empty where the list that the operator loaded does not have it."""

    aaguid = IdField()
    name = serializers.CharField()
    compromises = serializers.SerializerMethodField()

    @extend_schema_field(CompromiseSerializer(many=True))
    def get_compromises(self, model: TokenModel) -> list[dict[str, Any]]:
        """What is known against it."""
        return [{"status": status, "since": since or None} for status, since in model.compromises]


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
    model = serializers.SerializerMethodField()
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

    @extend_schema_field(TokenModelSerializer())
    def get_model(self, token: Token) -> dict[str, Any]:
        """What is known of its model; nothing but the AAGUID, if the list of models does not have it."""
        models: Mapping[str, TokenModel] = self.context["models"]
        return TokenModelSerializer(models.get(token.aaguid) or TokenModel(aaguid=token.aaguid)).data


class TokenQuery(ListQuery):
    """The tokens of one person."""

    person = IdField(required=False)


class ShowsModels(ApiView):
    """Answers with tokens, and looks up what is known of the models of all of them at once."""

    def tokens_in(self, rows: Iterable[Any]) -> Iterable[Token]:
        """The tokens in what is answered."""
        return rows

    def represent(self, serializer: type[serializers.Serializer[Any]], found: Any, **options: Any) -> Any:
        """With what is known of the models."""
        rows = found if options.get("many") else [found]
        models = keeping.known({one.aaguid for one in self.tokens_in(rows)})
        return serializer(found, context={"viewer": self.viewer, "models": models}, **options).data


class VisibleTokens(ShowsModels):
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
