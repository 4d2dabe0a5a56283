"""Trust Zones: sets of keys under one backup key."""

from django.db import models
from django.db.models.functions import Lower

from hsmnodes.node.protocol.documents import Named
from tenants.models.fields import NAME_MAX, IdField
from tenants.models.organisation import OrganisationKind
from tenants.models.service import Service, ServiceMode


class TrustZone(models.Model):
    """A zone of a service. `founded_at` is set when its founding was authorised; slots come after that."""

    id = IdField()
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="zones")
    name = models.CharField(max_length=NAME_MAX)
    controller = models.CharField(max_length=8, choices=OrganisationKind)
    created_at = models.DateTimeField(auto_now_add=True)
    founded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("service", Lower("name"), name="a_zone_s_name_is_its_own"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind_of_backup_key(self) -> str:
        """MBK over a whole HSM of an exclusive service, TBK over a slot of a shared one."""
        return "MBK" if self.service.mode == ServiceMode.EXCLUSIVE else "TBK"

    def named(self) -> Named:
        """Its id and name as documents state them."""
        return Named(id=self.id, name=self.name)
