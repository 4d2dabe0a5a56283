"""People, and the one-time links by which they come in."""

from django.db import models
from django.db.models.functions import Lower

from hsmnodes.node.protocol.documents import Named
from tenants.models.fields import NAME_MAX, HashField, IdField
from tenants.models.organisation import Organisation


class Person(models.Model):
    """A person of one organisation. What they may do stands in the charters in force, not here.

    `session_epoch` is part of every session: raising it signs the person out everywhere. `alarms_read` is the
    number of the log's entry up to which they have read the alarms.
    """

    id = IdField()
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people")
    name = models.CharField(max_length=NAME_MAX)
    session_epoch = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    alarms_read = models.BigIntegerField(default=0)

    is_authenticated = True
    is_anonymous = False

    class Meta:
        constraints = [
            models.UniqueConstraint("organisation", Lower("name"), name="a_person_s_name_is_their_own"),
        ]

    def __str__(self) -> str:
        return self.name

    def named(self) -> Named:
        """Their id and name as documents state them."""
        return Named(id=self.id, name=self.name)


class Invitation(models.Model):
    """A one-time link by which a person enrols a token. Only the SHA-256 of its secret is kept."""

    id = IdField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="invitations")
    secret_hash = HashField(unique=True)
    created_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="invitations_made"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"for {self.person}"
