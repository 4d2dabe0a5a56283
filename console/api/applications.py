"""Applications that were admitted to keys, as the receipts of the nodes that made their tokens state them."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from console.api.base import DetailView, ListQuery, ListView
from console.api.fields import IdField, NamedSerializer
from hsmnodes.access import visible_applications
from hsmnodes.models import Application, ApplicationSuspension
from tenants.access import Viewer


class UsableKeySerializer(serializers.Serializer[Any]):
    """A key that an application may use, and for what."""

    id = IdField()
    label = serializers.CharField()
    usages = serializers.ListField(child=serializers.CharField())


class ApplicationSuspensionSerializer(serializers.Serializer[Any]):
    """What one key manager signed so that it is not served."""

    by = NamedSerializer()
    reason = serializers.CharField()
    at = serializers.DateTimeField()
    statement = serializers.CharField(
        source="statement_hash", help_text="SHA-256 of the statement; a proposal to resume it names these."
    )


class ApplicationSerializer(NamedSerializer):
    """An application. Its kits and its sealed PIN are beside the receipts of `proposal`, or of the proposals
    that extended it to further HSMs.
    """

    zone = NamedSerializer()
    slots = serializers.SerializerMethodField()
    certificate = serializers.CharField(help_text="SHA-256 of its certificate in DER.")
    public_key = serializers.CharField(help_text="SHA-256 of its SubjectPublicKeyInfo in DER.")
    valid_until = serializers.DateTimeField()
    keys = UsableKeySerializer(many=True)
    suspensions = ApplicationSuspensionSerializer(
        source="suspended", many=True, help_text="Those in force: with any of them it is not served."
    )
    proposal = IdField(source="proposal_id")
    created_at = serializers.DateTimeField()
    removed_at = serializers.DateTimeField(allow_null=True)
    removed_by = IdField(source="removed_by_id", allow_null=True)

    @extend_schema_field(NamedSerializer(many=True))
    def get_slots(self, application: Application) -> Any:
        """The slots whose HSMs serve it, in the order in which it was admitted there."""
        return NamedSerializer([token.slot for token in application.living], many=True).data


class ApplicationQuery(ListQuery):
    """Applications of one zone, removed or not."""

    zone = IdField(required=False)
    removed = serializers.ChoiceField(["yes", "no"], required=False)
    suspended = serializers.ChoiceField(["yes", "no"], required=False)


class VisibleApplications:
    """Those of the zones that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return visible_applications(viewer).select_related("zone")


class Applications(VisibleApplications, ListView):
    """The applications of the zones you see."""

    item = ApplicationSerializer
    query = ApplicationQuery
    filters = {"zone": "zone"}

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Removed ones, or the others; suspended ones, or the others."""
        if "removed" in self.asked:
            rows = rows.filter(removed_at__isnull=self.asked["removed"] == "no")
        if "suspended" in self.asked:
            held = ApplicationSuspension.objects.filter(application=OuterRef("pk"), lifted_at=None)
            rows = rows.filter(Exists(held) if self.asked["suspended"] == "yes" else ~Exists(held))
        return rows


class ApplicationDetail(VisibleApplications, DetailView):
    """One application."""

    gives = ApplicationSerializer
