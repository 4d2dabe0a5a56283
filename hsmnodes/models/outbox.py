"""The outbox: what has to reach a node, written together with the decision that makes it so."""

from django.db import models
from django.db.models import Q

from hsmnodes.models.node import Node
from tenants.models import Proposal


class MessageKind(models.TextChoices):
    """What is in a message to a node (hsmnodes/node/agent/messages.py)."""

    WARRANT = "warrant", "Warrant"
    PART = "part", "Part of what belongs to a warrant"
    CHARTERS = "charters", "Charters"
    PEER = "peer", "A peer's enrolment"
    CANCELLATION = "cancellation", "Cancellation"
    SUSPENSION = "suspension", "Suspension of a token"
    CONTRIBUTION = "contribution", "Contribution to a ceremony"


ANSWERED = frozenset({MessageKind.WARRANT, MessageKind.CONTRIBUTION})
"""What a node answers, and what is sent again until it has."""


class OutboxMessage(models.Model):
    """A message to a node. What it answers is sent again until the answer is in (`settled_at`).

    Other kinds are settled when the broker has taken them; what they carry is sent again when a node shows in
    its heartbeat that it lacks it. What is settled is forgotten after a month (`hsmnodes/outbox.py`).
    """

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="outbox")
    kind = models.CharField(max_length=12, choices=MessageKind)
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="outbox"
    )
    step = models.PositiveSmallIntegerField(default=0)
    message = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(settled_at__isnull=True), name="outbox_due"),
            models.Index(fields=["settled_at"], condition=Q(settled_at__isnull=False), name="outbox_settled"),
            models.Index(fields=["node"], condition=Q(settled_at__isnull=True), name="outbox_of_node"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["node", "proposal", "step"],
                condition=Q(kind="warrant"),
                name="a_step_of_a_warrant_is_sent_from_one_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.node}"
