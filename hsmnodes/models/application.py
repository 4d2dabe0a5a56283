"""Applications that were admitted to keys of a zone."""

from django.db import models
from django.db.models import Q

from hsmnodes.models.receipt import Attachment
from hsmnodes.models.slot import Slot
from tenants.models import Proposal, TrustZone
from tenants.models.fields import NAME_MAX, HashField, IdField


class Application(models.Model):
    """An application as the receipt of the first node that made its token states it.

    `certificate` and `public_key` are SHA-256; `keys` are those it may use, each with id, label and usages.
    It is removed when it has no token left.
    """

    id = IdField()
    zone = models.ForeignKey(TrustZone, on_delete=models.PROTECT, related_name="applications")
    name = models.CharField(max_length=NAME_MAX)
    certificate = HashField()
    public_key = HashField()
    valid_until = models.DateTimeField()
    keys = models.JSONField(default=list)
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["zone", "-created_at", "-id"], name="applications_of_zone")]
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(removed_by__isnull=False),
                name="a_removed_application_says_by_what",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def downloads(self) -> list[Attachment]:
        """Its connection kits, one of each node, and its sealed PIN, as they came beside the receipts."""
        named = Q(name=f"{self.id}.kit") | Q(name=f"{self.id}.pin", receipt__step=0)
        beside = Attachment.objects.filter(named, receipt__proposal=self.proposal_id)
        return list(beside.defer("data").select_related("receipt__node").order_by("name", "receipt__step"))


class ApplicationToken(models.Model):
    """The token of an application on one node of the zone, in the order in which it was admitted there."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="tokens")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="application_tokens")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "slot"], name="an_application_has_one_token_in_a_slot"
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(removed_by__isnull=False),
                name="a_removed_token_says_by_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application} – {self.slot}"
