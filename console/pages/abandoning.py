"""Giving up what is left of a proposal that some nodes have carried out, and others never will."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from console.pages.proposals import find
from console.sessions import person_required
from hsmnodes import steps
from hsmnodes.models import Node
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol.documents import AuthorityKind
from tenants import tags, workflow
from tenants.drafting import build_proposal
from tenants.errors import WrongState
from tenants.models import Proposal
from tenants.people import check_reason


@require_POST
@person_required
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """Draft the proposal by which a quorum gives it up, on the nodes that have steps to take."""
    proposal, person = find(request, key), request.person
    if not steps.can_be_abandoned(proposal):
        raise WrongState("not-partly-done", "Nothing of it is left that could be abandoned.")
    done, named = steps.done(proposal), proposal.document.nodes
    waiting = {step.node for number, step in enumerate(steps.steps_of(proposal)) if number not in done}
    nodes = Node.objects.in_bulk([named[place].id for place in waiting])
    document = build_proposal(
        operation=tags.ABANDON_WARRANT,
        parameters={
            "abandoned": proposal.pk,
            "proposal_hash": proposal.hash,
            "operation": proposal.operation,
            "customer": _party(proposal, AuthorityKind.CUSTOMER),
            "zone": _party(proposal, AuthorityKind.ZONE),
        },
        requester=person,
        reason=check_reason(request.POST.get("reason", "")),
        nodes=[nodes[named[place].id].at() for place in sorted(waiting)],
    )
    return redirect("proposal", key=workflow.save_draft(document=document, requester=person).pk)


def _party(proposal: Proposal, kind: AuthorityKind) -> Any:
    """The customer or zone whose consent the operation needs, as its parameters name it, or None."""
    field = operation(proposal.operation).party_fields.get(kind)
    return proposal.document.parameters[field] if field else None
