"""Models of tokens, as the list says that the operator loaded."""

from django.db import models
from django.db.models import Q

from tenants.models.fields import HashField


class ModelList(models.Model):
    """The list of token models that was loaded last; there is one or none."""

    only = models.BooleanField(primary_key=True, default=True, editable=False)
    number = models.PositiveBigIntegerField()
    next_update = models.DateField()
    signer = models.CharField(max_length=253)
    hash = HashField()
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="there_is_one_list_of_models")]

    def __str__(self) -> str:
        return f"{self.signer}, number {self.number}"


class TokenModel(models.Model):
    """A model of tokens: its name and picture, the roots of its makers, and what is known against it.

    `roots` are certificates, DER in base64. `compromises` are pairs of a status of FIDO MDS3 and a date, or
    an empty text where the list says none.
    """

    aaguid = models.CharField(max_length=32, primary_key=True)
    name = models.CharField(max_length=120)
    icon = models.TextField(blank=True)
    roots = models.JSONField(default=list)
    compromises = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name or self.aaguid
