"""Backups of zones: what is in their manifests, for lists; the files are in the console's store."""

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q

from hsmnodes.models.node import Node
from hsmnodes.models.slot import BackupKey
from tenants.models import Person, Proposal, TrustZone
from tenants.models.fields import HashField, IdField

STORE = "backups"


def store() -> Storage:
    """Where the files are (STORAGES in the settings)."""
    return storages[STORE]


class Backup(models.Model):
    """A backup that was verified before it was stored: taken under a proposal, or uploaded by a person."""

    id = IdField()
    zone = models.ForeignKey(TrustZone, on_delete=models.PROTECT, related_name="backups")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="backups")
    sha256 = HashField(unique=True)
    size = models.PositiveIntegerField()
    file = models.CharField(max_length=200)  # its name in the store
    backup_key = models.CharField(max_length=3, choices=BackupKey)
    epoch = models.PositiveIntegerField()
    kcv = models.CharField(max_length=6)
    keys = models.PositiveIntegerField()
    taken_at = models.DateTimeField()
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="backups"
    )
    uploaded_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    stored_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-taken_at", "-id"]
        indexes = [models.Index(fields=["zone", "-taken_at", "-id"], name="backups_of_zone")]
        constraints = [
            models.CheckConstraint(
                condition=Q(proposal__isnull=False) | Q(uploaded_by__isnull=False),
                name="a_backup_says_whence_it_came",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone}, {self.taken_at:%Y-%m-%d %H:%M}"
