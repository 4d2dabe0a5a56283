"""Suspending a token where it counts: on this console at once, and by a signed document on the nodes.

One person who could sign an amendment of a charter is enough, or the token's holder; a quorum lifts it
(`token.reinstate/v1`). The console's own part, which stops a token here, needs no signature.
"""

from collections.abc import Callable
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.documents import Assertion, SuspensionStatement
from hsmnodes.node.protocol.documents import Suspension as SuspensionDocument
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.suspensions import check_suspension, may_suspend
from tenants import access, charters, clock, inbox, log, tags, tokens, verdicts
from tenants.errors import NotAllowed, NotVisible, WrongState
from tenants.identifiers import new_id
from tenants.log import Event
from tenants.models import (
    RUNNING_STATES,
    CharterState,
    CharterVersion,
    Person,
    Proposal,
    State,
    Suspension,
    Token,
)

Hook = Callable[[Suspension], None]
_when_suspended: Final[list[Hook]] = []


def when_suspended(hook: Hook) -> None:
    """Have `hook` called in the transaction in which a suspension is taken."""
    _when_suspended.append(hook)


def visible_tokens(viewer: Person) -> QuerySet[Token]:
    """The tokens of people whom the viewer sees, and those in charters that the viewer stands in."""
    seen = access.visible_charters(viewer).filter(state=CharterState.IN_FORCE)
    mine = [charter for charter in map(charters.document_of, seen) if viewer.id in charter.persons]
    held = [credential for charter in mine for credential in charter.by_credential]
    among = Q(person__in=access.visible_people(viewer)) | Q(credential_id__in=held)
    return Token.objects.filter(among).select_related("person__organisation")


def where_it_counts(token: Token, viewer: Person) -> list[CharterVersion]:
    """The charters in force that have the token, as far as the viewer sees them."""
    seen = access.visible_charters(viewer).filter(state=CharterState.IN_FORCE).order_by("kind", "name")
    return [version for version in seen if token.credential_id in charters.document_of(version).by_credential]


def may_sign(version: CharterVersion, token: Token, person: Person) -> bool:
    """Whether the person's signature would suspend the token for the authority of a charter."""
    charter = charters.document_of(version)
    return person.id in charter.persons and (person == token.person or may_suspend(charter, person.id))


def draft_statement(*, token: Token, authority: str, by: Person, reason: str) -> SuspensionStatement:
    """What `by` is to sign. Raises NotVisible, NotAllowed and WrongState."""
    version = next((one for one in where_it_counts(token, by) if one.authority == authority), None)
    if version is None:
        raise NotVisible
    if not may_sign(version, token, by):
        raise NotAllowed(
            "not-entitled", f"Only who could sign an amendment of {version.name} suspends its tokens."
        )
    held = token.suspensions.filter(authority=authority, lifted_at=None).values_list(
        "statement_hash", flat=True
    )
    if any(not _is_being_lifted(one) for one in held):
        raise WrongState("suspended-already", f"It is suspended for {version.name} already.")
    charter = charters.document_of(version)
    return SuspensionStatement(
        deployment=charter.deployment,
        demo=charter.demo,
        authority=authority_at(charter),
        person=token.person.named(),
        credential_id=token.credential_id,
        by=by.named(),
        reason=reason,
        at=clock.unix_now(),
    )


def suspend(*, statement: bytes, assertion: Assertion, person: Person) -> Suspension:
    """Take a suspension that the person signed at the desk. Raises Refused and domain errors."""
    stated = SuspensionStatement.from_bytes(statement)
    document = SuspensionDocument(statement=canonical.b64u(statement), assertion=assertion)
    tokens.check_assertion(assertion, challenge=challenge(Purpose.SUSPEND, statement), person=person)
    token = Token.objects.filter(credential_id=stated.credential_id).first()
    if token is None:
        raise NotVisible
    versions = charters.that_were_in_force(stated.authority.id)[::-1]
    if not versions:
        raise NotVisible
    check_suspension(document, versions, suspended=_suspenders(stated.authority.id))
    with transaction.atomic():
        token = (
            Token.objects.select_for_update(of=("self",), no_key=True)
            .select_related("person__organisation")
            .get(pk=token.pk)
        )
        known = token.suspensions.filter(statement_hash=stated.sha256).first()
        if known is not None:
            return known
        made = Suspension.objects.create(
            id=new_id(),
            authority=stated.authority.id,
            kind=stated.authority.kind.value,
            name=stated.authority.name,
            token=token,
            by=person,
            reason=stated.reason,
            raw=document.raw,
            statement_hash=stated.sha256,
            at=clock.now(),
        )
        if token.suspended_at is None and tokens.may_suspend(person, token):
            tokens.stop_accepting(token=token, reason=stated.reason)
        log.alarm(
            Event.TOKEN_SUSPENDED,
            f"{person.name} suspended the token {token.label} of {stated.person.name} for {made.name}, "
            f"on HSMs too: {stated.reason}",
            about=log.about_within(token.person.organisation, "person", token.person_id),
            document=document.raw,
        )
        for hook in _when_suspended:
            hook(made)
    recount(token)
    return made


def lift(*, proposal: Proposal, statement: str) -> None:
    """Note that a quorum lifted a suspension, by the hash of its statement. In the caller's transaction."""
    held = Suspension.objects.filter(statement_hash=statement, lifted_at=None)
    for one in held.select_related("token"):
        one.lifted_at, one.lifted_by = clock.now(), proposal
        one.save(update_fields=["lifted_at", "lifted_by"])
        transaction.on_commit(lambda token=one.token: recount(token))


def _suspenders(authority: str) -> dict[str, set[str]]:
    """The credential ids that are suspended for an authority, with the ids of those who did it."""
    found: dict[str, set[str]] = {}
    held = Suspension.objects.filter(authority=authority, lifted_at=None)
    for credential, person in held.values_list("token__credential_id", "by"):
        found.setdefault(credential, set()).add(person)
    return found


def _is_being_lifted(statement: str) -> bool:
    """Whether a proposal to lift it is on its way: the token can be suspended once more meanwhile."""
    under_way = Proposal.objects.filter(
        operation=tags.REINSTATE_TOKEN, state__in=[State.PROPOSED, *RUNNING_STATES, State.REFUSED]
    )
    return any(one.document.parameters["statement"] == statement for one in under_way)


def in_force(authorities: list[str]) -> list[Suspension]:
    """The suspensions in force for these authorities."""
    return list(Suspension.objects.filter(authority__in=authorities, lifted_at=None).order_by("at", "id"))


def recount(token: Token) -> None:
    """Count open proposals anew that the token signed: its signature counts no more, or again."""
    signed = Proposal.objects.filter(state=State.PROPOSED, approvals__token=token).distinct()
    for proposal in signed:
        with transaction.atomic():
            locked = Proposal.objects.select_for_update(no_key=True).get(pk=proposal.pk)
            if locked.state != State.PROPOSED:
                continue
            standing = verdicts.standing_of(locked)
            locked.seats, locked.seats_filled = standing.seats, standing.seats - standing.missing
            locked.save(update_fields=["seats", "seats_filled"])
            inbox.refresh(locked, standing)
