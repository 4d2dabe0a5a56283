"""Receipts of nodes, verified before they are stored, and what travelled beside them."""

from django.db import models

from hsmnodes.models.node import Node
from tenants.models import Proposal
from tenants.models.fields import HashField


class Receipt(models.Model):
    """A receipt: the exact signed payload, its envelope, and its fields for lists."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="receipts")
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="receipts")
    step = models.PositiveSmallIntegerField()
    raw = models.BinaryField()
    envelope = models.BinaryField()
    hash = HashField(unique=True)
    previous = HashField()
    sequence = models.BigIntegerField()
    outcome = models.CharField(max_length=13)
    code = models.CharField(max_length=60, blank=True)
    detail = models.TextField(blank=True)
    results = models.JSONField(default=dict)
    at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [models.Index(fields=["node", "-received_at", "-id"], name="receipts_of_node")]
        constraints = [
            models.UniqueConstraint(
                fields=["node", "sequence"],
                condition=~models.Q(outcome="refused"),
                name="a_receipt_s_place_is_its_own",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.node}"


class Attachment(models.Model):
    """A blob that came beside a receipt and whose hash the receipt states: a wrapped key, a log."""

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=200)
    sha256 = HashField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receipt", "name"], name="an_attachment_s_name_is_its_own"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def file_name(self) -> str:
        """What it is saved as: a connection kit says of which node it is, since there is one of each."""
        stem, dot, kind = self.name.rpartition(".")
        return f"{stem}-{self.receipt.node.name}.kit" if dot and kind == "kit" else self.name
