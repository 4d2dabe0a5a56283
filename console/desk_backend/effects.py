"""What an answer of the desk does, once the browser that began it is back."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest

from console.desk_backend import shapes
from console.desk_backend.registration import read_registration
from console.sessions import begin_session
from hsmnodes import ceremonies, suspending
from hsmnodes.models import Ceremony
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import (
    ApplicationSuspensionStatement,
    Assertion,
    Enrolment,
    ShareKey,
    ShareKeyRequest,
    SignIn,
)
from hsmnodes.node.protocol.purposes import Purpose, challenge
from tenants import charters, clock, suspensions, tokens, workflow
from tenants.errors import NotAllowed, NotVisible, SignatureNotAccepted, WrongState
from tenants.models import CharterState, CharterVersion, DeskPurpose, DeskTicket, Person, Proposal, State

OF_APPLICATION = ApplicationSuspensionStatement.model_fields["type"].default


def take_effect(request: HttpRequest, ticket: DeskTicket) -> None:
    """Verify the answer and do what it is for. Raises domain errors; then nothing was done."""
    _EFFECTS[DeskPurpose(ticket.purpose)](request, ticket)


def _sign_in(request: HttpRequest, ticket: DeskTicket) -> None:
    document = SignIn.from_bytes(bytes(ticket.document))
    if document.expires_at <= clock.unix_now():
        raise WrongState("ticket-expired", "The sign-in took too long. Begin again.")
    token = tokens.check_assertion(
        _assertion(ticket), challenge=challenge(Purpose.SIGN_IN, bytes(ticket.document))
    )
    begin_session(request, person=token.person, token=token)


def _enrol(request: HttpRequest, ticket: DeskTicket) -> None:
    person = ticket.person
    if person is None:
        raise NotVisible
    if ticket.invitation is None:
        _signed_in(request, ticket)
    content = canonical.decode(bytes(ticket.answer))
    given = shapes.Registration.model_validate(content["registration"])
    enrolment = Enrolment.from_bytes(bytes(ticket.document))
    token = read_registration(given, enrolment=enrolment)
    tokens.enrol_token(person=person, token=token, invitation=ticket.invitation)
    messages.success(request, f"The token {token.label} is enrolled.")


def _propose(request: HttpRequest, ticket: DeskTicket) -> None:
    person, proposal = _signed_in(request, ticket), _proposal(ticket)
    workflow.propose(proposal=proposal, person=person, assertion=_assertion(ticket))
    messages.success(request, "Proposed. It now waits for signatures.")


def _approve(request: HttpRequest, ticket: DeskTicket) -> None:
    person, proposal = _signed_in(request, ticket), _proposal(ticket)
    approved = workflow.approve(proposal=proposal, person=person, assertion=_assertion(ticket))
    still_open = approved.state == State.PROPOSED
    messages.success(request, "Approved." if still_open else "Approved: it was the last signature needed.")


def _reject(request: HttpRequest, ticket: DeskTicket) -> None:
    person, proposal = _signed_in(request, ticket), _proposal(ticket)
    workflow.reject(
        proposal=proposal, person=person, statement=_statement(ticket), assertion=_assertion(ticket)
    )
    messages.success(request, "Rejected. The proposal is closed.")


def _cancel(request: HttpRequest, ticket: DeskTicket) -> None:
    person, proposal = _signed_in(request, ticket), _proposal(ticket)
    cancelled = workflow.cancel(
        proposal=proposal, person=person, statement=_statement(ticket), assertion=_assertion(ticket)
    )
    is_closed = cancelled.state == State.CANCELLED
    messages.success(request, "Cancelled." if is_closed else "The cancellation is on its way to the node.")


def _found(request: HttpRequest, ticket: DeskTicket) -> None:
    person = _signed_in(request, ticket)
    if ticket.charter is None:
        raise NotVisible
    charter: CharterVersion = charters.sign_charter(
        charter=ticket.charter, person=person, assertion=_assertion(ticket)
    )
    missing = len(charters.unsigned(charter))
    if charter.state == CharterState.IN_FORCE:
        messages.success(request, "Signed. The charter is in force.")
    elif missing:
        messages.success(request, f"Signed. {missing} of its tokens have still to sign.")
    else:
        messages.success(request, "Signed. Everyone has signed now, so it can be proposed.")


def _share_key(request: HttpRequest, ticket: DeskTicket) -> None:
    person = _signed_in(request, ticket)
    wanted = ShareKeyRequest.from_bytes(bytes(ticket.document))
    given = ShareKey(statement=canonical.b64u(_statement(ticket)), assertion=_assertion(ticket))
    if given.stated.credential_id != wanted.credential_id:
        raise SignatureNotAccepted("other-credential", "Another token made it than was asked for.")
    token = tokens.keep_share_key(person=person, share_key=given)
    messages.success(
        request, f"The share key of {token.label} is made. It counts once a charter has admitted it."
    )


def _contribute(request: HttpRequest, ticket: DeskTicket) -> None:
    person, proposal = _signed_in(request, ticket), _proposal(ticket)
    ceremony = Ceremony.objects.select_related("proposal").filter(pk=proposal.pk).first()
    if ceremony is None:
        raise NotVisible
    ceremonies.contribute(
        ceremony=ceremony,
        person=person,
        document=bytes(ticket.document),
        assertion=_assertion(ticket),
        sealed=canonical.b64u_decode(canonical.decode(bytes(ticket.answer))["sealed"]),
    )
    messages.success(request, "Your share is on its way to the HSM, sealed to its one-time key.")


def _suspend(request: HttpRequest, ticket: DeskTicket) -> None:
    person = _signed_in(request, ticket)
    signed = {"statement": bytes(ticket.document), "assertion": _assertion(ticket), "person": person}
    if canonical.decode(bytes(ticket.document))["type"] == OF_APPLICATION:
        application = suspending.suspend(**signed).application
        messages.success(
            request, f"Signed. {application.name} is suspended; every HSM of the zone is being told."
        )
        return
    made = suspensions.suspend(**signed)
    messages.success(request, f"Signed. {made.token.label} counts no more for {made.name}, on HSMs too.")


_EFFECTS: Mapping[DeskPurpose, Callable[[HttpRequest, DeskTicket], None]] = {
    DeskPurpose.SIGN_IN: _sign_in,
    DeskPurpose.ENROL: _enrol,
    DeskPurpose.PROPOSE: _propose,
    DeskPurpose.APPROVE: _approve,
    DeskPurpose.REJECT: _reject,
    DeskPurpose.CANCEL: _cancel,
    DeskPurpose.FOUND: _found,
    DeskPurpose.SUSPEND: _suspend,
    DeskPurpose.SHARE_KEY: _share_key,
    DeskPurpose.CONTRIBUTE: _contribute,
}


def _signed_in(request: HttpRequest, ticket: DeskTicket) -> Person:
    """The person of the ticket, who must still be signed in here."""
    person: Person | None = request.person
    if person is None or person.id != ticket.person_id:
        raise NotAllowed("signed-out", "You are no longer signed in here as you were. Nothing was done.")
    return person


def _proposal(ticket: DeskTicket) -> Proposal:
    if ticket.proposal is None:
        raise NotVisible
    return ticket.proposal


def _assertion(ticket: DeskTicket) -> Assertion:
    return Assertion.model_validate(canonical.decode(bytes(ticket.answer))["assertion"])


def _statement(ticket: DeskTicket) -> bytes:
    return canonical.b64u_decode(canonical.decode(bytes(ticket.answer))["statement"])
