"""Webhooks of the own organisation and their messages. For its security officers; secrets are never shown."""

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.base import DetailView, ListQuery, ListView, OneView
from console.api.fields import IdField, NamedSerializer
from tenants import access
from tenants.access import Viewer
from tenants.models import Delivery
from tenants.webhooks import endpoints
from tenants.webhooks.deliveries import TEST

EVENTS = [*endpoints.EVENTS, TEST]


class WebhookSerializer(NamedSerializer):
    """Where events are sent. It is failing while `failing_since` is set, and off while `disabled_at` is."""

    organisation = NamedSerializer()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(list(endpoints.EVENTS)))
    added_by = NamedSerializer()
    created_at = serializers.DateTimeField()
    succeeded_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_reason = serializers.CharField()


class AttemptSerializer(serializers.Serializer[Any]):
    """One attempt: the status that came back, or why none did."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    problem = serializers.CharField()
    milliseconds = serializers.IntegerField()


class DeliverySerializer(serializers.Serializer[Any]):
    """A message to a webhook. Its id is the `webhook-id` of every attempt."""

    id = IdField()
    webhook = NamedSerializer()
    event = serializers.ChoiceField(EVENTS)
    body = serializers.CharField(help_text="Exactly what is sent, and signed.")
    state = serializers.ChoiceField(["waiting", "delivered", "given-up"])
    created_at = serializers.DateTimeField()
    next_at = serializers.DateTimeField(help_text="When it is due, while it is waiting.")
    delivered_at = serializers.DateTimeField(allow_null=True)
    attempts = AttemptSerializer(source="tried", many=True)


class DeliveryQuery(ListQuery):
    """The messages to one webhook."""

    webhook = IdField(required=False)


class VisibleWebhooks:
    """Those of the own organisation, for its security officers."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_webhooks(viewer).select_related("organisation", "added_by")


class VisibleDeliveries:
    """The messages to those webhooks."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With their attempts."""
        found = Delivery.objects.filter(webhook__in=access.visible_webhooks(viewer))
        return found.select_related("webhook__organisation").prefetch_related("tried")


class Webhooks(VisibleWebhooks, ListView):
    """The webhooks of your organisation, if you are one of its security officers."""

    item = WebhookSerializer


class WebhookDetail(VisibleWebhooks, DetailView):
    """One webhook."""

    gives = WebhookSerializer


class WebhookTest(VisibleWebhooks, OneView):
    """Messages that tell nothing."""

    gives = DeliverySerializer
    answers = {201: "The message, which is on its way."}

    def post(self, request: Request, key: str) -> Response:  # noqa: ARG002 - the framework's
        """Send a message that tells nothing, to see whether it arrives."""
        made = endpoints.test_webhook(webhook=self.find(key), by=self.person)
        return Response(self.represent(DeliverySerializer, made), status=HTTPStatus.CREATED)


class WebhookDeliveries(VisibleDeliveries, ListView):
    """The messages to the webhooks of your organisation."""

    item = DeliverySerializer
    query = DeliveryQuery
    filters = {"webhook": "webhook"}


class WebhookDeliveryDetail(VisibleDeliveries, DetailView):
    """One message."""

    gives = DeliverySerializer


class WebhookDeliveryAgain(VisibleDeliveries, OneView):
    """A message, once more."""

    gives = DeliverySerializer
    answers = {200: "The message, which is on its way again."}

    def post(self, request: Request, key: str) -> Response:  # noqa: ARG002 - the framework's
        """Send a message once more: the same content under the same id."""
        endpoints.redeliver(delivery=self.find(key), by=self.person)
        return Response(self.represent(DeliverySerializer, self.find(key)))
