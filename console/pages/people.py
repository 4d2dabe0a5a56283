"""People & duties: organisations, who belongs to them, which charters say what they may do."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.pages import wording
from console.pages.charter_view import CharterView, latest_of, words_of
from console.pages.forms.fields import NameField
from console.pages.forms.lifetime import ReasonField
from console.pages.shell import page
from console.sessions import person_required, recent_required
from tenants import access, charters, people, tokens
from tenants.errors import Invalid, NotVisible
from tenants.models import Organisation, OrganisationKind, Person, Token


class NameForm(forms.Form):
    """A name."""

    use_required_attribute = False
    name = NameField(label=gettext_lazy("Name"))


class SuspendForm(forms.Form):
    """Why a token is suspended."""

    use_required_attribute = False
    reason = ReasonField()


@dataclass(frozen=True)
class Section:
    """An organisation with its people, as the viewer sees it."""

    organisation: Organisation
    people: tuple[tuple[Person, str], ...]
    charter: CharterView | None
    may_manage: bool
    may_found: bool


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """Everyone the person sees, by organisation."""
    person: Person = request.person
    organisations = access.visible_organisations(person).select_related("provider")
    own_first = sorted(organisations, key=lambda one: (one.pk != person.organisation_id, one.kind, one.name))
    return page(
        request,
        "console/people/index.html",
        "people",
        sections=[_section(one, person) for one in own_first],
        zones=[
            (zone, latest_of(zone.pk, person))
            for zone in access.visible_zones(person).select_related("service__customer").order_by("name")
        ],
        may_onboard=access.may_onboard_customers(person),
    )


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One person: duties, tokens, invitations."""
    found = _find(request, key)
    return page(request, "console/people/person.html", "people", **_person(found, request.person))


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
    return _form_page(request, form, title, lead, _("Add"))


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
            return redirect("person-new", organisation=added.pk)
        except Invalid as error:
            form.add_error("name", error.message)
    lead = _(
        "Next you add its first security officer and send an invitation. Its own people found its charter."
    )
    return _form_page(request, form, _("Take on a customer"), lead, _("Add"))


@require_POST
@recent_required
def invite(request: HttpRequest, key: str) -> HttpResponse:
    """Make a one-time link; it is shown once, on this page."""
    found = _find(request, key)
    link = people.invite_person(person=found, by=request.person)
    address = f"{settings.CONSOLE_ORIGIN}{reverse('invitation', args=[link.secret])}"
    context = _person(found, request.person) | {"link": address, "link_until": link.invitation.expires_at}
    return page(request, "console/people/person.html", "people", **context)


@require_POST
@recent_required
def sign_out(request: HttpRequest, key: str) -> HttpResponse:
    """End every session of a person."""
    found = _find(request, key)
    people.sign_out_everywhere(person=found, by=request.person)
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": found.name})
    return redirect("person", key=found.pk) if found != request.person else redirect("sign-in")


@require_POST
@recent_required
def suspend(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Stop accepting a token here."""
    found = _token(request, key, token)
    form = SuspendForm(request.POST)
    if not form.is_valid():
        context = _person(found.person, request.person) | {"suspend_form": form, "suspending": found}
        return page(request, "console/people/person.html", "people", status=422, **context)
    tokens.suspend_token(token=found, reason=form.cleaned_data["reason"], by=request.person)
    messages.success(request, _("%(label)s is suspended on this console.") % {"label": found.label})
    return redirect("person", key=key)


@require_POST
@recent_required
def clear(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Accept a suspended token again."""
    found = _token(request, key, token)
    tokens.clear_token(token=found, by=request.person)
    messages.success(request, _("%(label)s is accepted again.") % {"label": found.label})
    return redirect("person", key=key)


def _find(request: HttpRequest, key: str) -> Person:
    return access.get_visible(
        access.visible_people(request.person).select_related("organisation__provider"), key
    )


def _token(request: HttpRequest, key: str, token: str) -> Token:
    found = _find(request, key).tokens.filter(pk=token).first()
    if found is None:
        raise NotVisible
    return found


def _section(organisation: Organisation, viewer: Person) -> Section:
    seen = access.visible_people(viewer).filter(organisation=organisation).prefetch_related("tokens")
    charter = charters.in_force([organisation.pk]).get(organisation.pk)
    held = charter.persons if charter else {}
    return Section(
        organisation,
        tuple((person, _roles(held.get(person.pk))) for person in seen.order_by("name")),
        latest_of(organisation.pk, viewer),
        access.may_manage_people(viewer, organisation),
        viewer.organisation_id == organisation.pk and access.is_being_founded(organisation),
    )


def _roles(holder: Any) -> str:
    return wording.names([wording.role(role.value) for role in holder.roles], last="and") if holder else ""


def _person(found: Person, viewer: Person) -> dict[str, Any]:
    seen = access.visible_charters(viewer).filter(state="in-force").order_by("kind", "name")
    duties = [
        (version, _roles(document.persons[found.pk]))
        for version in seen
        if found.pk in (document := charters.document_of(version)).persons
    ]
    manager = access.may_manage_people(viewer, found.organisation)
    return {
        "found": found,
        "is_me": found == viewer,
        "duties": duties,
        "tokens": [
            (token, words_of(token.document())) for token in found.tokens.order_by("created_at", "pk")
        ],
        "invitation": found.invitations.filter(used_at=None, withdrawn_at=None)
        .order_by("-created_at")
        .first(),
        "may_manage": manager,
        "may_clear": manager and found != viewer,
        "may_suspend": manager or found == viewer,
        "suspend_form": SuspendForm(),
        "is_customer": found.organisation.kind == OrganisationKind.CUSTOMER,
    }


def _form_page(request: HttpRequest, form: forms.Form, title: str, lead: str, button: str) -> HttpResponse:
    return page(
        request,
        "console/parts/form_page.html",
        "people",
        status=422 if form.is_bound else 200,
        form=form,
        title=title,
        lead=lead,
        button=button,
        parent=("people", _("People & duties")),
    )
