"""Security tokens: WebAuthn credentials of people."""

from django.db import models
from django.db.models import Q

from hsmnodes.node.protocol.documents import ShareKey
from hsmnodes.node.protocol.documents import Token as TokenDocument
from tenants.models.fields import NAME_MAX, IdField
from tenants.models.person import Person


class Token(models.Model):
    """A credential as it was admitted on this console. What it counts for stands in charters.

    A suspended token is not accepted by the console; for nodes there are signed suspensions of it.
    """

    id = IdField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tokens")
    credential_id = models.CharField(max_length=1364, unique=True)
    algorithm = models.SmallIntegerField(choices=[(-7, "ES256"), (-8, "EdDSA")])
    public_key = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=NAME_MAX)
    aaguid = models.CharField(max_length=32)
    attestation_format = models.CharField(max_length=60)
    attestation_trusted = models.BooleanField()
    backup_eligible = models.BooleanField()
    simulated = models.BooleanField(default=False)
    share_key = models.JSONField(null=True, blank=True)  # as a charter holds it, once it was made
    counter = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "label"], name="a_token_s_label_is_its_own"),
            models.CheckConstraint(condition=Q(algorithm__in=[-7, -8]), name="a_token_s_algorithm_is_known"),
        ]

    def __str__(self) -> str:
        return self.label

    def document(self, *, with_share_key: bool = False) -> TokenDocument:
        """The token as a charter states it; with its share key, if it has one, for custodians."""
        return TokenDocument.model_validate(
            {
                "credential_id": self.credential_id,
                "algorithm": self.algorithm,
                "public_key": self.public_key,
                "label": self.label,
                "aaguid": self.aaguid,
                "attestation": {"format": self.attestation_format, "trusted": self.attestation_trusted},
                "backup_eligible": self.backup_eligible,
                "simulated": self.simulated,
                "share_key": self.share_key_document if with_share_key else None,
            }
        )

    @property
    def share_key_document(self) -> ShareKey | None:
        """The share key that was made with it, or None."""
        return ShareKey.model_validate(self.share_key) if self.share_key else None
