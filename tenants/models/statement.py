"""Statements of the agreed separation of duties, as they are drawn up and signed. Neither is ever changed.

Triggers in the database see to that, as they do for the log (migration 0008).
"""

from functools import cached_property

from django.db import models

from hsmnodes.node.protocol import documents
from tenants.models.fields import HashField, IdField
from tenants.models.person import Person
from tenants.models.proposal import Proposal
from tenants.models.service import Service


class Statement(models.Model):
    """One statement as it was drawn up, in its exact bytes. Several can have one number; one is signed."""

    id = IdField()
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="statements")
    version = models.PositiveIntegerField()
    raw = models.BinaryField()
    hash = HashField(unique=True)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["service", "-version", "-created_at"]

    def __str__(self) -> str:
        return f"{self.service}, statement {self.version}"

    @cached_property
    def document(self) -> documents.Statement:
        """The statement itself."""
        return documents.Statement.from_bytes(bytes(self.raw))


class SignedStatement(models.Model):
    """That both sides have signed a statement, by the proposal whose warrant proves it."""

    statement = models.OneToOneField(
        Statement, on_delete=models.PROTECT, primary_key=True, related_name="signed"
    )
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    proposal = models.OneToOneField(Proposal, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "version"], name="a_version_of_a_statement_is_signed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statement}, signed"
