"""What the console itself keeps."""

from django.db import models

from tenants.models import Person, Proposal, Token
from tenants.models.fields import HashField, IdField


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


class BrowserSession(models.Model):
    """A browser in which a person is signed in, as they see and end it from any other.

    A session of Django's counts only while its record here is not ended. When it ends by itself is decided
    in console/sessions.py.
    """

    id = IdField()
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="browser_sessions")
    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    browser = models.CharField(max_length=40)
    began_at = models.DateTimeField(db_index=True)
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.browser} of {self.person}"
