"""Organisations: providers, and the customers that each of them has taken on."""

from django.db import models
from django.db.models.functions import Lower

from hsmnodes.node.protocol.documents import Named
from tenants.models.fields import NAME_MAX, IdField


class OrganisationKind(models.TextChoices):
    """What an organisation is."""

    PROVIDER = "provider", "Provider"
    CUSTOMER = "customer", "Customer"


class Organisation(models.Model):
    """A provider, or a customer of the one provider that took it on."""

    id = IdField()
    kind = models.CharField(max_length=8, choices=OrganisationKind)
    name = models.CharField(max_length=NAME_MAX)
    provider = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="customers"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="provider", provider__isnull=True)
                | models.Q(kind="customer", provider__isnull=False),
                name="a_customer_has_a_provider_and_a_provider_none",
            ),
            models.UniqueConstraint(
                Lower("name"),
                condition=models.Q(provider__isnull=True),
                name="a_provider_s_name_is_its_own",
            ),
            models.UniqueConstraint(
                "provider",
                Lower("name"),
                condition=models.Q(provider__isnull=False),
                name="a_customer_s_name_is_its_own",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_provider(self) -> bool:
        """Whether it runs HSMs for others."""
        return self.kind == OrganisationKind.PROVIDER

    @property
    def provider_or_self(self) -> "Organisation":
        """The provider in whose world this organisation lives."""
        return self if self.provider is None else self.provider

    def named(self) -> Named:
        """Its id and name as documents state them."""
        return Named(id=self.id, name=self.name)
