"""Appending to the log: one entry after the other, each with the hash of the one before.

Appends take turns on the deployment's row, so that the chain has no gap and no fork; lock what an entry is
about before logging it, never after.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django.db import transaction

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.canonical import JSON
from tenants import clock, deployment
from tenants.models import Deployment, LogEntry, Organisation, Person, Program, Proposal, Severity

BEGINNING = "0" * 64


class Event(StrEnum):
    """What happened. Never renamed, never reused."""

    ORGANISATION_ADDED = "organisation.added"
    PERSON_ADDED = "person.added"
    PERSON_INVITED = "person.invited"
    TOKEN_ENROLLED = "token.enrolled"  # noqa: S105 - an event
    SHARE_KEY_MADE = "token.share-key-made"
    TOKEN_SUSPENDED = "token.suspended"  # noqa: S105
    TOKEN_CLEARED = "token.cleared"  # noqa: S105
    APPLICATION_SUSPENDED = "application.suspended"
    SIGNED_IN = "session.signed-in"
    SIGNED_OUT = "session.signed-out"
    SIGNED_OUT_EVERYWHERE = "session.signed-out-everywhere"
    PROGRAM_REGISTERED = "program.registered"
    PROGRAM_REVOKED = "program.revoked"
    ZONE_DRAFTED = "zone.drafted"
    CHARTER_DRAFTED = "charter.drafted"
    CHARTER_SIGNED = "charter.signed"
    CHARTER_IN_FORCE = "charter.in-force"
    CHARTER_DISCARDED = "charter.discarded"
    STATEMENT_DRAWN_UP = "statement.drawn-up"
    STATEMENT_SIGNED = "statement.signed"
    PROPOSAL_DRAFTED = "proposal.drafted"
    PROPOSED = "proposal.proposed"
    APPROVED = "proposal.approved"
    REJECTED = "proposal.rejected"
    CANCELLED = "proposal.cancelled"
    EXPIRED = "proposal.expired"
    AUTHORISED = "proposal.authorised"
    SENT = "proposal.sent"
    DELAYED = "proposal.delayed"
    EXECUTING = "proposal.executing"
    DONE = "proposal.done"
    REFUSED = "proposal.refused"
    FAILED = "proposal.failed"
    INDETERMINATE = "proposal.indeterminate"
    CEREMONY_OPENED = "ceremony.opened"
    SHARE_CONTRIBUTED = "ceremony.share-contributed"
    SHARE_TAKEN = "ceremony.share-taken"
    SHARE_REFUSED = "ceremony.share-refused"
    ZONE_FOUNDED = "zone.founded"
    ZONE_HANDED_OVER = "zone.handed-over"
    BACKUP_UPLOADED = "zone.backup-uploaded"
    NODE_REGISTERED = "node.registered"
    RECEIPT = "node.receipt"
    MESSAGE_REFUSED = "node.message-refused"
    JOURNAL_WENT_BACK = "node.journal-went-back"
    SECRET_LEAKED = "desk.secret-leaked"  # noqa: S105
    WEBHOOK_ADDED = "webhook.added"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_ENABLED = "webhook.enabled"
    MODELS_LOADED = "token-models.loaded"
    MODEL_COMPROMISED = "token-models.compromised"
    MAIL_ADDRESS_CHANGED = "person.mail-address-changed"


Hook = Callable[[Sequence[LogEntry]], None]
_when_recorded: Final[list[Hook]] = []


def when_recorded(hook: Hook) -> None:
    """Have `hook` called with new entries, in the transaction in which they are appended."""
    _when_recorded.append(hook)


@dataclass(frozen=True)
class About:
    """What an entry is about and whom it concerns; names stand beside ids."""

    kind: str = ""
    id: str = ""
    provider: str = ""
    customer: str = ""


def about_organisation(organisation: Organisation) -> About:
    """An entry about an organisation itself."""
    return about_within(organisation, "organisation", organisation.id)


def about_within(organisation: Organisation, kind: str, subject: str) -> About:
    """An entry about something of one organisation; its provider sees it too."""
    if organisation.is_provider:
        return About(kind, subject, organisation.id)
    return About(kind, subject, organisation.provider_id, organisation.id)


def about_proposal(proposal: Proposal) -> About:
    """An entry about a proposal."""
    return About("proposal", proposal.id, proposal.provider_id, proposal.customer_id or "")


@dataclass(frozen=True)
class Note:
    """An entry to be. `document` are the exact bytes it is about."""

    event: Event
    summary: str
    about: About = About()
    actor: Person | Program | None = None
    document: bytes = b""
    details: Mapping[str, JSON] = field(default_factory=dict)
    severity: Severity = Severity.INFO


def record(
    event: Event,
    summary: str,
    *,
    about: About | None = None,
    actor: Person | Program | None = None,
    document: bytes = b"",
    details: Mapping[str, JSON] | None = None,
    severity: Severity = Severity.INFO,
) -> LogEntry:
    """Append one entry, in the caller's transaction. `document` are the exact bytes it is about."""
    note = Note(event, summary, about or About(), actor, document, details or {}, severity)
    return record_all([note])[0]


def record_all(notes: Sequence[Note]) -> list[LogEntry]:
    """Append entries in this order, in the caller's transaction."""
    with transaction.atomic(savepoint=False):
        if Deployment.objects.select_for_update(no_key=True).first() is None:
            deployment.current()
        last = LogEntry.objects.order_by("-sequence").only("sequence", "hash").first()
        at, entries = clock.unix_now(), []
        for note in notes:
            last = _entry(note, last, at)
            entries.append(last)
        LogEntry.objects.bulk_create(entries)
        for hook in _when_recorded:
            hook(entries)
        return entries


def _entry(note: Note, last: LogEntry | None, at: int) -> LogEntry:
    sequence = last.sequence + 1 if last else 1
    raw = canonical.encode(
        {
            "type": "quorate/log-entry/v1",
            "sequence": sequence,
            "previous": last.hash if last else BEGINNING,
            "at": at,
            "event": note.event.value,
            "severity": note.severity.value,
            "summary": note.summary,
            "actor": {"id": note.actor.id, "name": note.actor.name} if note.actor else None,
            "subject": {"kind": note.about.kind, "id": note.about.id},
            "provider": note.about.provider,
            "customer": note.about.customer,
            "document": canonical.sha256_hex(note.document) if note.document else None,
            "details": dict(note.details),
        }
    )
    return LogEntry(
        sequence=sequence,
        raw=raw,
        hash=canonical.sha256_hex(raw),
        document=note.document,
        at=clock.from_unix(at),
        event=note.event.value,
        severity=note.severity,
        summary=note.summary,
        actor=note.actor.id if note.actor else "",
        actor_name=note.actor.name if note.actor else "",
        provider=note.about.provider,
        customer=note.about.customer,
        subject_kind=note.about.kind,
        subject=note.about.id,
    )


def alarm(
    event: Event, summary: str, *, about: About | None = None, document: bytes = b"", **details: JSON
) -> LogEntry:
    """Append an entry that somebody has to look at."""
    return record(event, summary, about=about, document=document, details=details, severity=Severity.ALARM)


@dataclass(frozen=True)
class Flaw:
    """Where the log does not hold together."""

    sequence: int
    message: str


def verify() -> Iterator[Flaw]:
    """Walk the whole log and say where it does not hold together (nothing, if it does)."""
    previous, expected = BEGINNING, 1
    for entry in LogEntry.objects.order_by("sequence").iterator():
        if entry.sequence != expected:
            yield Flaw(entry.sequence, f"Entry {expected} is missing.")
        if canonical.sha256_hex(bytes(entry.raw)) != entry.hash:
            yield Flaw(entry.sequence, "The entry was altered.")
        else:
            yield from _flaws(entry, previous)
        previous, expected = entry.hash, entry.sequence + 1


def _flaws(entry: LogEntry, previous: str) -> Iterator[Flaw]:
    """Where the columns of an entry do not say what its bytes, which were hashed, say."""
    content = json.loads(bytes(entry.raw))
    document = bytes(entry.document)
    if content["previous"] != previous:
        yield Flaw(entry.sequence, "The entry does not follow the one before.")
    if content["document"] != (canonical.sha256_hex(document) if document else None):
        yield Flaw(entry.sequence, "The document of the entry was altered.")
    columns: dict[str, object] = {
        "sequence": entry.sequence,
        "event": entry.event,
        "summary": entry.summary,
    }
    columns |= {"severity": entry.severity, "provider": entry.provider, "customer": entry.customer}
    columns["subject"] = {"kind": entry.subject_kind, "id": entry.subject}
    actor = {"id": entry.actor, "name": entry.actor_name}
    columns["actor"] = actor if any(actor.values()) else None
    same = all(content[name] == value for name, value in columns.items())
    if not same or clock.from_unix(content["at"]) != entry.at:
        yield Flaw(entry.sequence, "The entry is not what its bytes say.")
