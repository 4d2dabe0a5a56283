"""Samples: what nodes said of themselves in their heartbeats, kept for a while in rolled-up form."""

from django.db import models

from hsmnodes.models.node import Node


class Span(models.TextChoices):
    """How long the time is that a sample stands for."""

    MINUTE = "m", "Minute"
    HOUR = "h", "Hour"


class Standing(models.IntegerChoices):
    """Whether a node was in step; the worst of a span counts."""

    IN_STEP = 0, "In step"
    BEHIND = 1, "Behind"
    REFUSING = 2, "Refusing"


class Sample(models.Model):
    """A minute or an hour of a node that begins `at`: the most of each figure, and the least free disk.

    `heard` counts heartbeats, `operations` the steps of warrants carried out since the node was made, `held`
    the messages that waited there until it may act, `waiting` those in the outbox for it, `behind` the zones
    whose keys were not those that they should be. `load` is in percent of the machine's processors,
    `disk_free` in MiB, `clock` in seconds by which the node's clock is ahead. What it did not say is null.
    """

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="samples", db_index=False)
    span = models.CharField(max_length=1, choices=Span)
    at = models.DateTimeField()
    heard = models.PositiveIntegerField()
    standing = models.PositiveSmallIntegerField(choices=Standing)
    slots_used = models.PositiveIntegerField()
    keys = models.PositiveBigIntegerField()
    waiting = models.PositiveIntegerField()
    behind = models.PositiveIntegerField()
    clock = models.IntegerField()
    operations = models.PositiveBigIntegerField(null=True)
    held = models.PositiveIntegerField(null=True)
    load = models.PositiveIntegerField(null=True)
    sessions = models.PositiveIntegerField(null=True)
    disk_free = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "span", "at"], name="a_span_of_a_node_is_sampled_once"),
        ]
        indexes = [models.Index(fields=["span", "at"], name="samples_by_time")]

    def __str__(self) -> str:
        return f"{self.node} at {self.at:%Y-%m-%d %H:%M}"
