"""Nodes: one HSM each, with the agent beside it."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from hsmnodes.models.cluster import Cluster
from hsmnodes.models.data_centre import DataCentre
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Named, NodeAt
from tenants import clock
from tenants.models import Organisation
from tenants.models.fields import NAME_MAX, HashField, IdField


class NodeStatus(models.TextChoices):
    """What the console shows of a node."""

    ADMITTING = "admitting", "Not enrolled"
    ONLINE = "online", "Online"
    LATE = "late", "Late"
    OFFLINE = "offline", "Offline"
    OUT_OF_STEP = "out-of-step", "Out of step"


class NodeQuerySet(models.QuerySet["Node"]):
    """Nodes."""

    def in_brief(self) -> Self:
        """Without the columns that are long, and that no list and no other message than a heartbeat needs."""
        return self.defer("last_heartbeat", "charters", "zones_held", "minute")


class Node(models.Model):
    """A node. `identity` is the 65-byte point of its identity key in base64url.

    The identity is pinned by the warrant that enrols it; `enrolled_at` is when the node confirmed that.
    `cluster` is the one that it has noted to be a member of, by a receipt. What
    the last heartbeat said stands in the `reported_…` columns and those after them.
    """

    id = IdField()
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="nodes")
    data_centre = models.ForeignKey(DataCentre, on_delete=models.PROTECT, related_name="nodes")
    cluster = models.ForeignKey(
        Cluster, on_delete=models.PROTECT, related_name="nodes", null=True, blank=True
    )
    name = models.CharField(max_length=NAME_MAX)
    identity = models.CharField(max_length=87)
    module = models.CharField(max_length=80, default="softhsm2")
    enrolled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_heartbeat = models.BinaryField(default=b"")
    last_seen_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    reported_state = models.CharField(max_length=8, blank=True)
    reported_reason = models.TextField(blank=True)
    reported_enrolled = models.BooleanField(default=False)
    witness = models.CharField(max_length=8, blank=True)
    journal_sequence = models.BigIntegerField(default=0)
    journal_hash = HashField(blank=True)
    relayed_at = models.DateTimeField(null=True, blank=True)  # when its peers last got its journal's head
    shown_at = models.DateTimeField(null=True, blank=True)  # when its cluster last got a heartbeat
    out_of_step_reason = models.TextField(blank=True)
    charters = models.JSONField(default=list)
    slots = models.BigIntegerField(default=0)
    slots_used = models.BigIntegerField(default=0)
    keys_held = models.BigIntegerField(default=0)
    versions = models.JSONField(default=dict)
    zones_held = models.JSONField(default=list)  # of each zone: id, keys, digest, epoch, kcv
    serves_applications = models.BooleanField(default=False)
    figures = models.JSONField(default=dict)  # what it measures of itself: documents.node.Figures
    clock_difference = models.IntegerField(
        default=0
    )  # seconds its clock was ahead, as the last heartbeat came
    clock_shared = models.IntegerField(
        default=0
    )  # the part of it that all nodes share, as last looked for: how long messages take; never above 0
    minute = models.JSONField(default=dict)  # the minute that is being sampled (hsmnodes/history.py)
    member_of = models.JSONField(null=True, blank=True)  # its cluster: id, revision, state
    standings = models.JSONField(default=list)  # of zones not in step: zone, state, since, peer

    objects = NodeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("provider", Lower("name"), name="a_node_s_name_is_its_own"),
            models.UniqueConstraint(fields=["identity"], name="an_identity_is_one_node_s"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def identity_bytes(self) -> bytes:
        """The 65-byte point of the identity key."""
        return canonical.b64u_decode(self.identity)

    @property
    def identity_hash(self) -> str:
        """SHA-256 of the identity key's point; its eight words are compared at the machine."""
        return canonical.sha256_hex(self.identity_bytes)

    @property
    def status(self) -> NodeStatus:
        """What is shown of it now."""
        if self.enrolled_at is None:
            return NodeStatus.ADMITTING
        if self.last_seen_at is None:
            return NodeStatus.OFFLINE
        silence = clock.now() - self.last_seen_at
        if silence > timedelta(seconds=settings.NODE_OFFLINE_SECONDS):
            return NodeStatus.OFFLINE
        if silence > timedelta(seconds=settings.NODE_LATE_SECONDS):
            return NodeStatus.LATE
        return NodeStatus.OUT_OF_STEP if self.is_out_of_step else NodeStatus.ONLINE

    @property
    def is_waiting(self) -> bool:
        """Whether it is heard and waits for its peers since it started: until then it serves nobody."""
        return self.status is NodeStatus.ONLINE and self.reported_state == "starting"

    @property
    def is_out_of_step(self) -> bool:
        """Whether it refuses to act, or goes by other charters or another time, as it said last."""
        return bool(self.reported_state == "refusing" or self.is_behind or self.clock_reason)

    @property
    def status_reason(self) -> str:
        """Why it is not simply online, in words; empty if it is.

        For everyone who sees it: whose charters it lacks is not said, as that can be another customer.
        """
        lacks = "It goes by another version of a charter than the one in force." if self.is_behind else ""
        return lacks or self.clock_reason or self.reported_reason

    @property
    def whole_reason(self) -> str:
        """The same with the names of those whose charters it lacks: for its provider alone."""
        return self.out_of_step_reason or self.status_reason

    @property
    def is_behind(self) -> bool:
        """Whether it goes by other charters than those in force, as it said last."""
        return bool(self.out_of_step_reason)

    @property
    def clock_reason(self) -> str:
        """What its last heartbeat tells of its clock, by when it came; empty if it is about right.

        A delay that all nodes share is in the way that messages take, and no node's clock.
        """
        back, ahead = self.figures.get("clock_behind", 0), self.clock_difference
        behind = self.clock_shared - ahead
        if back > settings.CLOCK_SECONDS:
            return (
                f"Its machine's clock was set back by {_length(back)}: its own time goes at half its speed "
                "until that has caught up."
            )
        if ahead > settings.CLOCK_SECONDS:
            return (
                f"Its clock is {_length(ahead)} ahead of the console's: it refuses what has not expired yet."
            )
        if behind > settings.CLOCK_SECONDS:
            return (
                f"What it said last was {_length(behind)} older when it came than what others say: its clock "
                "is behind the console's, or its messages have to wait."
            )
        return ""

    def named(self) -> Named:
        """Its id and name as documents state them."""
        return Named(id=self.id, name=self.name)

    def at(self) -> NodeAt:
        """How a proposal names it."""
        return NodeAt(id=self.id, name=self.name, identity=self.identity_hash)


def _length(seconds: int) -> str:
    if seconds < 2 * 60:
        return f"{seconds} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 2 * 3600 else f"{round(seconds / 3600)} hours"
