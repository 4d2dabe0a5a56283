"""Alarms: conditions of nodes, zones and applications that last, each from its beginning to its end."""

from django.db import models
from django.db.models import Q


class Alarm(models.Model):
    """One occurrence of a condition (an event of tenants/notices/kinds.py) of the thing `subject`.

    `node` is the one on which it is so, where the thing is a zone. `words` say what was found last, with what
    to do about it, and `over` what is to be said once it has ended. Told once, when it has lasted, and once
    more (`over_at`), when it has been over for a while.
    """

    event = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=32)
    node = models.CharField(max_length=32, blank=True)
    words = models.TextField()
    over = models.TextField(blank=True)
    since = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["since", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "subject", "node"],
                condition=Q(ended_at__isnull=True),
                name="a_condition_of_a_thing_is_one_alarm_there",
            ),
        ]
        indexes = [models.Index(fields=["event", "subject", "-since"], name="alarms_of_a_thing")]

    def __str__(self) -> str:
        return f"{self.event} of {self.subject}"
