"""The life of a proposal until it is authorised. Its state changes here and in tenants/execution.py alone.

    draft → proposed → authorised → (tenants/execution.py)
                     → rejected | cancelled | expired

Every signature is verified before it is stored, and counted by the protocol's own `evaluate` over the
charters in force.

Functions that take a signature are not to be called in a transaction (see tenants/tokens.py).
"""

from collections.abc import Callable
from typing import Final

from django.db import transaction

from hsmnodes.node.operations.sentences import render_sentence
from hsmnodes.node.protocol import canonical, documents
from hsmnodes.node.protocol.documents import Assertion
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.quorum import Signatures
from tenants import charters, clock, execution, inbox, log, tags, tokens, verdicts
from tenants.concerns import concerns_of
from tenants.errors import NotAllowed, SignatureNotAccepted, WrongState
from tenants.log import Event
from tenants.models import (
    RUNNING_STATES,
    Approval,
    Cancellation,
    Person,
    Program,
    Proposal,
    Rejection,
    State,
    Token,
)
from tenants.readiness import check_ready
from tenants.states import expect_state, lock_proposal
from tenants.verdicts import Standing
from tenants.warrants import assemble_warrant

MOST_DRAFTS = 100
"""So many drafts that a person made for themselves wait at most; those of programs are limited apart."""
Asking = Callable[[documents.Proposal], None]

_before_asking: Final[list[Asking]] = []


def before_asking(hook: Asking) -> None:
    """Have `hook` called before a draft is kept, and before it is proposed; what it raises refuses that."""
    _before_asking.append(hook)


# ------------------------------------------------------------------ drafts


@transaction.atomic
def save_draft(
    *, document: documents.Proposal, requester: Person, program: Program | None = None
) -> Proposal:
    """Keep `document` as a draft; `requester`, whom it names, makes it a proposal by signing it.

    Raises Invalid for what could not come to anything, and WrongState if they have MOST_DRAFTS open already.
    """
    if program is None:
        _check_room_for_draft(requester)
    for hook in _before_asking:
        hook(document)
    concerns = concerns_of(document, requester)
    node = document.nodes[0] if document.nodes else None
    proposal = Proposal.objects.create(
        id=document.proposal,
        raw=document.raw,
        hash=document.sha256,
        operation=document.operation,
        sentence=render_sentence(document),
        reason=document.reason,
        requester=requester,
        program=program,
        provider=concerns.provider,
        customer=concerns.customer,
        zone=concerns.zone,
        node=node.id if node else "",
        node_name=node.name if node else "",
        created_at=clock.now(),
        expires_at=clock.from_unix(document.expires_at),
    )
    log.record(
        Event.PROPOSAL_DRAFTED,
        f"Drafted: {proposal.sentence}",
        about=log.about_proposal(proposal),
        actor=program or requester,
        document=document.raw,
    )
    return proposal


def _check_room_for_draft(requester: Person) -> None:
    """Refuse one more draft of a person who leaves too many unsigned."""
    waiting = Proposal.objects.filter(
        requester=requester, program=None, state=State.DRAFT, expires_at__gt=clock.now()
    ).count()
    if waiting >= MOST_DRAFTS:
        raise WrongState(
            "too-many-drafts",
            f"{waiting} drafts of {requester.name} are not signed yet: sign or give up some of them first.",
        )


@transaction.atomic
def discard_draft(*, proposal: Proposal, person: Person) -> None:
    """Give up a draft that is not signed yet."""
    proposal = lock_proposal(proposal)
    if proposal.requester_id != person.id:
        raise NotAllowed("not-requester", "A draft is given up by the person it was made for.")
    expect_state(proposal, State.DRAFT)
    proposal.proposed_at = clock.now()
    _close(proposal, State.CANCELLED, Event.CANCELLED, person=person, reason="The draft was given up.")


# ------------------------------------------------------------------ signatures


def propose(*, proposal: Proposal, person: Person, assertion: Assertion) -> Proposal:
    """Make a proposal of a draft by its requester's signature (purpose `propose`)."""
    token = _check(assertion, challenge(Purpose.PROPOSE, bytes(proposal.raw)), person)
    with transaction.atomic():
        proposal = lock_proposal(proposal)
        if proposal.requester_id != person.id:
            raise NotAllowed("not-requester", "This draft was made for somebody else to propose.")
        expect_state(proposal, State.DRAFT)
        check_ready(proposal)
        for hook in _before_asking:
            hook(proposal.document)
        proposal.request = canonical.encode(assertion.model_dump(mode="json"))
        proposal.state, proposal.proposed_at = State.PROPOSED, clock.now()
        standing = verdicts.standing_of(proposal)
        _refuse_problems(standing)
        _keep_progress(proposal, standing)
        proposal.save()
        log.record(
            Event.PROPOSED,
            f"{person.name} proposed: {proposal.sentence}",
            about=log.about_proposal(proposal),
            actor=person,
            document=bytes(proposal.request),
            details={"token": token.id, "hash": proposal.hash},
        )
        inbox.refresh(proposal, standing)
    return proposal


def approve(*, proposal: Proposal, person: Person, assertion: Assertion) -> Proposal:
    """Add an approval (purpose `approve`); the last one needed authorises the proposal."""
    token = _check(assertion, challenge(Purpose.APPROVE, bytes(proposal.raw)), person)
    approval = documents.Approval(proposal=proposal.hash, assertion=assertion)
    with transaction.atomic():
        proposal = lock_proposal(proposal)
        expect_state(proposal, State.PROPOSED)
        standing = _standing_with(proposal, approval)
        if proposal.approvals.filter(person=person).exists():  # and it does not count, or this one would not
            raise WrongState(
                "approved-already",
                "You have approved it already, with a token that was suspended since. Others have to.",
            )
        Approval.objects.create(proposal=proposal, person=person, token=token, raw=approval.raw)
        _keep_progress(proposal, standing)
        proposal.save(update_fields=["seats", "seats_filled"])
        approved = log.Note(
            Event.APPROVED,
            f"{person.name} approved: {proposal.sentence}",
            log.about_proposal(proposal),
            actor=person,
            document=approval.raw,
            details={"token": token.id},
        )
        if standing.authorised:
            _authorise(proposal, approved)
        else:
            log.record_all([approved])
            inbox.refresh(proposal, standing)
    return proposal


def reject(*, proposal: Proposal, person: Person, statement: bytes, assertion: Assertion) -> Proposal:
    """Reject an open proposal (purpose `reject`, over the statement): one rejection closes it."""
    token = _check(assertion, challenge(Purpose.REJECT, statement), person, stops=True)
    rejection = documents.Rejection(statement=canonical.b64u(statement), assertion=assertion)
    with transaction.atomic():
        proposal = lock_proposal(proposal)
        expect_state(proposal, State.PROPOSED)
        reason = _check_closes(proposal, person, rejection)
        Rejection.objects.create(
            proposal=proposal, person=person, token=token, raw=rejection.raw, reason=reason
        )
        _close(
            proposal,
            State.REJECTED,
            Event.REJECTED,
            person=person,
            reason=reason,
            document=rejection.raw,
        )
    return proposal


def cancel(*, proposal: Proposal, person: Person, statement: bytes, assertion: Assertion) -> Proposal:
    """Cancel a proposal (purpose `cancel`, over the statement).

    An open one is closed, and so is one that waits out its delay here. One that is on its way to a node is
    not: the cancellation is sent after it, and what became of it is what the node's receipt says.
    """
    token = _check(assertion, challenge(Purpose.CANCEL, statement), person, stops=True)
    cancellation = documents.Cancellation(statement=canonical.b64u(statement), assertion=assertion)
    with transaction.atomic():
        proposal = lock_proposal(proposal)
        expect_state(proposal, State.PROPOSED, *RUNNING_STATES)
        reason = _check_closes(proposal, person, cancellation)
        stored = Cancellation.objects.create(
            proposal=proposal, person=person, token=token, raw=cancellation.raw, reason=reason
        )
        waits_here = proposal.state == State.DELAYED and not proposal.node
        if proposal.state == State.PROPOSED or waits_here:
            _close(
                proposal,
                State.CANCELLED,
                Event.CANCELLED,
                person=person,
                reason=reason,
                document=cancellation.raw,
            )
            if waits_here:
                execution.pass_on(proposal, stored)
            return proposal
        log.record(
            Event.CANCELLED,
            f"{person.name} cancelled, while it was on its way: {proposal.sentence}",
            about=log.about_proposal(proposal),
            actor=person,
            document=cancellation.raw,
        )
        execution.pass_on(proposal, stored)
    return proposal


# ------------------------------------------------------------------ without anybody


def expire_due(*, limit: int = 500) -> int:
    """Close what nobody signed in time; how many that were."""
    due = Proposal.objects.filter(state__in=[State.DRAFT, State.PROPOSED], expires_at__lte=clock.now())
    expired = 0
    for key in list(due.order_by("expires_at").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            proposal = Proposal.objects.select_for_update(no_key=True).get(pk=key)
            if proposal.state in (State.DRAFT, State.PROPOSED):
                _close(
                    proposal,
                    State.EXPIRED,
                    Event.EXPIRED,
                    person=None,
                    reason="Nobody signed it in time.",
                )
                expired += 1
    return expired


# ------------------------------------------------------------------ steps


def _authorise(proposal: Proposal, approved: log.Note) -> None:
    warrant = assemble_warrant(proposal)
    proposal.warrant = warrant.raw
    proposal.state, proposal.authorised_at = State.AUTHORISED, clock.now()
    proposal.save(update_fields=["warrant", "state", "authorised_at"])
    inbox.clear(proposal)
    authorised = log.Note(
        Event.AUTHORISED, f"Authorised: {proposal.sentence}", approved.about, document=warrant.raw
    )
    execution.begin(proposal, how=[approved, authorised])


def _close(
    proposal: Proposal,
    state: State,
    event: Event,
    *,
    person: Person | None,
    reason: str,
    document: bytes = b"",
) -> None:
    proposal.state, proposal.finished_at, proposal.detail = state, clock.now(), reason
    proposal.save(update_fields=["state", "proposed_at", "finished_at", "detail"])
    inbox.clear(proposal)
    log.record(
        event,
        f"{state.label}: {proposal.sentence}",
        about=log.about_proposal(proposal),
        actor=person,
        document=document,
        details={"reason": reason},
    )


def _check(assertion: Assertion, wanted: bytes, person: Person, *, stops: bool = False) -> Token:
    """The person's own token that made the assertion."""
    return tokens.check_assertion(assertion, challenge=wanted, person=person, stops=stops)


def _refuse_problems(standing: Standing) -> None:
    for problem in standing.problems:
        raise WrongState(problem.code, problem.message)


def _standing_with(proposal: Proposal, approval: documents.Approval) -> Standing:
    """How the proposal stands with one more signature; one that would count nowhere is refused."""
    before = verdicts.signatures_of(proposal)
    after = Signatures(before.request, (*before.approvals, approval), before.rejections, before.cancellations)
    standing = verdicts.standing_with(proposal, after)
    _refuse_problems(standing)
    credential = approval.assertion.credential_id
    for ignored in standing.ignored:
        if ignored.credential_id == credential:
            raise SignatureNotAccepted(ignored.code, f"{ignored.message} Nothing was signed.")
    return standing


def _check_closes(
    proposal: Proposal, person: Person, signed: documents.Rejection | documents.Cancellation
) -> str:
    """The reason in the statement, if the statement is this person's and closes this proposal."""
    signatures = verdicts.signatures_of(proposal)
    rejections = (signed,) if isinstance(signed, documents.Rejection) else ()
    cancellations = (signed,) if isinstance(signed, documents.Cancellation) else ()
    alone = Signatures(signatures.request, signatures.approvals, rejections, cancellations)
    closed = verdicts.stand(proposal, alone, now=clock.unix_now()).closed
    if closed is None and proposal.operation == tags.RECOVER_CHARTER:
        # Of another side whoever may have consented, too, though its charter is another by now.
        named = charters.by_hash(one.hash for one in proposal.document.authorities)
        closed = verdicts.stand(proposal, alone, now=clock.unix_now(), under=named).closed
    if closed is None or closed.person != person.name:
        raise SignatureNotAccepted(
            "does-not-close",
            "Only the requester, or who could sign it, can stop a proposal. Nothing was done.",
        )
    return closed.reason


def _keep_progress(proposal: Proposal, standing: Standing) -> None:
    proposal.seats, proposal.seats_filled = standing.seats, standing.seats - standing.missing
