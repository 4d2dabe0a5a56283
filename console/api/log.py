"""The log: every event that concerns the organisation, in order, and as lines to keep and verify."""

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from console.api.base import ApiView, BytesView, DetailView, ListQuery, ListView
from console.api.fields import HashField, NamedSerializer
from console.api.parsing import Query
from tenants import access
from tenants.access import Viewer
from tenants.errors import NotVisible
from tenants.log import Event
from tenants.models import LogEntry, Severity

LINES = "application/jsonl"
EVENTS = [event.value for event in Event]
MOST = 10_000
NUMBER = {"key": "^[1-9][0-9]{0,14}$"}


class SubjectSerializer(serializers.Serializer[Any]):
    """What an entry is about."""

    kind = serializers.CharField(source="subject_kind")
    id = serializers.CharField(source="subject")


class LogEntrySerializer(serializers.Serializer[Any]):
    """An entry. `hash` is the SHA-256 of its exact bytes, which hold the hash of the entry before."""

    sequence = serializers.IntegerField()
    at = serializers.DateTimeField()
    event = serializers.ChoiceField(EVENTS)
    severity = serializers.ChoiceField(Severity.choices)
    summary = serializers.CharField()
    actor = serializers.SerializerMethodField()
    subject = SubjectSerializer(source="*")
    hash = HashField()

    @extend_schema_field(NamedSerializer(allow_null=True))
    def get_actor(self, entry: LogEntry) -> dict[str, str] | None:
        """The person or program whose doing it was."""
        return {"id": entry.actor, "name": entry.actor_name} if entry.actor else None


class LogQuery(ListQuery):
    """Entries of one kind, or about one thing."""

    event = serializers.ChoiceField(EVENTS, required=False)
    severity = serializers.ChoiceField(Severity.choices, required=False)
    subject = serializers.RegexField("^[0-9a-f]{32}$", required=False)
    actor = serializers.RegexField("^[0-9a-f]{32}$", required=False)


class ExportQuery(Query):
    """Where to begin: with the first entry after this one."""

    after = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**53 - 1)
    size = serializers.IntegerField(required=False, default=MOST, min_value=1, max_value=MOST)


class VisibleLog:
    """The entries that concern the organisation of the one who asks."""

    def visible(self, viewer: Viewer) -> QuerySet[LogEntry]:
        """Without the documents they are about."""
        return access.visible_log(viewer).defer("document", "raw")


class Log(VisibleLog, ListView):
    """The log, newest first."""

    item = LogEntrySerializer
    query = LogQuery
    by = "sequence"
    filters = {"event": "event", "severity": "severity", "subject": "subject", "actor": "actor"}


class LogExport(ApiView):
    """The log in JSON Lines, oldest first: each line is the exact bytes of an entry.

    The SHA-256 of a line (without its line feed) is the entry's hash. At most 10,000 lines: ask again with
    `after` set to the last `sequence`. What concerns only others is left out, so numbers may be missing.
    """

    query = ExportQuery
    media_type = LINES

    def get(self, request: Request) -> StreamingHttpResponse:  # noqa: ARG002 - the framework's
        """The lines."""
        rows = access.visible_log(self.viewer).filter(sequence__gt=self.asked["after"]).order_by("sequence")
        entries = rows.values_list("raw", flat=True)[: self.asked["size"]]
        return StreamingHttpResponse(
            (bytes(entry) + b"\n" for entry in entries.iterator()),
            content_type=LINES,
            headers={"Content-Disposition": 'attachment; filename="log.jsonl"'},
        )


class LogEntryDetail(VisibleLog, DetailView):
    """One entry of the log."""

    gives = LogEntrySerializer
    path_patterns = NUMBER


class LogEntryDocument(VisibleLog, BytesView):
    """The exact bytes of the document that an entry is about: what was signed, proposed or received."""

    path_patterns = NUMBER
    file_name = "entry-{}.json"

    def content(self, found: Any) -> bytes:
        """The document. Raises NotVisible for an entry without one."""
        if not found.document:
            raise NotVisible("This entry is about no document.")
        return bytes(found.document)
