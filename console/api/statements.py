"""Statements of duties: every version with its exact bytes, and whether what was signed is in force."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.base import BytesView, DetailView, ListQuery, ListView, OneView
from console.api.duties import CharterAtSerializer
from console.api.fields import HashField, IdField, NamedSerializer, WordsField
from hsmnodes.node.operations.statement import reading
from tenants import access, clock, statements
from tenants.access import Viewer
from tenants.errors import NotVisible
from tenants.models import Statement
from tenants.standing import standing_of


class StatementSigningSerializer(serializers.Serializer[Any]):
    """By which proposal both sides signed, and when."""

    proposal = IdField(source="proposal_id")
    at = serializers.DateTimeField()


class DutyStatementSerializer(serializers.Serializer[Any]):
    """A statement of the duties in a service; `words` are those of its hash. `signed` is null for a draft."""

    id = IdField()
    service = NamedSerializer()
    version = serializers.IntegerField()
    hash = HashField()
    words = WordsField(source="hash")
    created_by = NamedSerializer()
    created_at = serializers.DateTimeField()
    signed = serializers.SerializerMethodField()

    @extend_schema_field(StatementSigningSerializer(allow_null=True))
    def get_signed(self, statement: Statement) -> dict[str, Any] | None:
        """Whether it is signed."""
        signed = getattr(statement, "signed", None)
        return StatementSigningSerializer(signed).data if signed else None


class WaySerializer(serializers.Serializer[Any]):
    """One set of people that is enough: who of either side, in words; empty for nobody."""

    provider = serializers.CharField()
    customer = serializers.CharField()


class DutySerializer(serializers.Serializer[Any]):
    """An operation with who must sign for it. Without `ways` it is denied. `weaker`: short of what."""

    operation = serializers.CharField(source="tag")
    title = serializers.CharField()
    ways = WaySerializer(many=True)
    terms = serializers.ListField(child=serializers.CharField())
    weaker = serializers.ListField(child=serializers.CharField())


class ChapterSerializer(serializers.Serializer[Any]):
    """The duties in one Trust Zone, or, where `zone` is null, those beside them."""

    title = serializers.CharField()
    zone = serializers.SerializerMethodField()
    duties = DutySerializer(many=True)

    @extend_schema_field(IdField(allow_null=True))
    def get_zone(self, chapter: reading.Chapter) -> str | None:
        """The zone's id."""
        return chapter.zone.authority.id if chapter.zone else None


class DutyStatementDetailSerializer(DutyStatementSerializer):
    """A statement with what it says, in words, and the charters it was drawn up from."""

    charters = serializers.SerializerMethodField()
    chapters = serializers.SerializerMethodField()

    @extend_schema_field(CharterAtSerializer(many=True))
    def get_charters(self, statement: Statement) -> Any:
        """Each by version and hash."""
        return CharterAtSerializer([one.authority for one in statement.document.charters], many=True).data

    @extend_schema_field(ChapterSerializer(many=True))
    def get_chapters(self, statement: Statement) -> Any:
        """The duties."""
        return ChapterSerializer(reading.chapters(statement.document), many=True).data


class DifferenceSerializer(serializers.Serializer[Any]):
    """One thing that is in force and differs from what was signed, in words."""

    place = serializers.CharField()
    what = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    sentence = serializers.CharField()
    weaker = serializers.BooleanField()


class StandingSerializer(serializers.Serializer[Any]):
    """How a service stands: the statement `signed` last, and whether it `holds`: it is what is in force."""

    service = NamedSerializer()
    holds = serializers.BooleanField()
    signed = DutyStatementSerializer(allow_null=True)
    differences = DifferenceSerializer(many=True)
    checked_at = serializers.DateTimeField()


class StatementQuery(ListQuery):
    """The statements of one service."""

    service = IdField(required=False)


class VisibleStatements:
    """Those of services given or taken by the organisation of the one who asks."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_statements(viewer).select_related("service", "created_by", "signed__proposal")


class Statements(VisibleStatements, ListView):
    """The statements of duties that you see, drawn up and signed."""

    item = DutyStatementSerializer
    query = StatementQuery
    filters = {"service": "service"}


class StatementDetail(VisibleStatements, DetailView):
    """One statement."""

    gives = DutyStatementDetailSerializer


class StatementDocument(VisibleStatements, BytesView):
    """The exact bytes of a statement, which both sides sign by its hash (docs/formats/statement.md)."""

    file_name = "statement-{}.json"

    def content(self, found: Any) -> bytes:
        """The statement."""
        return bytes(found.raw)


class SignedStatementFile(VisibleStatements, BytesView):
    """A statement with its signatures and the charters behind it: for `quorate-node verify-statement`."""

    file_name = "statement-{}-signed.json"

    def content(self, found: Any) -> bytes:
        """The file."""
        signed = getattr(found, "signed", None)
        if signed is None:
            raise NotVisible
        return statements.file_of(signed).model_dump_json().encode()


class ServiceStatement(OneView):
    """Whether what was signed for a service is what is in force."""

    gives = StandingSerializer

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """The services of the one who asks."""
        return access.visible_services(viewer).select_related("provider", "customer")

    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - the framework's
        """Drawn up again from the charters in force, and compared."""
        standing = standing_of(self.find(key))
        shown = {
            "service": standing.service,
            "holds": standing.holds,
            "signed": standing.signed.statement if standing.signed else None,
            "differences": standing.differences,
            "checked_at": clock.now(),
        }
        return Response(self.represent(StandingSerializer, shown))
