"""What of the log people are told: every entry of these events, and every alarm, is an occasion."""

from collections.abc import Mapping, Sequence
from typing import Final

from tenants import clock, log, tags
from tenants.log import Event
from tenants.models import LogEntry, Occasion, Proposal, Severity
from tenants.notices import kinds, occasions

EVENTS: Final[Mapping[Event, str]] = {
    Event.APPROVED: kinds.PROPOSAL_SIGNED,
    Event.REJECTED: kinds.PROPOSAL_CLOSED,
    Event.CANCELLED: kinds.PROPOSAL_CLOSED,
    Event.EXPIRED: kinds.PROPOSAL_CLOSED,
    Event.DELAYED: kinds.PROPOSAL_DELAYED,
    Event.DONE: kinds.PROPOSAL_DONE,
    Event.REFUSED: kinds.PROPOSAL_FAILED,
    Event.FAILED: kinds.PROPOSAL_FAILED,
    Event.INDETERMINATE: kinds.PROPOSAL_FAILED,
    Event.CHARTER_DRAFTED: kinds.CHARTER_WAITING,
    Event.CHARTER_IN_FORCE: kinds.CHARTER_CHANGED,
    Event.ZONE_HANDED_OVER: kinds.CHARTER_CHANGED,
    Event.STATEMENT_SIGNED: kinds.STATEMENT_SIGNED,
    Event.CEREMONY_OPENED: kinds.CEREMONY_WAITING,
    Event.TOKEN_SUSPENDED: kinds.TOKEN_SUSPENDED,
    Event.APPLICATION_SUSPENDED: kinds.APPLICATION_SUSPENDED,
    Event.MODEL_COMPROMISED: kinds.MODEL_COMPROMISED,
    Event.WEBHOOK_DISABLED: kinds.WEBHOOK_DISABLED,
}
RECOVERIES: Final = frozenset({tags.IMPORT_BACKUP_KEY, tags.RECOVER_CHARTER})
"""Operations that rebuild what is lost: their being proposed is told to everyone concerned."""


def register() -> None:
    """Stand in the log's hook; called once, when the app is ready."""
    log.when_recorded(note_entries)


def note_entries(entries: Sequence[LogEntry]) -> None:
    """Note what of these new entries people are to be told."""
    occasions.note_all(
        Occasion(
            key=_key(entry, event),
            event=event,
            summary=entry.summary,
            subject_kind=entry.subject_kind,
            subject=entry.subject,
            provider=entry.provider,
            customer=entry.customer,
            actor=entry.actor,
            at=entry.at,
            next_at=clock.now(),
        )
        for entry in entries
        if (event := _event(entry))
    )


def _event(entry: LogEntry) -> str:
    """What an entry is told as; nothing, if it is not told."""
    known = EVENTS.get(Event(entry.event), "")
    if known:
        return known
    if entry.event == Event.PROPOSED and _is_recovery(entry.subject):
        return kinds.RECOVERY_BEGUN
    return kinds.ALARM_RAISED if entry.severity == Severity.ALARM else ""


def _is_recovery(proposal: str) -> bool:
    return Proposal.objects.filter(pk=proposal, operation__in=RECOVERIES).exists()


def _key(entry: LogEntry, event: str) -> str:
    """An entry is told once. Of a flood of alarms about one thing, one an hour is: the log has them all."""
    if event == kinds.ALARM_RAISED:
        return f"{entry.event}:{entry.subject}:{entry.at:%Y-%m-%dT%H}"
    return f"log:{entry.sequence}"
