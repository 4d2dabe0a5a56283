"""What the console itself keeps."""

from django.db import models

from tenants.models import Person, Proposal, Token
from tenants.models.fields import NAME_MAX, HashField, IdField


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


class SavedView(models.Model):
    """A person's own name for a way to filter and sort a list.

    `listing` names the list (console/saved_views.py), `query` is what its address asks for, without paging.
    """

    QUERY_MAX = 1000

    id = IdField()
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="saved_views")
    listing = models.CharField(max_length=20)
    name = models.CharField(max_length=NAME_MAX)
    query = models.CharField(max_length=QUERY_MAX)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "listing", "name"], name="a_view_s_name_is_its_own_in_its_list"
            ),
        ]

    def __str__(self) -> str:
        return self.name
