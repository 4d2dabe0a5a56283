"""Services: what a provider gives a customer."""

from django.db import models
from django.db.models.functions import Lower

from hsmnodes.node.protocol.documents import Named
from tenants.models.fields import NAME_MAX, IdField
from tenants.models.organisation import Organisation


class ServiceMode(models.TextChoices):
    """Whole HSMs, or a slot of an HSM that others use too."""

    EXCLUSIVE = "exclusive", "Exclusive"
    SHARED = "shared", "Shared"


class Service(models.Model):
    """A service that a node has confirmed to have started."""

    id = IdField()
    name = models.CharField(max_length=NAME_MAX)
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="services_given")
    customer = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="services_taken")
    mode = models.CharField(max_length=9, choices=ServiceMode)
    started_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("customer", Lower("name"), name="a_service_s_name_is_its_own"),
        ]

    def __str__(self) -> str:
        return self.name

    def named(self) -> Named:
        """Its id and name as documents state them."""
        return Named(id=self.id, name=self.name)
