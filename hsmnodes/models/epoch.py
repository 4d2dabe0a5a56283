"""Epochs: which backup key a slot is under, and which it was under before."""

from django.db import models
from django.db.models import Q

from hsmnodes.models.slot import Slot
from tenants.models import Proposal
from tenants.models.fields import HashField, IdField


class Epoch(models.Model):
    """A backup key of a slot, by the proposal that made it: it alone opens what was backed up in its time."""

    id = IdField()
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="epochs")
    number = models.PositiveIntegerField()
    kcv = models.CharField(max_length=6)
    commitment = HashField(blank=True)  # to the key itself; not known of keys made by earlier versions
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["slot", "number"], name="an_epoch_s_number_is_its_own"),
            models.UniqueConstraint(
                fields=["slot"],
                condition=Q(retired_at__isnull=True),
                name="a_slot_is_under_one_backup_key",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(retired_by__isnull=False),
                name="a_retired_epoch_says_by_what",
            ),
        ]

    def __str__(self) -> str:
        return f"epoch {self.number} of {self.slot}"
