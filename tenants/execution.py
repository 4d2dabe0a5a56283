"""What becomes of an authorised proposal: its state changes here and in tenants/workflow.py alone.

    authorised → sent → executing → done | refused | failed | indeterminate
                     → delayed ↗   (by a rule's delay: as a node says, or here where no node acts)

What an authorised proposal sets off is written in the transaction that authorises it: in the console itself
(tenants/effects.py), or by the hooks that the app of the machines registers.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from hsmnodes.node.operations.registry import operation as find_operation
from hsmnodes.node.protocol.documents import Outcome
from hsmnodes.node.protocol.errors import Refused
from tenants import clock, log, verdicts
from tenants.effects import EFFECTS
from tenants.errors import NotAllowed, WrongState
from tenants.log import Event
from tenants.models import RUNNING_STATES, Cancellation, Person, Proposal, State
from tenants.rules import delay_for
from tenants.states import expect_state, lock_proposal

AuthorisedHook = Callable[[Proposal], None]
CancelledHook = Callable[[Proposal, Cancellation], None]

_when_authorised: Final[list[AuthorisedHook]] = []
_when_delayed: Final[list[AuthorisedHook]] = []
_when_cancelled: Final[list[CancelledHook]] = []

_OUTCOMES: Final = {
    Outcome.DONE: (State.DONE, Event.DONE),
    Outcome.REFUSED: (State.REFUSED, Event.REFUSED),
    Outcome.FAILED: (State.FAILED, Event.FAILED),
    Outcome.INDETERMINATE: (State.INDETERMINATE, Event.INDETERMINATE),
}


def when_authorised(hook: AuthorisedHook) -> None:
    """Have `hook` called in the transaction in which a proposal is authorised, or is to be sent again."""
    _when_authorised.append(hook)


def when_cancelled(hook: CancelledHook) -> None:
    """Have `hook` called in the transaction in which a running proposal is cancelled."""
    _when_cancelled.append(hook)


def when_delayed(hook: AuthorisedHook) -> None:
    """Have `hook` called in the transaction in which one that no node carries out begins to wait."""
    _when_delayed.append(hook)


def begin(proposal: Proposal, *, how: Sequence[log.Note]) -> None:
    """Set off what has just been authorised, in the same transaction; where no node acts, after its delay.

    `how` that came about is logged here. What is for nodes is noted before, and so it is handed over first
    after the commit: a node need not wait until people are told.
    """
    if find_operation(proposal.operation).nodes == 0:
        log.record_all(how)
        if delay := delay_for(proposal.document):
            _wait(proposal, clock.now() + timedelta(seconds=delay))
            for hook in _when_delayed:
                hook(proposal)
            return
        _take_effect(proposal)
        _set_off(proposal)
        return
    _set_off(proposal)
    log.record_all(how)


def _set_off(proposal: Proposal) -> None:
    for hook in _when_authorised:
        hook(proposal)


def take_effect_due(*, limit: int = 100) -> int:
    """Have take effect what no node carries out and whose delay is over; how many that were."""
    due = Proposal.objects.filter(state=State.DELAYED, node="", due_at__lte=clock.now())
    return sum(_end_delay(key) for key in list(due.order_by("due_at").values_list("pk", flat=True)[:limit]))


def _end_delay(key: str) -> bool:
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update(no_key=True).get(pk=key)
        if proposal.state != State.DELAYED:
            return False
        try:
            with transaction.atomic():
                _check_still_authorised(proposal)
                _take_effect(proposal)
                _set_off(proposal)
        except WrongState as error:
            proposal.state, proposal.code, proposal.detail = State.FAILED, error.code, error.message
            proposal.finished_at = clock.now()
            proposal.save(update_fields=["state", "code", "detail", "finished_at"])
            log.record(
                Event.FAILED,
                f"{State.FAILED.label}: {proposal.sentence}",
                about=log.about_proposal(proposal),
                details={"code": error.code},
            )
    return True


def _check_still_authorised(proposal: Proposal) -> None:
    """Refuse what is not authorised any more, as a node does that has waited out a delay."""
    standing = verdicts.after_delay(proposal)
    if standing.authorised:
        return
    for problem in standing.problems:
        raise WrongState(problem.code, problem.message)
    raise WrongState(
        "quorum-not-met", "Tokens were suspended while it waited, and without them too few have signed."
    )


def _wait(proposal: Proposal, due_at: datetime) -> None:
    """Note until when a proposal waits: the latest that was heard of."""
    proposal.due_at = max(due_at, proposal.due_at or due_at)
    if proposal.state == State.EXECUTING:
        proposal.save(update_fields=["due_at"])
        return
    news = proposal.state != State.DELAYED
    proposal.state = State.DELAYED
    proposal.save(update_fields=["state", "due_at"])
    if news:
        log.record(
            Event.DELAYED,
            f"Waits until {proposal.due_at:%Y-%m-%d %H:%M:%S} UTC: {proposal.sentence}",
            about=log.about_proposal(proposal),
        )


def pass_on(proposal: Proposal, cancellation: Cancellation) -> None:
    """Have the cancellation of a running proposal sent after it, in the same transaction."""
    for hook in _when_cancelled:
        hook(proposal, cancellation)


@transaction.atomic(savepoint=False)
def mark_sent(*, proposal: Proposal) -> None:
    """Note that the broker has taken the warrant."""
    changed = Proposal.objects.filter(pk=proposal.pk, state=State.AUTHORISED).update(
        state=State.SENT, sent_at=clock.now()
    )
    if changed:
        log.record(Event.SENT, f"Sent: {proposal.sentence}", about=log.about_proposal(proposal))


@transaction.atomic
def mark_executing(*, proposal: Proposal) -> None:
    """Note that the node says it is carrying the proposal out. Nothing rests on it: the receipt counts."""
    waiting = [State.AUTHORISED, State.SENT, State.DELAYED]
    changed = Proposal.objects.filter(pk=proposal.pk, state__in=waiting).update(state=State.EXECUTING)
    if changed:
        log.record(Event.EXECUTING, f"Executing: {proposal.sentence}", about=log.about_proposal(proposal))


@transaction.atomic(savepoint=False)
def record_delay(*, proposal: Proposal, due_at: datetime, receipt: log.Note) -> None:
    """Take over until when a node waits, by its verified answer, after the note of it.

    The caller has locked the proposal.
    """
    log.record_all([receipt])
    if proposal.state in RUNNING_STATES:
        _wait(proposal, due_at)


@transaction.atomic(savepoint=False)
def record_outcome(
    *, proposal: Proposal, outcome: Outcome, code: str, detail: str, left: int, receipt: log.Note
) -> bool:
    """Take over what a node's verified receipt says, after the note of it; whether that changed anything.

    The caller has locked the proposal. While steps are `left`, one that is done ends nothing. A refusal does
    not stand against a later outcome: a node refuses what it cannot do at the moment, too. Nor does an
    earlier one, come late, say what became of the indeterminate. What was closed while it waited, somebody
    has cancelled.
    """
    late = outcome is Outcome.REFUSED and proposal.state == State.INDETERMINATE
    if late or proposal.state not in (*RUNNING_STATES, State.INDETERMINATE, State.REFUSED):
        log.record_all([receipt])
        return False
    if outcome is Outcome.DONE and left:
        log.record_all([receipt])
        return _go_on(proposal)
    stopped = code == "closed" and proposal.state == State.DELAYED
    state, event = (State.CANCELLED, Event.CANCELLED) if stopped else _OUTCOMES[outcome]
    proposal.state, proposal.code, proposal.detail = state, code, detail
    proposal.finished_at = clock.now()
    proposal.save(update_fields=["state", "code", "detail", "finished_at"])
    ended = log.Note(event, f"{state.label}: {proposal.sentence}", receipt.about, details={"code": code})
    log.record_all([receipt, ended])
    return True


def _go_on(proposal: Proposal) -> bool:
    """Note that a step is done and others are not. One that was refused is still to be seen to."""
    if proposal.state not in RUNNING_STATES:
        return False
    proposal.state = State.EXECUTING
    proposal.save(update_fields=["state"])
    return True


def abandon(*, proposal: Proposal, by: Proposal, where: str) -> None:
    """Note that the rest of a proposal will never be: a quorum gave it up. In the caller's transaction."""
    proposal = lock_proposal(proposal)
    if proposal.state not in (*RUNNING_STATES, State.REFUSED, State.FAILED, State.INDETERMINATE):
        return
    proposal.state, proposal.code = State.FAILED, "abandoned"
    proposal.detail = f"Given up on {where}; what was done elsewhere stays."
    proposal.finished_at = clock.now()
    proposal.save(update_fields=["state", "code", "detail", "finished_at"])
    log.record(
        Event.FAILED,
        f"Abandoned: {proposal.sentence}",
        about=log.about_proposal(proposal),
        details={"by": by.id},
    )


@transaction.atomic
def send_again(*, proposal: Proposal, person: Person) -> None:
    """Send a warrant again that a node refused for a reason that has passed; nothing new is signed."""
    proposal = lock_proposal(proposal)
    expect_state(proposal, State.REFUSED)
    if proposal.requester_id != person.id and not proposal.approvals.filter(person=person).exists():
        raise NotAllowed("not-signer", "A warrant is sent again by someone who signed it.")
    begun = proposal.receipts.filter(outcome=Outcome.DONE.value).exists()
    if proposal.expires_at + timedelta(seconds=delay_for(proposal.document)) <= clock.now() and not begun:
        raise WrongState("expired", "The warrant has expired; propose it again.")
    proposal.state, proposal.finished_at = State.AUTHORISED, None
    proposal.save(update_fields=["state", "finished_at"])
    _set_off(proposal)


def _take_effect(proposal: Proposal) -> None:
    """Do in the console what no node does. If that is impossible, the last signature is not taken."""
    effect = EFFECTS.get(proposal.operation)
    try:
        if effect is not None:
            effect(proposal)
    except Refused as refused:
        raise WrongState(refused.code, f"This cannot take effect: {refused.message}") from None
    proposal.state, proposal.finished_at = State.DONE, clock.now()
    proposal.save(update_fields=["state", "finished_at"])
    log.record(Event.DONE, f"In force: {proposal.sentence}", about=log.about_proposal(proposal))
