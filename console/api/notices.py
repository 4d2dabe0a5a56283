"""Notices: what the person who asks was told. Programs are told nothing; they have webhooks."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.base import DetailView, ListQuery, ListView, OneView
from console.api.fields import IdField
from tenants.access import Viewer
from tenants.models import Notice, Person
from tenants.notices.kinds import KINDS
from tenants.notices.reading import mark_read, notices_of

EVENTS = list(KINDS)


class NoticeSubjectSerializer(serializers.Serializer[Any]):
    """What a notice is about."""

    kind = serializers.CharField(source="subject_kind")
    id = serializers.CharField(source="subject")


class NoticeSerializer(serializers.Serializer[Any]):
    """That you were told of something. It is new while `read_at` is null."""

    id = IdField()
    event = serializers.ChoiceField(EVENTS, source="occasion.event")
    summary = serializers.CharField(source="occasion.summary")
    subject = NoticeSubjectSerializer(source="occasion")
    at = serializers.DateTimeField(source="occasion.at")
    created_at = serializers.DateTimeField(help_text="When you were told.")
    read_at = serializers.DateTimeField(allow_null=True)


class NoticeQuery(ListQuery):
    """Notices of one event, or only what is new."""

    event = serializers.ChoiceField(EVENTS, required=False)
    unread = serializers.BooleanField(required=False, help_text="True for what is new, false for the rest.")


class VisibleNotices:
    """Their own."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what they are about."""
        return notices_of(viewer) if isinstance(viewer, Person) else Notice.objects.none()


class Notices(VisibleNotices, ListView):
    """What you were told."""

    item = NoticeSerializer
    query = NoticeQuery
    filters = {"event": "occasion__event", "unread": "read_at__isnull"}


class NoticeDetail(VisibleNotices, DetailView):
    """One notice."""

    gives = NoticeSerializer


class NoticeRead(VisibleNotices, OneView):
    """That a notice was read."""

    gives = NoticeSerializer
    answers = {200: "The notice, which is not new any more."}

    def post(self, request: Request, key: str) -> Response:  # noqa: ARG002 - the framework's
        """Note that you have read it."""
        found = self.find(key)
        mark_read(Notice.objects.filter(pk=found.pk))
        return Response(self.represent(NoticeSerializer, self.find(key)))
