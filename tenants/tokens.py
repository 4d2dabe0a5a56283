"""Tokens of people as this console admits and accepts them.

Whether a signature counts is decided by charters (hsmnodes/node/protocol/quorum.py). Here stands what the
console itself adds: a suspended token is not accepted, a simulated one only in a demo, and a counter that
goes back suspends the token until people clear it.
"""

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from hsmnodes.node.protocol.documents import Assertion, ShareKey, ShareKeyStatement
from hsmnodes.node.protocol.documents import Token as TokenDocument
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.purposes import challenge as challenge_of
from hsmnodes.node.protocol.webauthn import verify_assertion
from tenants import access, clock, deployment, log
from tenants.admission import check_admission
from tenants.errors import Invalid, SignatureNotAccepted, WrongState
from tenants.log import Event
from tenants.models import Invitation, Person, Suspension, Token


@transaction.atomic
def enrol_token(*, person: Person, token: TokenDocument, invitation: Invitation | None) -> Token:
    """Admit a token that was just created at the desk for `person`, by a link or in a session of theirs."""
    check_admission(person, token)
    if invitation is not None:
        used = Invitation.objects.filter(pk=invitation.pk, used_at=None, withdrawn_at=None)
        if not used.update(used_at=clock.now()):
            raise WrongState("invitation-spent", "This link was used already. Nothing was done.")
    try:
        with transaction.atomic():
            admitted = Token.objects.create(
                person=person,
                credential_id=token.credential_id,
                algorithm=token.algorithm,
                public_key=token.public_key,
                label=token.label,
                aaguid=token.aaguid,
                attestation_format=token.attestation.format,
                attestation_trusted=token.attestation.trusted,
                backup_eligible=token.backup_eligible,
                simulated=token.simulated,
            )
    except IntegrityError:
        raise Invalid("token-taken", "This token, or a token with this label, is enrolled already.") from None
    log.record(
        Event.TOKEN_ENROLLED,
        f"{person.name} enrolled the token {token.label}.",
        about=log.about_within(person.organisation, "person", person.id),
        actor=person,
        details={"token": token.model_dump(mode="json")},
    )
    return admitted


def check_assertion(
    assertion: Assertion, *, challenge: bytes, person: Person | None = None, stops: bool = False
) -> Token:
    """The token that made `assertion` over `challenge` at this console's desk, if the console accepts it.

    Where `person` is known, it must be theirs. That is asked before anything else: signatures are shown to
    everyone concerned, and whoever handed in another's once more would have its counter suspend that token.
    One that is suspended is accepted for what only `stops` something.
    Not to be called in a transaction: a counter that went back suspends the token for good, and then raises.
    Raises SignatureNotAccepted.
    """
    token = (
        Token.objects.select_related("person__organisation")
        .filter(credential_id=assertion.credential_id)
        .first()
    )
    if token is None:
        raise SignatureNotAccepted("unknown-token", "This token is not known here.")
    if person is not None and token.person_id != person.id:
        raise SignatureNotAccepted(
            "other-person",
            f"This is somebody else's token, and it is {person.name} who is signed in. Nothing was signed.",
        )
    if token.suspended_at is not None and not stops:
        raise SignatureNotAccepted(
            "suspended-token", f"The token {token.label} is suspended; a security officer can clear it."
        )
    if token.simulated and not deployment.current().demo:
        raise SignatureNotAccepted("simulated", "A simulated token is accepted only in a demo.")
    try:
        counter = verify_assertion(
            assertion, challenge=challenge, token=token.document(), desk=deployment.desk()
        )
    except Refused as refusal:
        raise SignatureNotAccepted(refusal.code, refusal.message) from None
    _note_use(token, counter)
    return token


def keep_share_key(*, person: Person, share_key: ShareKey) -> Token:
    """Keep the share key that one of the person's tokens made and certified at the desk.

    It counts once a charter has admitted it. Raises SignatureNotAccepted; Invalid for what is not of this
    deployment or person.
    """
    stated, here = share_key.stated, deployment.current()
    token = check_assertion(
        share_key.assertion, challenge=challenge_of(Purpose.SHARE_KEY, stated.raw), person=person
    )
    if (stated.deployment, stated.demo) != (here.id, here.demo):
        raise Invalid("other-deployment", "The share key was made for another deployment.")
    if (stated.person, stated.credential_id) != (person.named(), token.credential_id):
        raise Invalid("other-person", "The share key names another person or token.")
    known = token.share_key_document
    if known is not None and _same_key(known.stated, stated):
        return token
    with transaction.atomic():
        Token.objects.filter(pk=token.pk).update(share_key=share_key.model_dump(mode="json"))
        log.record(
            Event.SHARE_KEY_MADE,
            f"{person.name} made a share key with the token {token.label}, {_KEPT[stated.kept]}.",
            about=log.about_within(person.organisation, "person", person.id),
            actor=person,
            document=stated.raw,
            details={"token": token.id},
        )
    return token


_KEPT = {
    "token": "which computes it each time",
    "file": "and keeps it in an encrypted file",
    "sheet": "and keeps it on a printed sheet",
}


def _same_key(one: ShareKeyStatement, other: ShareKeyStatement) -> bool:
    return (one.public_key, one.kept) == (other.public_key, other.kept)


def not_counting(credentials: Collection[str], authorities: Collection[str]) -> frozenset[str]:
    """Those of some credential ids that do not count for these authorities.

    This console takes no signature of them, or they were suspended for one of the authorities, or by their
    holders' own organisations.
    """
    known = Token.objects.filter(credential_id__in=list(credentials))
    for_one = Q(authority__in=list(authorities)) | Q(authority=F("token__person__organisation"))
    held = Suspension.objects.filter(for_one, token__in=known, lifted_at=None)
    found = known.filter(Q(suspended_at__isnull=False) | Q(pk__in=held.values("token")))
    return frozenset(found.values_list("credential_id", flat=True))


def may_suspend(person: Person, token: Token) -> bool:
    """Whether a person's word is enough for this console to stop accepting a token."""
    return person == token.person or access.may_manage_people(person, token.person.organisation)


@transaction.atomic
def suspend_token(*, token: Token, reason: str, by: Person | None) -> None:
    """Stop accepting a token on this console until it is cleared. One security officer is enough."""
    if by is not None:
        access.require(
            may_suspend(by, token),
            "Tokens are suspended by their holder or the organisation's security officers.",
        )
    stop_accepting(token=token, reason=reason)
    log.alarm(
        Event.TOKEN_SUSPENDED,
        f"The token {token.label} of {token.person.name} was suspended: {reason}",
        about=log.about_within(token.person.organisation, "person", token.person_id),
        by=by.id if by else None,
    )


def stop_accepting(*, token: Token, reason: str) -> None:
    """Have a token do nothing on this console any more; whoever calls has it logged."""
    Token.objects.filter(pk=token.pk).update(suspended_at=clock.now(), suspended_reason=reason)


@transaction.atomic
def clear_token(*, token: Token, by: Person) -> None:
    """Accept a suspended token again: a security officer other than its holder says so."""
    access.require(
        by != token.person and access.may_manage_people(by, token.person.organisation),
        "A token is cleared by a security officer of the organisation who is not its holder.",
    )
    held = token.suspensions.filter(lifted_at=None).first()
    if held is not None:
        raise WrongState("suspended-on-hsms", f"A quorum of {held.name} reinstates it first: propose that.")
    Token.objects.filter(pk=token.pk).update(suspended_at=None, suspended_reason="", counter=0)
    log.record(
        Event.TOKEN_CLEARED,
        f"The token {token.label} of {token.person.name} is accepted again.",
        about=log.about_within(token.person.organisation, "person", token.person_id),
        actor=by,
    )


def _note_use(token: Token, counter: int) -> None:
    """Remember the counter; one that does not rise is a sign of a copy (WebAuthn Level 3 section 7.2, 22)."""
    with transaction.atomic():
        known = Token.objects.select_for_update(no_key=True).get(pk=token.pk)
        went_back = (counter or known.counter) and counter <= known.counter
        if went_back:
            reason = f"Its counter went back from {known.counter} to {counter}: there may be a copy of it."
            suspend_token(token=token, reason=reason, by=None)
        else:
            Token.objects.filter(pk=token.pk).update(counter=counter, last_used_at=clock.now())
    if went_back:
        raise SignatureNotAccepted(
            "counter-went-back",
            f"The token {token.label} was suspended, because its counter went back. Nothing was signed with "
            "it; a security officer can clear it.",
        )
