"""Slots: a zone's place on a node; and where a service was started."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from hsmnodes.models.node import Node
from tenants.models import Proposal, Service, TrustZone
from tenants.models.fields import NAME_MAX, HashField, IdField


class Placement(models.Model):
    """A service on a node, as the node's receipt confirmed."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="placements")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="placements")
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "node"], name="a_service_is_placed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.service} on {self.node}"


class BackupKey(models.TextChoices):
    """Which kind of backup key a slot has."""

    MBK = "MBK", "Master Backup Key"
    TBK = "TBK", "Tenant Backup Key"


class LivingSlots(models.Manager["Slot"]):
    """The slots that are there: a zone was not withdrawn from their nodes."""

    def get_queryset(self) -> models.QuerySet["Slot"]:
        """Without those that are gone."""
        return super().get_queryset().filter(removed_at=None)


class Slot(models.Model):
    """A zone's token on a node, as the node's receipt confirmed. `ever` has those, too, that are gone."""

    id = IdField()
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="zone_slots")
    zone = models.ForeignKey(TrustZone, on_delete=models.PROTECT, related_name="zone_slots")
    name = models.CharField(max_length=NAME_MAX)
    backup_key = models.CharField(max_length=3, choices=BackupKey)
    results = models.JSONField(default=dict)
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    # What receipts say it holds, so that nobody has to read every key; made when it is asked for and empty.
    keys_digest = HashField(blank=True)
    keys_count = models.PositiveIntegerField(default=0)
    keys_version = models.PositiveIntegerField(default=0)  # how often receipts have changed what it holds
    differs_since = models.DateTimeField(null=True, blank=True)  # from its node or others

    objects = LivingSlots()
    ever: "models.Manager[Slot]" = models.Manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("node", Lower("name"), name="a_slot_s_name_is_its_own"),
            models.UniqueConstraint(
                fields=["node", "zone"],
                condition=Q(removed_at__isnull=True),
                name="a_zone_has_one_slot_on_a_node",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(removed_by__isnull=False),
                name="a_slot_that_is_gone_says_by_what",
            ),
        ]

    def __str__(self) -> str:
        return self.name
