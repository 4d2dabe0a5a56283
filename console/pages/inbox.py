"""Proposals in lists: what waits for me, what I proposed, all that concern my organisation."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from console.pages.seating import few
from console.pages.shell import is_seen, nothing_new, page, version_of
from console.sessions import person_required
from hsmnodes.node.operations.registry import operations
from tenants import access, narrowing
from tenants.inbox import waiting_ids
from tenants.listing import Page, page_of
from tenants.models import Person, Proposal, State

SIZE = 25
MOST_EXPORTED = 10_000
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
VIEWS = {"waiting": _("Waiting for me"), "mine": _("Proposed by me"), "all": _("All")}
GROUPS = {"open": _("Open"), "running": _("Authorised, sent or executing")}


@require_GET
@person_required
def show(request: HttpRequest) -> HttpResponse:
    """The list in one of its views."""
    return page(request, "console/proposals/inbox.html", "sign", **_context(request))


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
    """The list as CSV, as filtered."""
    rows = _filtered(request, request.person).order_by("-created_at", "-pk")[:MOST_EXPORTED]
    return StreamingHttpResponse(
        _csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="proposals.csv"'},
    )


def _view(request: HttpRequest) -> str:
    view = request.GET.get("view", "waiting")
    return view if view in VIEWS else "waiting"


def _context(request: HttpRequest) -> dict[str, Any]:
    person, view = request.person, _view(request)
    found: Page[Proposal] = page_of(
        _filtered(request, person).select_related("requester", "zone"),
        cursor=request.GET.get("cursor"),
        size=SIZE,
    )
    rows = [(proposal, few(proposal)) for proposal in found.rows]
    return {
        "view": view,
        "views": VIEWS,
        "rows": rows,
        "found": found,
        "operations": operations().values(),
        "groups": GROUPS,
        "states": State.choices,
        "asked": {name: request.GET.get(name, "") for name in ("q", "state", "operation")},
        "version": version_of(view, [(one.pk, one.state, one.seats_filled) for one in found.rows]),
    }


def _filtered(request: HttpRequest, person: Person) -> QuerySet[Proposal]:
    view = _view(request)
    found = access.listed_proposals(person)
    if view == "waiting":
        found = found.filter(pk__in=waiting_ids(person))
    elif view == "mine":
        found = found.filter(requester=person)
    found = narrowing.in_state(found, request.GET.get("state", ""))
    if (tag := request.GET.get("operation", "")) in operations():
        found = found.filter(operation=tag)
    return narrowing.searched(found, request.GET.get("q", ""))


class _Line:
    """A file that gives back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _csv(rows: QuerySet[Proposal]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for one in rows.select_related("requester").iterator():
        values = [
            one.pk,
            one.hash,
            one.operation,
            _plain(one.sentence),
            one.state,
            _plain(one.requester.name),
            one.seats_filled,
            one.seats,
            one.created_at.isoformat(),
            one.expires_at.isoformat(),
            one.finished_at.isoformat() if one.finished_at else "",
        ]
        yield writer.writerow(values)


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
