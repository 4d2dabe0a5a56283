"""Suspensions of tokens: what one entitled person signed, for nodes to go by."""

from django.db import models

from hsmnodes.node.protocol.documents import Suspension as SuspensionDocument
from tenants.models.charter import AuthorityChoices
from tenants.models.fields import NAME_MAX, HashField, IdField
from tenants.models.person import Person
from tenants.models.proposal import Proposal
from tenants.models.token import Token


class Suspension(models.Model):
    """A token that does not count for an authority, until a quorum of it lifts this."""

    id = IdField()
    authority = models.CharField(max_length=32)
    kind = models.CharField(max_length=10, choices=AuthorityChoices)
    name = models.CharField(max_length=NAME_MAX)
    token = models.ForeignKey(Token, on_delete=models.PROTECT, related_name="suspensions")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    raw = models.BinaryField()
    statement_hash = HashField(unique=True)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["authority", "token"], name="suspensions_of_token")]

    def __str__(self) -> str:
        return f"{self.token} for {self.name}"

    def document(self) -> SuspensionDocument:
        """What was signed."""
        return SuspensionDocument.from_bytes(bytes(self.raw))
