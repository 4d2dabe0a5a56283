"""Webhooks: where an organisation has events sent, each message that is due, and how each attempt went."""

from django.db import models
from django.db.models import Q

from tenants.models.fields import NAME_MAX, HashField, IdField
from tenants.models.notice import EVENT_MAX, Occasion
from tenants.models.organisation import Organisation
from tenants.models.person import Person


class Webhook(models.Model):
    """An address that gets signed messages (Standard Webhooks).

    The secret follows from `salt` and the deployment's key, and is kept nowhere; while a new one is brought
    in, messages are signed by the `previous_salt` too. `events` names what is sent; an empty list sends
    nothing.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="webhooks")
    name = models.CharField(max_length=NAME_MAX)
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    salt = HashField()
    previous_salt = HashField(blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="a_webhook_s_name_is_its_own"),
        ]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One message to one webhook; its id is the `webhook-id`, and its body the same in every attempt."""

    id = IdField()
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    occasion = models.ForeignKey(
        Occasion, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    event = models.CharField(max_length=EVENT_MAX)
    body = models.TextField()
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["webhook", "-created_at", "-id"], name="deliveries_of_webhook"),
            models.Index(fields=["next_at"], condition=Q(settled_at__isnull=True), name="deliveries_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "occasion"],
                condition=Q(occasion__isnull=False),
                name="a_webhook_is_told_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"

    @property
    def state(self) -> str:
        """Where it stands: waiting, delivered, or given up."""
        if self.delivered_at is not None:
            return "delivered"
        return "waiting" if self.settled_at is None else "given-up"


class DeliveryAttempt(models.Model):
    """One attempt: the status that came back, or why none did. What the answer said is not kept."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tried")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.delivery}: {self.status or self.problem}"
