"""Data centres of a provider."""

from django.db import models
from django.db.models.functions import Lower

from tenants.models import Organisation
from tenants.models.fields import NAME_MAX, IdField


class DataCentre(models.Model):
    """A place where a provider's nodes stand."""

    id = IdField()
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="data_centres")
    name = models.CharField(max_length=NAME_MAX)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("provider", Lower("name"), name="a_data_centre_s_name_is_its_own"),
        ]

    def __str__(self) -> str:
        return self.name
