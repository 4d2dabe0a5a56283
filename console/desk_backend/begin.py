"""Where errands to the desk begin: forms on the console's pages post here and are sent on with a ticket."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from console.desk_backend.tickets import go_to_desk, safe_path
from console.sessions import person_required, recent_required
from hsmnodes import ceremonies, suspending
from hsmnodes.access import visible_applications, visible_ceremonies
from hsmnodes.node.protocol.documents import Enrolment, ShareKeyRequest, SignIn
from tenants import access, charters, clock, deployment, people, suspensions
from tenants.errors import Invalid, NotAllowed, WrongState
from tenants.identifiers import new_id
from tenants.models import RUNNING_STATES, CharterState, DeskPurpose, Person, Proposal, State
from tenants.people import check_name, check_reason


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in, or show one's token again."""
    now = clock.unix_now()
    document = SignIn(
        deployment=deployment.current().id,
        console=settings.CONSOLE_ORIGIN,
        desk=deployment.desk(),
        nonce=new_id(),
        at=now,
        expires_at=now + settings.DESK_TICKET_SECONDS,
    )
    return go_to_desk(
        request,
        purpose=DeskPurpose.SIGN_IN,
        document=document.raw,
        person=request.person,
        next_path=safe_path(request.POST.get("next")),
    )


@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """Enrol a token: by the link of an invitation, or a further one in a session that is fresh."""
    if secret := request.POST.get("invitation"):
        invitation = people.find_invitation(secret)
        return _enrol(request, invitation.person, invitation=invitation, next_path=reverse("sign-in"))
    return _enrol_own(request)


@recent_required
def _enrol_own(request: HttpRequest) -> HttpResponse:
    return _enrol(request, request.person, next_path=safe_path(request.POST.get("next")))


def _enrol(request: HttpRequest, person: Person, **bound_to: object) -> HttpResponse:
    label = check_name(request.POST.get("label", "").strip())
    if person.tokens.filter(label=label).exists():
        raise Invalid("label-taken", "You have a token with this label already; choose another.")
    document = Enrolment(**_of(person), label=label)
    return go_to_desk(request, purpose=DeskPurpose.ENROL, document=document.raw, person=person, **bound_to)


@require_POST
@recent_required
def share_key(request: HttpRequest, key: str) -> HttpResponse:
    """Make a share key with one of one's tokens, which custodians need."""
    person: Person = request.person
    token = access.get_visible(person.tokens.filter(suspended_at=None), key)
    document = ShareKeyRequest(**_of(person), credential_id=token.credential_id, label=token.label)
    return go_to_desk(
        request,
        purpose=DeskPurpose.SHARE_KEY,
        document=document.raw,
        person=person,
        next_path=safe_path(request.POST.get("next")),
    )


@require_POST
@person_required
def propose(request: HttpRequest, key: str) -> HttpResponse:
    """Make a proposal of one's own draft."""
    proposal = _proposal(request, key, State.DRAFT)
    if proposal.requester_id != request.person.id:
        raise NotAllowed("not-requester", "This draft was made for somebody else to propose.")
    return _sign(request, DeskPurpose.PROPOSE, proposal)


@require_POST
@person_required
def approve(request: HttpRequest, key: str) -> HttpResponse:
    """Approve a proposal."""
    proposal = _proposal(request, key, State.PROPOSED)
    if proposal.approvals.filter(person=request.person).exists():
        raise WrongState("signed-already", "You have signed this already.")
    if not proposal.waiting.filter(person=request.person).exists():
        raise NotAllowed("not-wanted", "Your signature is not asked for here.")
    return _sign(request, DeskPurpose.APPROVE, proposal)


@require_POST
@person_required
def reject(request: HttpRequest, key: str) -> HttpResponse:
    """Reject a proposal."""
    return _sign(request, DeskPurpose.REJECT, _proposal(request, key, State.PROPOSED))


@require_POST
@person_required
def cancel(request: HttpRequest, key: str) -> HttpResponse:
    """Cancel a proposal."""
    return _sign(request, DeskPurpose.CANCEL, _proposal(request, key, State.PROPOSED, *RUNNING_STATES))


@require_POST
@person_required
def found(request: HttpRequest, key: str) -> HttpResponse:
    """Sign a charter with one of one's tokens."""
    charter = access.get_visible(access.visible_charters(request.person), key)
    if charter.state != CharterState.COLLECTING:
        raise WrongState("not-collecting", "This charter no longer collects signatures.")
    if not any(one.person == request.person.id for one in charters.unsigned(charter)):
        raise NotAllowed("not-wanted", "None of your tokens is asked for here.")
    return go_to_desk(
        request,
        purpose=DeskPurpose.FOUND,
        document=bytes(charter.raw),
        person=request.person,
        charter=charter,
        next_path=safe_path(request.POST.get("next")),
    )


@require_POST
@person_required
def suspend(request: HttpRequest, key: str) -> HttpResponse:
    """Suspend a token for one authority, on nodes too."""
    token = access.get_visible(suspensions.visible_tokens(request.person), key)
    document = suspensions.draft_statement(
        token=token,
        authority=request.POST.get("authority", ""),
        by=request.person,
        reason=check_reason(request.POST.get("reason", "") or token.suspended_reason),
    )
    return go_to_desk(
        request,
        purpose=DeskPurpose.SUSPEND,
        document=document.raw,
        person=request.person,
        next_path=safe_path(request.POST.get("next")),
    )


@require_POST
@person_required
def suspend_application(request: HttpRequest, key: str) -> HttpResponse:
    """Suspend an application of one's zone, on every node."""
    application = access.get_visible(visible_applications(request.person), key)
    document = suspending.draft_statement(
        application=application,
        by=request.person,
        reason=check_reason(request.POST.get("reason", "")),
    )
    return go_to_desk(
        request,
        purpose=DeskPurpose.SUSPEND,
        document=document.raw,
        person=request.person,
        next_path=safe_path(request.POST.get("next")),
    )


@require_POST
@person_required
def contribute(request: HttpRequest, key: str) -> HttpResponse:
    """Give one's share to a ceremony."""
    ceremony = access.get_visible(visible_ceremonies(request.person).select_related("proposal"), key)
    document = ceremonies.draft_contribution(ceremony=ceremony, person=request.person)
    return go_to_desk(
        request,
        purpose=DeskPurpose.CONTRIBUTE,
        document=document.raw,
        person=request.person,
        proposal=ceremony.proposal,
        next_path=safe_path(request.POST.get("next")),
    )


def _of(person: Person) -> dict[str, Any]:
    """What a document about one of a person's tokens says of the person, of here and of now."""
    here = deployment.current()
    return {
        "deployment": here.id,
        "demo": here.demo,
        "person": person.named(),
        "organisation": person.organisation.named(),
        "desk": deployment.desk(),
        "nonce": new_id(),
        "at": clock.unix_now(),
    }


def _proposal(request: HttpRequest, key: str, *states: State) -> Proposal:
    proposal = access.get_visible(access.visible_proposals(request.person), key)
    if proposal.state not in states:
        label = State(proposal.state).label.lower()
        raise WrongState("wrong-state", f"This can no longer be done: the proposal is {label}.")
    return proposal


def _sign(request: HttpRequest, purpose: DeskPurpose, proposal: Proposal) -> HttpResponse:
    return go_to_desk(
        request,
        purpose=purpose,
        document=bytes(proposal.raw),
        person=request.person,
        proposal=proposal,
        next_path=safe_path(request.POST.get("next")),
    )
