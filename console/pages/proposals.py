"""A proposal: the sentence, the seats, what will change, where it stands, and the evidence."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from console.pages.proposal_view import version, view_of
from console.pages.shell import is_seen, nothing_new, page
from console.sessions import person_required
from tenants import access, execution, workflow
from tenants.models import Proposal

RELATED = ("requester__organisation", "program", "zone", "provider", "customer")


def find(request: HttpRequest, key: str) -> Proposal:
    """The proposal, if the person may see it."""
    return access.get_visible(access.visible_proposals(request.person).select_related(*RELATED), key)


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The whole page."""
    proposal = find(request, key)
    return page(request, "console/proposals/detail.html", "sign", view=view_of(proposal, request.person))


@require_GET
@person_required
def live(request: HttpRequest, key: str) -> HttpResponse:
    """The parts that move while somebody looks."""
    proposal = find(request, key)
    if is_seen(request, version(proposal)):
        return nothing_new()
    return render(request, "console/proposals/live.html", {"view": view_of(proposal, request.person)})


@require_POST
@person_required
def discard(request: HttpRequest, key: str) -> HttpResponse:
    """Give up a draft."""
    proposal = find(request, key)
    workflow.discard_draft(proposal=proposal, person=request.person)
    return _back_to(proposal)


@require_POST
@person_required
def send_again(request: HttpRequest, key: str) -> HttpResponse:
    """Send a warrant again that the node refused for a reason that has passed."""
    proposal = find(request, key)
    execution.send_again(proposal=proposal, person=request.person)
    return _back_to(proposal)


def _back_to(proposal: Proposal) -> HttpResponse:
    return redirect("proposal", key=proposal.pk)
