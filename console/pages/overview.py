"""The overview: where everything is, what waits for me, what runs now, what needs attention."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from console.context import shares_to_give
from console.pages.attention import charters_to_sign, concerns
from console.pages.checklist import checklist
from console.pages.seating import few
from console.pages.shell import is_seen, nothing_new, page, version_of
from console.pages.topology import picture
from console.sessions import person_required
from hsmnodes.access import visible_clusters
from tenants import access
from tenants.models import RUNNING_STATES, Organisation, OrganisationKind, Person, Proposal, State

SHOWN = 6


@require_GET
@person_required
def show(request: HttpRequest) -> HttpResponse:
    """The page people arrive at."""
    context = _moving(request) | _looked_after(request.person)
    return page(request, "console/overview/page.html", "overview", **context)


@require_GET
@person_required
def live(request: HttpRequest) -> HttpResponse:
    """The same without the frame, if anything is new."""
    moving = _moving(request)
    if is_seen(request, moving["version"]):
        return nothing_new()
    return render(request, "console/overview/live.html", moving | _looked_after(request.person))


def _looked_after(person: Person) -> dict[str, Any]:
    """What takes a look at every charter and zone: only when something moved, not each time a page asks."""
    return {
        "charters_to_sign": charters_to_sign(person),
        "concerns": concerns(person),
        "checklist": checklist(person),
    }


def _moving(request: HttpRequest) -> dict[str, Any]:
    """What moves by itself, with the mark of it."""
    person: Person = request.person
    customers = _customers(person)
    chosen = next((one for one in customers if one.pk == request.GET.get("customer")), None)
    found = picture(person, chosen)
    proposals = access.visible_proposals(person)
    if chosen is not None:
        proposals = proposals.filter(customer=chosen)
    waiting = list(proposals.filter(waiting__person=person).order_by("-created_at")[:SHOWN])
    drafts = list(proposals.filter(requester=person, state=State.DRAFT).order_by("-created_at")[:SHOWN])
    running = list(proposals.filter(state__in=RUNNING_STATES).order_by("-created_at")[:SHOWN])
    others = list(
        proposals.filter(state=State.PROPOSED).exclude(waiting__person=person).order_by("-created_at")[:SHOWN]
    )
    shares = shares_to_give(request)
    clusters = [one for one in visible_clusters(person)[:SHOWN] if not one.is_dissolved]
    return {
        "picture": found,
        "customers": customers,
        "chosen": chosen,
        "waiting": _with_seats(waiting),
        "drafts": drafts,
        "running": _with_seats(running),
        "others": _with_seats(others),
        "shares_to_give": shares,
        "clusters": clusters,
        "version": version_of(
            found.mark,
            [one.pk for one in shares],
            [(one.pk, one.revision) for one in clusters],
            [(one.pk, one.state, one.seats_filled) for one in (*waiting, *drafts, *running, *others)],
        ),
    }


def _customers(person: Person) -> list[Organisation]:
    if not person.organisation.is_provider:
        return []
    return list(access.visible_organisations(person).filter(kind=OrganisationKind.CUSTOMER).order_by("name"))


def _with_seats(proposals: list[Proposal]) -> list[tuple[Proposal, Any]]:
    return [(proposal, few(proposal)) for proposal in proposals]
