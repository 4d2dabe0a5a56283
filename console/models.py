"""What the console itself keeps."""

from django.db import models

from tenants.models import Proposal
from tenants.models.fields import HashField


class DraftKey(models.Model):
    """The Idempotency-Key of a draft: the one draft that its caller's request made."""

    caller = models.CharField(max_length=32)  # the id of a person or a program
    key = models.CharField(max_length=200)
    request_hash = HashField()
    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="a_key_makes_one_draft"),
        ]

    def __str__(self) -> str:
        return self.key
