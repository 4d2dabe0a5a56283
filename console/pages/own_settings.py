"""Settings: my tokens, my sessions, programs of my organisation, and what this deployment is."""

import json
import sys
from typing import Any

import django
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from console.pages import token_terms
from console.pages.charter_view import kept_in_words, words_of, words_of_share_key
from console.pages.forms.fields import NameField
from console.pages.shell import page
from console.sessions import RECORD, end_record, is_recent, live_sessions, person_required, recent_required
from console.sessions import end_session as end_here
from hsmnodes.node.operations.registry import operations
from tenants import access, clock, deployment, programs
from tenants.errors import Invalid
from tenants.models import Person, Token

VERSION = "0.1.0"


class ProgramForm(forms.Form):
    """A program as its operator describes it."""

    use_required_attribute = False
    name = NameField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("What the integration is, for the log.")
    )
    public_key = forms.CharField(
        label=gettext_lazy("Ed25519 public key"),
        max_length=64,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "32 bytes in base64url without padding: 43 characters. The program keeps the private key."
        ),
        error_messages={"required": gettext_lazy("Paste the program's public key.")},
    )

    def clean_public_key(self) -> str:
        """The key without spaces and padding."""
        return "".join(self.cleaned_data["public_key"].split()).rstrip("=")


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """All of it on one page."""
    return _page(request)


@require_POST
@recent_required
def register_program(request: HttpRequest) -> HttpResponse:
    """Register a program of one's own organisation."""
    person: Person = request.person
    access.require(
        access.may_manage_people(person, person.organisation),
        _("Programs are registered by the organisation's security officers."),
    )
    form = ProgramForm(request.POST)
    if form.is_valid():
        try:
            program = programs.register_program(by=person, **form.cleaned_data)
        except Invalid as error:
            form.add_error("public_key" if error.code == "bad-key" else "name", error.message)
        else:
            messages.success(request, _("%(name)s is registered.") % {"name": program.name})
            return redirect("settings")
    return _page(request, form)


@require_POST
@recent_required
def revoke_program(request: HttpRequest, key: str) -> HttpResponse:
    """Stop accepting a program's signatures."""
    program = access.get_visible(access.visible_programs(request.person), key)
    programs.revoke_program(program=program, by=request.person)
    messages.success(request, _("%(name)s is no longer accepted.") % {"name": program.name})
    return redirect("settings")


@require_POST
@recent_required
def end_session(request: HttpRequest, key: str) -> HttpResponse:
    """Sign out in one of one's browsers: here, or in another."""
    record = access.get_visible(live_sessions(request.person), key)
    if record.pk == request.session[RECORD]:
        end_here(request)
        return redirect("sign-in")
    end_record(record=record, by=request.person)
    messages.success(request, _("You are signed out in %(browser)s.") % {"browser": record.browser})
    return redirect("settings")


def _page(request: HttpRequest, form: ProgramForm | None = None) -> HttpResponse:
    person: Person = request.person
    session = request.session
    return page(
        request,
        "console/settings/index.html",
        "settings",
        status=422 if form is not None else 200,
        tokens=[
            (
                token,
                words_of(token.document()),
                words_of_share_key(token.share_key_document),
                kept_in_words(token.share_key_document),
            )
            for token in person.tokens.order_by("created_at", "pk")
        ],
        demands=token_terms.demands_on(person),
        session_token=Token.objects.filter(pk=session.get("token"), person=person).first(),
        sessions=live_sessions(person).select_related("token"),
        here=session[RECORD],
        shown=clock.from_unix(session.get("shown", 0)),
        recent=is_recent(request),
        programs=access.visible_programs(person).select_related("registered_by").order_by("name"),
        may_manage=access.may_manage_people(person, person.organisation),
        form=form or ProgramForm(),
        about=_about(),
    )


def _about() -> dict[str, Any]:
    here = deployment.current()
    return {
        "deployment": here.id,
        "demo": here.demo,
        "version": VERSION,
        "python": sys.version.split()[0],
        "django": django.get_version(),
        "operations": len(operations()),
        "desk": settings.DESK_ORIGIN,
        "digest": _desk_digest(),
    }


def _desk_digest() -> str:
    """The digest of the desk that was built on this machine, if it was."""
    manifest = settings.STATE_DIR / "desk" / "manifest.json"
    try:
        return str(json.loads(manifest.read_text())["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
