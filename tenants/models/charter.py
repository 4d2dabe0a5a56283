"""Charters as they are collected and come into force: exact bytes, and who has signed them."""

from functools import cached_property

from django.db import models
from django.db.models import Q

from hsmnodes.node.protocol.documents import Charter
from tenants.models.fields import NAME_MAX, HashField, IdField
from tenants.models.organisation import Organisation
from tenants.models.person import Person
from tenants.models.zone import TrustZone


class CharterState(models.TextChoices):
    """Where a version of a charter stands."""

    COLLECTING = "collecting", "Collecting signatures"
    IN_FORCE = "in-force", "In force"
    SUPERSEDED = "superseded", "Superseded"
    DISCARDED = "discarded", "Discarded"


class AuthorityChoices(models.TextChoices):
    """Whose charter it is."""

    PROVIDER = "provider", "Provider"
    CUSTOMER = "customer", "Customer"
    ZONE = "zone", "Trust Zone"


class CharterVersion(models.Model):
    """One version of the charter of an organisation or a zone.

    `raw` are the exact bytes; `warrant` those of the charter.amend warrant that put it into force (empty for
    a founding version).
    """

    id = IdField()
    kind = models.CharField(max_length=8, choices=AuthorityChoices)
    authority = models.CharField(max_length=32)
    name = models.CharField(max_length=NAME_MAX)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="charters")
    zone = models.ForeignKey(
        TrustZone, on_delete=models.PROTECT, null=True, blank=True, related_name="charters"
    )
    version = models.PositiveIntegerField()
    raw = models.BinaryField()
    hash = HashField(unique=True)
    warrant = models.BinaryField(default=b"")
    state = models.CharField(max_length=10, choices=CharterState, default=CharterState.COLLECTING)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    in_force_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["kind", "authority", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["authority"], condition=Q(state="in-force"), name="one_charter_is_in_force"
            ),
            models.UniqueConstraint(
                fields=["authority", "version"],
                condition=Q(state__in=["in-force", "superseded"]),
                name="a_version_comes_into_force_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="zone", zone__isnull=False) | (~Q(kind="zone") & Q(zone__isnull=True)),
                name="a_zone_s_charter_names_its_zone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"

    @cached_property
    def document(self) -> Charter:
        """The charter itself."""
        return Charter.from_bytes(bytes(self.raw))


class CharterSignature(models.Model):
    """A token's proof that it is in its holder's hands and that the holder stands by this charter."""

    charter = models.ForeignKey(CharterVersion, on_delete=models.PROTECT, related_name="signatures")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    credential_id = models.CharField(max_length=1364)
    assertion = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["charter", "credential_id"], name="a_token_signs_a_charter_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} on {self.charter}"
