"""People & duties: organisations, who belongs to them, which charters say what they may do."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from console.pages.charter_view import CharterView, latest_of
from console.pages.forms.fields import NameField
from console.pages.shell import form_page, page
from console.pages.sorting import Sorting, sorting_of
from console.pages.spreadsheets import csv_file
from console.pages.token_models import models_of
from console.pages.wording import roles_in_words
from console.sessions import person_required
from tenants import access, charters, people
from tenants.errors import Invalid
from tenants.metadata import keeping
from tenants.models import Organisation, Person, Token, TokenModel

COLUMNS = ("person", "name", "organisation", "added", "last_here")
TOKEN_FIELDS = (
    "pk",
    "label",
    "person",
    "person__name",
    "person__organisation__name",
    "credential_id",
    "public_key",
    "aaguid",
    "attestation_format",
    "attestation_trusted",
    "simulated",
    "created_at",
    "last_used_at",
    "suspended_at",
    "suspended_reason",
)
TOKEN_COLUMNS = (
    *("token", "label", "person", "name", "organisation"),
    *TOKEN_FIELDS[5:],
    *("model", "compromised"),
)
SORTED_BY = {"person": "name", "last-here": "last_seen_at"}
PARENT = ("people", gettext_lazy("People & duties"))


class NameForm(forms.Form):
    """A name."""

    use_required_attribute = False
    name = NameField(label=gettext_lazy("Name"))


@dataclass(frozen=True)
class Section:
    """An organisation with its people, as the viewer sees it."""

    organisation: Organisation
    people: tuple[tuple[Person, str, str], ...]
    charter: CharterView | None
    may_manage: bool
    may_found: bool


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """Everyone the person sees, by organisation."""
    person: Person = request.person
    organisations = access.visible_organisations(person).select_related("provider")
    zones = list(access.visible_zones(person).select_related("service__customer").order_by("name"))
    latest = latest_of([one.pk for one in (*organisations, *zones)], person)
    sorting = sorting_of(request, SORTED_BY, "person")
    return page(
        request,
        "console/people/index.html",
        "people",
        sections=_sections(organisations, latest, person, sorting),
        sorting=sorting,
        zones=[(zone, latest.get(zone.pk)) for zone in zones],
        may_onboard=access.may_onboard_customers(person),
    )


@require_GET
@person_required
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Everyone the person sees, as CSV."""
    seen = access.visible_people(request.person).order_by("organisation__name", "name")
    rows = seen.values_list("pk", "name", "organisation__name", "created_at", "last_seen_at")
    return csv_file("people", COLUMNS, rows)


@require_GET
@person_required
def export_tokens(request: HttpRequest) -> StreamingHttpResponse:
    """The tokens of everyone the person sees, as CSV."""
    seen = Token.objects.filter(person__in=access.visible_people(request.person))
    rows = seen.order_by("person__organisation__name", "person__name", "label").values_list(*TOKEN_FIELDS)
    models = models_of(seen.values_list("aaguid", flat=True).distinct())
    model_at = TOKEN_FIELDS.index("aaguid")
    told = ((*row, models[row[model_at]].name, models[row[model_at]].against) for row in rows)
    return csv_file("tokens", TOKEN_COLUMNS, told)


@require_http_methods(["GET", "POST"])
@person_required
def add(request: HttpRequest, organisation: str) -> HttpResponse:
    """Add a person to an organisation."""
    person: Person = request.person
    where = access.get_visible(access.visible_organisations(person), organisation)
    access.require(
        access.may_manage_people(person, where),
        _("People are added by the organisation's security officers."),
    )
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            added = people.add_person(organisation=where, name=form.cleaned_data["name"], by=person)
            return redirect("person", key=added.pk)
        except Invalid as error:
            form.add_error("name", error.message)
    title = _("Add a person to %(name)s") % {"name": where.name}
    lead = _("Then you send an invitation, by which this person enrols a token. Duties come from charters.")
    return form_page(request, form, parent=PARENT, title=title, lead=lead, button=_("Add"))


@require_http_methods(["GET", "POST"])
@person_required
def add_customer(request: HttpRequest) -> HttpResponse:
    """Take on a customer."""
    person: Person = request.person
    access.require(
        access.may_onboard_customers(person),
        _("Customers are taken on by a provider's administrators and officers."),
    )
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            added = people.add_customer(name=form.cleaned_data["name"], by=person)
            if access.may_manage_people(person, added):
                return redirect("person-new", organisation=added.pk)
            messages.success(
                request,
                _("%(name)s is taken on. A security officer adds and invites its first person.")
                % {"name": added.name},
            )
            return redirect("people")
        except Invalid as error:
            form.add_error("name", error.message)
    lead = _(
        "Next you add its first security officer and send an invitation. Its own people found its charter."
    )
    return form_page(request, form, parent=PARENT, title=_("Take on a customer"), lead=lead, button=_("Add"))


def _failing_models(person: Person, failing: Mapping[str, TokenModel]) -> str:
    """The models of a person's tokens that are known to be compromised, in a row."""
    found = {one.aaguid for one in person.tokens.all() if not one.suspended_at} & failing.keys()
    return ", ".join(sorted(str(failing[one]) for one in found))


def _sections(
    organisations: Iterable[Organisation], latest: Mapping[str, CharterView], viewer: Person, sorting: Sorting
) -> list[Section]:
    """What there is of each organisation, one's own first."""
    failing, in_force = keeping.failing(), charters.in_force(one.pk for one in organisations)
    people: dict[str, list[tuple[Person, str, str]]] = defaultdict(list)
    for one in access.visible_people(viewer).prefetch_related("tokens").order_by(*sorting.order):
        charter = in_force.get(one.organisation_id)
        roles = roles_in_words(charter.persons.get(one.pk) if charter else None)
        people[one.organisation_id].append((one, roles, _failing_models(one, failing)))
    return [
        Section(
            one,
            tuple(people[one.pk]),
            latest.get(one.pk),
            # Of others those alone that have no charter yet, so for the rest nothing is asked.
            (own or one.pk not in in_force) and access.may_manage_people(viewer, one),
            own and one.pk not in in_force,
        )
        for own, one in sorted(
            ((one.pk == viewer.organisation_id, one) for one in organisations),
            key=lambda found: (not found[0], found[1].kind, found[1].name),
        )
    ]
