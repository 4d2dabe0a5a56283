"""Founding a Trust Zone: its service, name, who controls it, its people and thresholds, become a charter."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.pages.charter_drafting import completed, posted, redirect_to
from console.pages.forms.charter_form import CharterForm, lent_by
from console.pages.forms.fields import NameField
from console.pages.forms.zone_models import MODELS, ZoneModel, model_called
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.node.protocol.documents import AuthorityKind
from tenants import access, charter_drafts
from tenants.models import Person, Service
from tenants.recovery import sides_for


class ZoneForm(CharterForm):
    """What a zone is, above the charter's own fields."""

    def __init__(self, viewer: Person, model: ZoneModel, data: Any = None, *, service: str = "") -> None:
        services = list(_services_for(viewer).select_related("customer", "provider").order_by("name"))
        lent = lent_by(service.provider_id for service in services)
        people = Person.objects.filter(Q(pk__in=access.visible_people(viewer)) | Q(pk__in=lent))
        self.sides_by_service = {one.pk: sides_for(AuthorityKind.ZONE, one.customer, one) for one in services}
        super().__init__(
            AuthorityKind.ZONE,
            list(
                people.select_related("organisation")
                .prefetch_related("tokens")
                .order_by("organisation__name", "name")
            ),
            data,
            rules=model.rules,
            sides=next(filter(all, self.sides_by_service.values()), ()),
        )
        self.services = {service.pk: service for service in services}
        self.fields = {
            "service": forms.ChoiceField(
                label=gettext_lazy("Service"),
                choices=[(one.pk, f"{one.name} – {one.customer.name}, {one.mode}") for one in services],
                error_messages={"required": gettext_lazy("Choose the service the zone belongs to.")},
            ),
            "name": NameField(
                label=gettext_lazy("Name"),
                help_text=gettext_lazy("Unique among the customer's zones, and never given again."),
                widget=forms.TextInput(attrs={"placeholder": "Cards", "autocomplete": "off"}),
            ),
            "controller": forms.ChoiceField(
                label=gettext_lazy("Who controls it"),
                choices=[
                    ("customer", gettext_lazy("The customer: its people hold the backup key")),
                    ("provider", gettext_lazy("The provider: its people hold the backup key")),
                ],
                widget=forms.RadioSelect,
            ),
        } | self.fields
        self.initial = {"service": service, "controller": model.controller}

    def clean(self) -> dict[str, Any]:
        """The other sides of a recovery are those of the service that is chosen."""
        cleaned = super().clean()
        self.sides = self.sides_by_service.get(cleaned.get("service", ""), ())
        if cleaned.get("recovery") and not all(self.sides):
            self.add_error(
                "recovery", _("It takes both sides of the service, and one has no charter in force.")
            )
        return cleaned

    @property
    def service(self) -> Service:
        """The chosen service."""
        return self.services[self.cleaned_data["service"]]


def _services_for(viewer: Person) -> QuerySet[Service]:
    """The services in which the person may draft a zone: auditors read, and draft none."""
    services = access.visible_services(viewer)
    return services.none() if access.only_reads(viewer) else services


@require_http_methods(["GET", "POST"])
@person_required
def found(request: HttpRequest) -> HttpResponse:
    """The wizard: its result is a charter that its founders sign next."""
    person: Person = request.person
    model = model_called(request.GET.get("model", ""))
    form = ZoneForm(person, model, posted(request), service=request.GET.get("service", ""))

    def draft() -> HttpResponse:
        return redirect_to(
            charter_drafts.draft_zone(
                service=form.service,
                name=form.cleaned_data["name"],
                controller=form.cleaned_data["controller"],
                duties=form.duties,
                by=person,
                terms=form.terms,
            )
        )

    return completed(form, draft) or page(
        request,
        "console/zones/found.html",
        "zones",
        status=422 if form.has_errors else 200,
        form=form,
        models=MODELS,
        model=model,
        only_reads=access.only_reads(person),
        title=_("Found a Trust Zone"),
    )
