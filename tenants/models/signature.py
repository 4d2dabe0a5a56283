"""What people signed about proposals, in the exact bytes that go into the warrant."""

from django.db import models

from hsmnodes.node.protocol import documents
from tenants.models.person import Person
from tenants.models.proposal import Proposal
from tenants.models.token import Token


class Signature(models.Model):
    """A signed document about a proposal, verified before it is stored."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="%(class)ss")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    token = models.ForeignKey(Token, on_delete=models.PROTECT, related_name="+")
    raw = models.BinaryField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.person} on {self.proposal}"


class Approval(Signature):
    """A person's approval; one each."""

    class Meta(Signature.Meta):
        constraints = [
            models.UniqueConstraint(fields=["proposal", "person"], name="a_person_approves_once"),
        ]

    def document(self) -> documents.Approval:
        """The approval as it stands in the warrant."""
        return documents.Approval.from_bytes(bytes(self.raw))


class Rejection(Signature):
    """A person's rejection, with the reason."""

    reason = models.CharField(max_length=500)

    class Meta(Signature.Meta):
        constraints = [
            models.UniqueConstraint(fields=["proposal", "person"], name="a_person_rejects_once"),
        ]

    def document(self) -> documents.Rejection:
        """The rejection as it stands in the warrant."""
        return documents.Rejection.from_bytes(bytes(self.raw))


class Cancellation(Signature):
    """A person's cancellation, with the reason."""

    reason = models.CharField(max_length=500)

    class Meta(Signature.Meta):
        constraints = [
            models.UniqueConstraint(fields=["proposal", "person"], name="a_person_cancels_once"),
        ]

    def document(self) -> documents.Cancellation:
        """The cancellation as it stands in the warrant."""
        return documents.Cancellation.from_bytes(bytes(self.raw))
