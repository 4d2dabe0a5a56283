"""Organisations and people as they come in: added, invited, signed out."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from hsmnodes.node.protocol.documents.base import REASON_MAX, plain_text
from tenants import access, clock, log
from tenants.errors import Invalid, NotVisible, WrongState
from tenants.log import Event
from tenants.models import Invitation, Organisation, OrganisationKind, Person
from tenants.models.fields import NAME_MAX


@dataclass(frozen=True)
class Link:
    """A new invitation with the secret of its link, which is shown once and kept nowhere."""

    invitation: Invitation
    secret: str


def check_name(name: str) -> str:
    """`name` if documents can state it.

    Raises Invalid otherwise.
    """
    if not 1 <= len(name) <= NAME_MAX:
        raise Invalid("bad-name", f"A name has 1 to {NAME_MAX} characters.")
    try:
        return plain_text(name)
    except ValueError as error:
        raise Invalid("bad-name", f"This name cannot be used: {error}.") from None


def check_reason(reason: str) -> str:
    """The reason, if documents can state it. Raises Invalid."""
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= REASON_MAX:
        raise Invalid("bad-reason", f"Give a reason of 1 to {REASON_MAX} characters.")
    try:
        return plain_text(reason)
    except ValueError as error:
        raise Invalid("bad-reason", f"The reason cannot be signed: {error}.") from None


@transaction.atomic
def add_provider(*, name: str) -> Organisation:
    """Add a provider; only the commands on the console's own host do this."""
    return _add_organisation(kind=OrganisationKind.PROVIDER, name=name, provider=None, by=None)


@transaction.atomic
def add_customer(*, name: str, by: Person) -> Organisation:
    """Take on a customer of the provider of `by`."""
    access.require(
        access.may_onboard_customers(by),
        "Customers are taken on by a provider's administrators and officers.",
    )
    return _add_organisation(kind=OrganisationKind.CUSTOMER, name=name, provider=by.organisation, by=by)


@transaction.atomic
def add_person(*, organisation: Organisation, name: str, by: Person | None) -> Person:
    """Add a person to an organisation. `by` is None only for the first person of a deployment."""
    if by is not None:
        access.require(
            access.may_manage_people(by, organisation),
            "People are added by the organisation's security officers.",
        )
    try:
        with transaction.atomic():
            person = Person.objects.create(organisation=organisation, name=check_name(name))
    except IntegrityError:
        raise Invalid("name-taken", f"{organisation.name} has somebody with this name already.") from None
    log.record(
        Event.PERSON_ADDED,
        f"{person.name} was added to {organisation.name}.",
        about=log.about_within(organisation, "person", person.id),
        actor=by,
    )
    return person


@transaction.atomic
def invite_person(*, person: Person, by: Person | None) -> Link:
    """Make a one-time link by which `person` enrols a token; earlier links of theirs stop working."""
    if by is not None and by != person:
        access.require(
            access.may_manage_people(by, person.organisation),
            "Links are made by the organisation's security officers.",
        )
    moment = clock.now()
    person.invitations.filter(used_at=None, withdrawn_at=None).update(withdrawn_at=moment)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        person=person,
        secret_hash=_hash(secret),
        created_by=by,
        expires_at=moment + timedelta(seconds=settings.INVITATION_SECONDS),
    )
    log.record(
        Event.PERSON_INVITED,
        f"{person.name} was invited to enrol a token.",
        about=log.about_within(person.organisation, "person", person.id),
        actor=by,
    )
    return Link(invitation, secret)


def find_invitation(secret: str) -> Invitation:
    """The invitation whose link has this secret, if it can still be used.

    Raises NotVisible if there is none; WrongState if it was used, withdrawn or is too old.
    """
    invitation = (
        Invitation.objects.select_related("person__organisation").filter(secret_hash=_hash(secret)).first()
    )
    if invitation is None:
        raise NotVisible("This link is not known.")
    if invitation.used_at or invitation.withdrawn_at or invitation.expires_at <= clock.now():
        raise WrongState(
            "invitation-spent",
            "This link was used already or is too old. Ask for a new one; nothing was done.",
        )
    return invitation


@transaction.atomic
def sign_out_everywhere(*, person: Person, by: Person) -> None:
    """End every session of `person`: their own wish, or their organisation's security officers'."""
    if by != person:
        access.require(
            access.may_manage_people(by, person.organisation),
            "Others are signed out by the organisation's security officers.",
        )
    Person.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    log.record(
        Event.SIGNED_OUT_EVERYWHERE,
        f"{person.name} was signed out everywhere.",
        about=log.about_within(person.organisation, "person", person.id),
        actor=by,
    )


def _add_organisation(
    *, kind: OrganisationKind, name: str, provider: Organisation | None, by: Person | None
) -> Organisation:
    try:
        with transaction.atomic():
            organisation = Organisation.objects.create(kind=kind, name=check_name(name), provider=provider)
    except IntegrityError:
        raise Invalid("name-taken", "There is an organisation with this name already.") from None
    log.record(
        Event.ORGANISATION_ADDED,
        f"The {kind.value} {organisation.name} was added.",
        about=log.about_organisation(organisation),
        actor=by,
    )
    return organisation


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
