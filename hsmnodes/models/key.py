"""Keys of a zone."""

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from django.db import models
from django.db.models import Q

from hsmnodes.models.slot import Slot
from hsmnodes.node.protocol import canonical
from tenants.models import Proposal, TrustZone
from tenants.models.fields import NAME_MAX, HashField, IdField


class Key(models.Model):
    """A key as the receipt of the node that made it states it; its id derives from the proposal's.

    `slot` is where it was made or first came to; `copies` say on which nodes it is; `replaces` is the key in
    whose place it was made.
    """

    id = IdField()
    zone = models.ForeignKey(TrustZone, on_delete=models.PROTECT, related_name="hsm_keys")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="hsm_keys")
    label = models.CharField(max_length=NAME_MAX)
    algorithm = models.CharField(max_length=20)
    usages = models.JSONField(default=list)
    public_key = models.TextField(blank=True)  # SubjectPublicKeyInfo in base64url; empty for secret keys
    blob_hash = HashField(blank=True)
    epoch = models.PositiveIntegerField(default=1)  # of the backup key that opens the blob
    results = models.JSONField(default=dict)
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="successors"
    )
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True, blank=True)
    destroyed_by = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["zone", "-created_at", "-id"], name="keys_of_zone")]
        constraints = [
            models.UniqueConstraint(fields=["zone", "label"], name="a_key_s_label_is_its_own"),
            models.CheckConstraint(
                condition=Q(destroyed_at__isnull=True) | Q(destroyed_by__isnull=False),
                name="a_destroyed_key_says_by_what",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def first_epoch(self) -> int:
        """The epoch of the backup key under which it was first backed up; 1 if no receipt says."""
        return int(self.results.get("epoch", 1))

    @property
    def public_der(self) -> bytes:
        """The public half as SubjectPublicKeyInfo in DER (RFC 5280); empty for secret keys."""
        return canonical.b64u_decode(self.public_key)

    @property
    def public_pem(self) -> str:
        """The same in PEM (RFC 7468)."""
        if not self.public_key:
            return ""
        key = load_der_public_key(self.public_der)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


class KeyCopy(models.Model):
    """A key in one slot: made there, or taken over from another node of the zone."""

    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="copies")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="copies")
    since = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["since", "id"]
        constraints = [models.UniqueConstraint(fields=["key", "slot"], name="a_key_is_in_a_slot_once")]

    def __str__(self) -> str:
        return f"{self.key} in {self.slot}"
