"""The log: every document and event, in order, each entry linked to the one before by its hash.

Entries are never changed or deleted; triggers in the database see to that (migration 0002).
"""

from django.db import models

from tenants.models.fields import HashField


class Severity(models.TextChoices):
    """Whether somebody has to look."""

    INFO = "info", "Record"
    ALARM = "alarm", "Alarm"


class LogEntry(models.Model):
    """One entry. `raw` is its canonical JSON, `hash` the SHA-256 of that; the columns repeat it for lists.

    It names people and things by id, without foreign keys: it outlives them.
    """

    sequence = models.BigIntegerField(primary_key=True)
    raw = models.BinaryField()
    hash = HashField(unique=True)
    document = models.BinaryField(default=b"")
    at = models.DateTimeField()
    event = models.CharField(max_length=60)
    severity = models.CharField(max_length=5, choices=Severity, default=Severity.INFO)
    summary = models.TextField()
    actor = models.CharField(max_length=32, blank=True)
    actor_name = models.CharField(max_length=80, blank=True)
    provider = models.CharField(max_length=32, blank=True)
    customer = models.CharField(max_length=32, blank=True)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ["-sequence"]
        indexes = [
            models.Index(fields=["provider", "-sequence"], name="log_of_provider"),
            models.Index(fields=["customer", "-sequence"], name="log_of_customer"),
            models.Index(fields=["subject", "-sequence"], name="log_of_subject"),
            models.Index(fields=["severity", "-sequence"], name="log_by_severity"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.event}"
