"""Desk tickets: a browser's errand to the desk, from the console and back."""

from django.db import models

from tenants.models.charter import CharterVersion
from tenants.models.fields import HashField, IdField
from tenants.models.person import Invitation, Person
from tenants.models.proposal import Proposal


class DeskPurpose(models.TextChoices):
    """What the person is to do at the desk."""

    SIGN_IN = "sign-in", "Sign in"
    ENROL = "enrol", "Enrol a token"
    PROPOSE = "propose", "Propose"
    APPROVE = "approve", "Approve"
    REJECT = "reject", "Reject"
    CANCEL = "cancel", "Cancel"
    FOUND = "found", "Sign a charter"
    SUSPEND = "suspend", "Suspend a token"
    CONTRIBUTE = "contribute", "Give a share"
    SHARE_KEY = "share-key", "Make a share key"


class DeskTicket(models.Model):
    """A one-time ticket, bound to the browser that began it. Secrets are kept as their SHA-256.

    It is fetched once, answered once and returned once, within minutes.
    """

    id = IdField()
    purpose = models.CharField(max_length=20, choices=DeskPurpose)
    secret_hash = HashField(unique=True)
    browser_hash = HashField()
    document = models.BinaryField()
    context = models.JSONField(default=dict)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    charter = models.ForeignKey(
        CharterVersion, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    invitation = models.ForeignKey(
        Invitation, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    next_path = models.CharField(max_length=500, default="/")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.BinaryField(default=b"")
    code_hash = HashField(null=True, blank=True, unique=True)
    returned_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"
