"""Clusters: nodes that hold the same keys."""

from django.db import models
from django.db.models.functions import Lower

from tenants.models import Organisation
from tenants.models.fields import NAME_MAX, IdField


class ClusterMode(models.TextChoices):
    """How its members share the work."""

    ACTIVE = "active", "Active/active"
    FAILOVER = "failover", "Failover"


class Cluster(models.Model):
    """A cluster of a provider; every node is at least a cluster of one."""

    id = IdField()
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="clusters")
    name = models.CharField(max_length=NAME_MAX)
    mode = models.CharField(max_length=8, choices=ClusterMode, default=ClusterMode.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("provider", Lower("name"), name="a_cluster_s_name_is_its_own"),
        ]

    def __str__(self) -> str:
        return self.name
