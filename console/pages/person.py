"""One person: duties, tokens, invitations, sessions."""

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
from console.pages.forms.lifetime import ReasonField
from console.pages.shell import page
from console.pages.wording import roles_in_words
from console.sessions import person_required, recent_required
from tenants import access, charters, people, tokens
from tenants.errors import NotVisible
from tenants.models import Person, Token


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


def _may_suspend(viewer: Person, found: Person) -> bool:
    return viewer == found or access.may_manage_people(viewer, found.organisation)


def _person(found: Person, viewer: Person) -> dict[str, Any]:
    seen = access.visible_charters(viewer).filter(state="in-force").order_by("kind", "name")
    duties = [
        (version, roles_in_words(document.persons[found.pk]))
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
        "may_suspend": _may_suspend(viewer, found),
        "suspend_form": SuspendForm(),
    }
