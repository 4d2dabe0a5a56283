"""Share sets: how a zone's backup key was split among custodians, as the node's receipt states it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hsmnodes.models.slot import Slot
from tenants.models import Proposal, TrustZone
from tenants.models.fields import NAME_MAX, HashField, IdField


class Kept(models.TextChoices):
    """How the share key to which a share is sealed is kept, as its token certified."""

    TOKEN = "token", _("token")
    FILE = "file", _("encrypted file")
    SHEET = "sheet", _("printed sheet")


class ShareSet(models.Model):
    """One split of a zone's backup key: any `threshold` of its shares rebuild it. Earlier sets do so, too."""

    id = IdField()
    zone = models.ForeignKey(TrustZone, on_delete=models.PROTECT, related_name="share_sets")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="share_sets")
    number = models.PositiveIntegerField()
    epoch = models.PositiveIntegerField()
    threshold = models.PositiveSmallIntegerField()
    commitment = HashField()
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["slot", "number"], name="a_share_set_s_number_is_its_own"),
        ]

    def __str__(self) -> str:
        return f"{self.zone}, share set {self.number}"


class HeldShare(models.Model):
    """Whose one share is, and to which token it is sealed; the box is beside the receipt."""

    share_set = models.ForeignKey(ShareSet, on_delete=models.PROTECT, related_name="shares")
    index = models.PositiveSmallIntegerField()
    person = models.CharField(max_length=32)  # its id, as the zone's charter has it
    name = models.CharField(max_length=NAME_MAX)
    credential_id = models.CharField(max_length=1364)
    kept = models.CharField(max_length=10, choices=Kept.choices, default=Kept.TOKEN)
    commitment = HashField()
    sealed_sha256 = HashField()

    class Meta:
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["share_set", "index"], name="a_share_s_index_is_its_own"),
        ]

    def __str__(self) -> str:
        return f"share {self.index} of {self.name}"
