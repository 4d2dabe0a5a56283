"""One person: duties, tokens, invitations, sessions."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from console.pages.charter_view import words_of
from console.pages.evidence import download
from console.pages.forms.lifetime import ReasonField
from console.pages.shell import page
from console.pages.token_models import ModelView, models_of
from console.pages.wording import roles_in_words
from console.sessions import person_required, recent_required
from hsmnodes.dispatch import nodes_that_pin, suspension_message
from tenants import access, charters, people, suspensions, tags, tokens, workflow
from tenants.drafting import build_proposal
from tenants.errors import NotVisible
from tenants.models import CharterVersion, Person, Suspension, Token
from tenants.people import check_reason


class SuspendForm(forms.Form):
    """Why a token is suspended."""

    use_required_attribute = False
    reason = ReasonField()


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One person: duties, tokens, invitations."""
    found = _find(request, key)
    return page(request, "console/people/person.html", "people", **_person(found, request.person))


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
    access.require(
        _may_suspend(request.person, found.person),
        _("Tokens are suspended by their holder or the organisation's security officers."),
    )
    form = SuspendForm(request.POST)
    if not form.is_valid():
        context = _person(found.person, request.person) | {"suspend_form": form, "suspending": found}
        return page(request, "console/people/person.html", "people", status=422, **context)
    tokens.suspend_token(token=found, reason=form.cleaned_data["reason"], by=request.person)
    suspensions.recount(found)
    messages.success(request, _("%(label)s is suspended on this console.") % {"label": found.label})
    return redirect("person", key=key)


@require_POST
@recent_required
def clear(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Accept a suspended token again."""
    found = _token(request, key, token)
    tokens.clear_token(token=found, by=request.person)
    suspensions.recount(found)
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


def _may_suspend(viewer: Person, found: Person) -> bool:
    return viewer == found or access.may_manage_people(viewer, found.organisation)


@dataclass(frozen=True)
class Place:
    """A charter in force that has a token: suspended for its authority or not, and whether one could."""

    version: CharterVersion
    suspension: Suspension | None
    may_suspend: bool


@dataclass(frozen=True)
class TokenLine:
    """A token with its words and where it counts."""

    token: Token
    words: str
    places: tuple[Place, ...]
    model: ModelView


def _line(token: Token, viewer: Person, model: ModelView) -> TokenLine:
    held = {one.authority: one for one in token.suspensions.filter(lifted_at=None).select_related("by")}
    places = [
        Place(version, held.get(version.authority), suspensions.may_sign(version, token, viewer))
        for version in suspensions.where_it_counts(token, viewer)
    ]
    return TokenLine(token, words_of(token.document()), tuple(places), model)


@require_GET
@person_required
def suspension(request: HttpRequest, key: str, suspended: str) -> HttpResponse:
    """A suspension as a file for `quorate-node accept`, past this console."""
    found = _find(request, key)
    held = Suspension.objects.filter(token__person=found, pk=suspended, lifted_at=None).first()
    if held is None or not access.visible_charters(request.person).filter(authority=held.authority).exists():
        raise NotVisible
    return download(suspension_message(held).encode(), f"suspension-{held.pk}.json")


@require_POST
@person_required
def reinstate(request: HttpRequest, key: str, suspended: str) -> HttpResponse:
    """Draft the proposal by which a quorum lets a suspended token count again, on every node concerned."""
    found, person = _find(request, key), request.person
    held = Suspension.objects.filter(token__person=found, pk=suspended, lifted_at=None).first()
    if held is None:
        raise NotVisible
    document = build_proposal(
        operation=tags.REINSTATE_TOKEN,
        parameters={
            "authority": {"kind": held.kind, "id": held.authority, "name": held.name},
            "person": found.named().model_dump(),
            "credential_id": held.token.credential_id,
            "statement": held.statement_hash,
        },
        requester=person,
        reason=check_reason(request.POST.get("reason", "")),
        nodes=[node.at() for node in nodes_that_pin(held.kind, held.authority)],
    )
    return redirect("proposal", key=workflow.save_draft(document=document, requester=person).pk)


def _person(found: Person, viewer: Person) -> dict[str, Any]:
    seen = access.visible_charters(viewer).filter(state="in-force").order_by("kind", "name")
    duties = [
        (version, roles_in_words(document.persons[found.pk]))
        for version in seen
        if found.pk in (document := charters.document_of(version)).persons
    ]
    manager = access.may_manage_people(viewer, found.organisation)
    held = list(found.tokens.order_by("created_at", "pk"))
    models = models_of(token.aaguid for token in held)
    return {
        "found": found,
        "is_me": found == viewer,
        "duties": duties,
        "tokens": [_line(token, viewer, models[token.aaguid]) for token in held],
        "invitation": found.invitations.filter(used_at=None, withdrawn_at=None)
        .order_by("-created_at")
        .first(),
        "may_manage": manager,
        "may_clear": manager and found != viewer,
        "may_suspend": _may_suspend(viewer, found),
        "suspend_form": SuspendForm(),
    }
