"""Applications that were admitted to keys of a zone."""

from django.db import models
from django.db.models import Q

from hsmnodes.models.receipt import Attachment
from hsmnodes.models.slot import Slot
from hsmnodes.node.protocol.documents import Named, NodeAt
from tenants.models import Person, Proposal, TrustZone
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

    def named(self) -> Named:
        """Its id with its name."""
        return Named(id=self.id, name=self.name)

    @property
    def downloads(self) -> list[Attachment]:
        """Its connection kits, one of each node that has it, and a sealed PIN, as they came beside receipts.

        They belong together: of an extension to further nodes that is under way, the kits are given once all
        of its nodes have signed theirs.
        """
        beside = Attachment.objects.filter(name__in=[f"{self.id}.kit", f"{self.id}.pin"])
        beside = beside.defer("data").select_related("receipt__node", "receipt__proposal")
        kits: dict[str, list[Attachment]] = {}
        for one in beside.order_by("-receipt__proposal__created_at", "receipt__step", "name"):
            kits.setdefault(one.receipt.proposal_id, []).append(one)
        whole = [found for found in kits.values() if len(found) == 2 * len(_nodes(found))]
        serving = set(self.tokens.filter(removed_at=None).values_list("slot__node", flat=True))
        newest = next(iter(whole or kits.values()), [])
        served = [one for one in newest if one.receipt.node_id in serving]
        pins = [one for one in served if one.name.endswith(".pin")]
        return [one for one in served if one.name.endswith(".kit")] + pins[:1]


def _nodes(of_proposal: list[Attachment]) -> tuple[NodeAt, ...]:
    return of_proposal[0].receipt.proposal.document.nodes


class ApplicationSuspension(models.Model):
    """What one key manager signed so that an application is not served, until a quorum lifts it."""

    id = IdField()
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="suspensions")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    raw = models.BinaryField()
    statement_hash = HashField(unique=True)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | Q(lifted_by__isnull=False),
                name="a_lifted_suspension_says_by_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application}, by {self.by}"


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
