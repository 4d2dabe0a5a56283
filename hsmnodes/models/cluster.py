"""Clusters: nodes that belong together and hold the same zones, as their receipts say."""

from django.db import models

from tenants.models import Organisation, Proposal
from tenants.models.fields import NAME_MAX, HashField, IdField


class ClusterMode(models.TextChoices):
    """How its members share the work."""

    ACTIVE = "active", "Active/active"
    FAILOVER = "failover", "Failover"


class Cluster(models.Model):
    """A cluster of a provider, at the revision that a member's receipt spoke of last.

    `members` are id, name and identity of each, in order: in failover the first serves. `state` is the hash
    that the next operation on it is bound to. Which nodes have noted that they are members is in their rows.
    """

    id = IdField()
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="clusters")
    name = models.CharField(max_length=NAME_MAX)
    mode = models.CharField(max_length=8, choices=ClusterMode, default=ClusterMode.ACTIVE)
    members = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    state = HashField()
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="clusters")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        # A receipt says how a cluster is called, so nothing here keeps two from being called the same.
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_dissolved(self) -> bool:
        """Whether its last member has left."""
        return not self.members

    @property
    def is_failover(self) -> bool:
        """Whether one member serves, and the others stand by."""
        return self.mode == ClusterMode.FAILOVER

    @property
    def member_ids(self) -> list[str]:
        """The ids of its members, in their order."""
        return [one["id"] for one in self.members]
