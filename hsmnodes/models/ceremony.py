"""Ceremonies: a node's question for shares, what custodians gave, and what the node said to each."""

from django.db import models

from hsmnodes.models.node import Node
from hsmnodes.models.outbox import OutboxMessage
from hsmnodes.node.protocol import documents
from tenants.models import Person, Proposal, TrustZone
from tenants.models.fields import HashField


class Ceremony(models.Model):
    """A question for shares in the exact bytes the node signed, and its fields for lists."""

    proposal = models.OneToOneField(
        Proposal, on_delete=models.PROTECT, primary_key=True, related_name="ceremony"
    )
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="ceremonies")
    zone = models.ForeignKey(TrustZone, on_delete=models.PROTECT, related_name="ceremonies")
    raw = models.BinaryField()
    envelope = models.BinaryField()
    hash = HashField(unique=True)
    asked = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-opened_at", "-proposal_id"]

    def __str__(self) -> str:
        return f"ceremony for {self.proposal}"

    def document(self) -> documents.Ceremony:
        """The question."""
        return documents.Ceremony.from_bytes(bytes(self.raw))


class ContributionOutcome(models.TextChoices):
    """What became of a contribution."""

    SENT = "sent", "On its way to the HSM"
    ACCEPTED = "accepted", "The share is in"
    REFUSED = "refused", "Refused by the HSM"


class Contribution(models.Model):
    """What one custodian gave: the signed bytes; the share itself is sealed in the message to the node."""

    ceremony = models.ForeignKey(Ceremony, on_delete=models.PROTECT, related_name="contributions")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    index = models.PositiveSmallIntegerField()
    raw = models.BinaryField()
    assertion = models.JSONField()
    hash = HashField(unique=True)
    message = models.OneToOneField(OutboxMessage, on_delete=models.PROTECT, related_name="contribution")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=ContributionOutcome, default=ContributionOutcome.SENT)
    code = models.CharField(max_length=60, blank=True)
    detail = models.TextField(blank=True)
    answer = models.BinaryField(default=bytes)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ceremony", "index"],
                condition=~models.Q(outcome="refused"),
                name="a_share_is_given_once",
            ),
        ]

    def __str__(self) -> str:
        return f"share {self.index} of {self.person}"
