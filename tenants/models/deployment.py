"""The deployment: the one row that says which Quorate this is."""

from django.db import models

from tenants.models.fields import IdField


class Deployment(models.Model):
    """This deployment's id, which stands in every document, and whether it is a demo.

    The row is also what appends to the log take turns on (see tenants/log.py).
    """

    id = IdField()
    only = models.BooleanField(default=True, unique=True, editable=False)
    demo = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(only=True), name="there_is_one_deployment"),
        ]

    def __str__(self) -> str:
        return self.id
