"""Programs: integrations with a key of their own. They read and propose; they never approve."""

from django.db import models

from tenants.models.fields import NAME_MAX, IdField
from tenants.models.organisation import Organisation
from tenants.models.person import Person


class Program(models.Model):
    """An integration of one organisation; its id is the key id in HTTP Message Signatures (RFC 9421)."""

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="programs")
    name = models.CharField(max_length=NAME_MAX)
    public_key = models.CharField(max_length=43, unique=True)  # Ed25519, 32 bytes in base64url
    registered_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="programs_registered")
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    is_authenticated = True
    is_anonymous = False

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="a_program_s_name_is_its_own"),
        ]

    def __str__(self) -> str:
        return self.name


class ProgramNonce(models.Model):
    """A nonce that a program has used: kept as long as a signature with it would still be fresh."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="nonces")
    nonce = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "nonce"], name="a_program_uses_a_nonce_once"),
        ]

    def __str__(self) -> str:
        return self.nonce
