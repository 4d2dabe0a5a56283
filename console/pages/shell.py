"""What all screens share: rendering within the shell, and answers for parts that ask again."""

import hashlib
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from console.pages import wording
from tenants import access

NOTHING_NEW = 204


def page(
    request: HttpRequest, template: str, section: str, status: int = 200, **context: Any
) -> HttpResponse:
    """A page within the shell; `section` is the entry of the navigation it belongs to."""
    person = request.person
    roles = [wording.role(role.value) for role in sorted(access.roles_of(person))] if person else []
    return render(request, template, {"section": section, "person_roles": roles, **context}, status=status)


def form_page(
    request: HttpRequest, form: forms.Form, *, parent: tuple[str, str], **texts: str
) -> HttpResponse:
    """A page with one form; `parent` is the section it belongs to, `texts` are title, lead and button."""
    status = 422 if form.is_bound else 200
    return page(
        request, "console/parts/form_page.html", parent[0], status=status, form=form, parent=parent, **texts
    )


def version_of(*facts: object) -> str:
    """A short mark of what a live part shows; another mark means that it has to be shown anew."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def is_seen(request: HttpRequest, version: str) -> bool:
    """Whether a part that asks again shows this already."""
    return request.GET.get("seen") == version


def nothing_new() -> HttpResponse:
    """The answer to a part that need not change."""
    return HttpResponse(status=NOTHING_NEW)
