"""Proposals in lists: what waits for me, what I proposed, all that concern my organisation."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from console.context import shares_to_give
from console.pages.saved import SavedViews
from console.pages.seating import few
from console.pages.shell import is_seen, nothing_new, page, version_of
from console.pages.sorting import Sorting, sorting_of
from console.pages.spreadsheets import MOST_ROWS, csv_file
from console.sessions import person_required
from hsmnodes.node.operations.registry import operations
from tenants import access, narrowing
from tenants.inbox import waiting_ids
from tenants.listing import Page, page_of
from tenants.models import Person, Proposal, State

SIZE = 25
COLUMNS = (
    "proposal",
    "hash",
    "operation",
    "sentence",
    "state",
    "requester",
    "signed",
    "needed",
    "created",
    "expires",
    "finished",
)
SORTED_BY = {
    "proposal": "sentence",
    "state": "state",
    "signed": "seats_filled",
    "when": "created_at",
}
VIEWS = {"waiting": _("Waiting for me"), "mine": _("Proposed by me"), "all": _("All")}
GROUPS = {"open": _("Open"), "running": _("Authorised, sent or executing")}


@require_GET
@person_required
def show(request: HttpRequest) -> HttpResponse:
    """The list in one of its views."""
    person = request.person
    saved = SavedViews(request, "proposals", reverse("inbox"), lambda asked: _filtered(person, asked))
    return page(request, "console/proposals/inbox.html", "sign", saved=saved, **_context(request))


@require_GET
@person_required
def live(request: HttpRequest) -> HttpResponse:
    """The rows alone, as long as they are the newest ones."""
    context = _context(request)
    if is_seen(request, context["version"]):
        return nothing_new()
    return render(request, "console/proposals/rows.html", context)


@require_GET
@person_required
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The list as CSV, as filtered and sorted."""
    rows = (
        _filtered(request.person, request.GET).select_related("requester").order_by(*_sorting(request).order)
    )
    return csv_file("proposals", COLUMNS, map(_row, rows[:MOST_ROWS].iterator()))


def _view(asked: QueryDict) -> str:
    view = asked.get("view", "waiting")
    return view if view in VIEWS else "waiting"


def _sorting(request: HttpRequest) -> Sorting:
    return sorting_of(request, SORTED_BY, "-when")


def _context(request: HttpRequest) -> dict[str, Any]:
    person, view = request.person, _view(request.GET)
    sorting = _sorting(request)
    found: Page[Proposal] = page_of(
        _filtered(person, request.GET).select_related("requester", "zone"),
        cursor=request.GET.get("cursor"),
        size=SIZE,
        by=sorting.by,
        ascending=not sorting.descending,
    )
    rows = [(proposal, few(proposal)) for proposal in found.rows]
    shares = shares_to_give(request) if view == "waiting" else []
    return {
        "view": view,
        "views": VIEWS,
        "rows": rows,
        "shares_to_give": shares,
        "found": found,
        "sorting": sorting,
        "operations": operations().values(),
        "groups": GROUPS,
        "states": State.choices,
        "asked": {name: request.GET.get(name, "") for name in ("q", "state", "operation")},
        "version": version_of(
            view,
            [one.pk for one in shares],
            [(one.pk, one.state, one.seats_filled) for one in found.rows],
        ),
    }


def _filtered(person: Person, asked: QueryDict) -> QuerySet[Proposal]:
    view = _view(asked)
    found = access.listed_proposals(person)
    if view == "waiting":
        found = found.filter(pk__in=waiting_ids(person))
    elif view == "mine":
        found = found.filter(requester=person)
    found = narrowing.in_state(found, asked.get("state", ""))
    if (tag := asked.get("operation", "")) in operations():
        found = found.filter(operation=tag)
    return narrowing.searched(found, asked.get("q", ""))


def _row(one: Proposal) -> tuple[object, ...]:
    return (
        one.pk,
        one.hash,
        one.operation,
        one.sentence,
        one.state,
        one.requester.name,
        one.seats_filled,
        one.seats,
        one.created_at,
        one.expires_at,
        one.finished_at,
    )
