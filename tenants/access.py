"""Who sees what, and who may do what. Stated here alone.

Everything is asked of an organisation's people by explicit querysets (`visible_…`) and gates (`get_…`,
`require_…`). A stranger gets NotVisible (404), who sees but may not gets NotAllowed (403). Duties come from
the charters in force; there is no superuser.

A provider sees the customers it has taken on, read-only; a customer sees itself and, of its provider, the
name, the nodes its services are on, and the proposals that concern it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from hsmnodes.node.protocol.documents import Role
from tenants.analysis.humans import has_duty
from tenants.errors import NotAllowed, NotVisible
from tenants.models import (
    AuthorityChoices,
    CharterState,
    CharterVersion,
    LogEntry,
    Organisation,
    Person,
    Program,
    Proposal,
    Service,
    State,
    Statement,
    TrustZone,
    Webhook,
)


@dataclass(frozen=True)
class AnyoneOf:
    """Whoever belongs to an organisation: for what goes to it as a whole, and needs no duty there."""

    organisation: Organisation


# A program sees what a person of its organisation sees.
Viewer = Person | Program | AnyoneOf
M = TypeVar("M", bound=Model)


# ------------------------------------------------------------------ what is visible


def visible_organisations(viewer: Viewer) -> QuerySet[Organisation]:
    """Their own; a provider's customers; a customer's provider."""
    own = viewer.organisation
    return Organisation.objects.filter(Q(pk=own.pk) | Q(provider=own) | Q(pk=own.provider_id))


def visible_people(viewer: Viewer) -> QuerySet[Person]:
    """The people of their own organisation and, for a provider, of its customers."""
    own = viewer.organisation
    return Person.objects.filter(Q(organisation=own) | Q(organisation__provider=own))


def visible_programs(viewer: Viewer) -> QuerySet[Program]:
    """The programs of their own organisation."""
    return Program.objects.filter(organisation=viewer.organisation)


def visible_services(viewer: Viewer) -> QuerySet[Service]:
    """Services given or taken by their organisation."""
    own = viewer.organisation
    return Service.objects.filter(Q(provider=own) | Q(customer=own))


def visible_statements(viewer: Viewer) -> QuerySet[Statement]:
    """Statements of the duties in those services, drawn up and signed."""
    return Statement.objects.filter(service__in=visible_services(viewer))


def visible_zones(viewer: Viewer) -> QuerySet[TrustZone]:
    """Zones of those services."""
    own = viewer.organisation
    return TrustZone.objects.filter(Q(service__provider=own) | Q(service__customer=own))


def visible_charters(viewer: Viewer) -> QuerySet[CharterVersion]:
    """Charters of the organisations and zones they see. Another organisation's drafts are its own."""
    settled = Q(state__in=[CharterState.IN_FORCE, CharterState.SUPERSEDED])
    of_organisations = Q(organisation__in=visible_organisations(viewer)) & ~Q(kind=AuthorityChoices.ZONE)
    return CharterVersion.objects.filter(
        of_organisations & (settled | Q(organisation=viewer.organisation)) | Q(zone__in=visible_zones(viewer))
    )


def visible_proposals(viewer: Viewer) -> QuerySet[Proposal]:
    """Proposals that concern their organisation. One column decides, so that an index can."""
    own = viewer.organisation
    if own.is_provider:
        return Proposal.objects.filter(provider=own)
    return Proposal.objects.filter(customer=own)


def listed_proposals(viewer: Viewer, among: QuerySet[Proposal] | None = None) -> QuerySet[Proposal]:
    """Those of them (or of `among`) that stand in lists: other people's drafts do not."""
    own = Q(requester=viewer) if isinstance(viewer, Person) else Q(program=viewer)
    found = visible_proposals(viewer) if among is None else among
    return found.filter(~Q(state=State.DRAFT) | own)


def visible_log(viewer: Viewer) -> QuerySet[LogEntry]:
    """Log entries that concern their organisation."""
    own = viewer.organisation
    return (
        LogEntry.objects.filter(provider=own.id)
        if own.is_provider
        else LogEntry.objects.filter(customer=own.id)
    )


def visible_webhooks(viewer: Viewer) -> QuerySet[Webhook]:
    """For those who manage an organisation's people, its webhooks: their addresses are not for everyone."""
    own = viewer.organisation
    if isinstance(viewer, Person) and may_manage_people(viewer, own):
        return Webhook.objects.filter(organisation=own)
    return Webhook.objects.none()


def get_visible(visible: QuerySet[M], key: object) -> M:
    """The one with this primary key.

    Raises NotVisible if there is none, or none for whom the queryset was made.
    """
    found = visible.filter(pk=key).first()
    if found is None:
        raise NotVisible
    return found


# ------------------------------------------------------------------ duties


def charter_in_force(authority: str) -> CharterVersion | None:
    """The charter in force of the organisation or zone with this id."""
    return CharterVersion.objects.filter(authority=authority, state=CharterState.IN_FORCE).first()


def roles_in(person: Person, authority: str) -> frozenset[Role]:
    """The roles the charter in force of an organisation or zone gives the person."""
    charter = charter_in_force(authority)
    if charter is None or person.id not in charter.document.persons:
        return frozenset()
    return frozenset(charter.document.persons[person.id].roles)


def roles_of(person: Person) -> frozenset[Role]:
    """The roles the charter in force of the person's own organisation gives them."""
    return roles_in(person, person.organisation_id)


def is_being_founded(organisation: Organisation) -> bool:
    """Whether the organisation has no charter yet, so that all its people may prepare one."""
    return charter_in_force(organisation.id) is None


def may_manage_people(person: Person, organisation: Organisation) -> bool:
    """Security officers manage the people and tokens of their own organisation.

    While an organisation has no charter, its own people do; and until it has people, those of its provider
    who manage people there.
    """
    if person.organisation_id == organisation.id:
        return is_being_founded(organisation) or Role.SECURITY_OFFICER in roles_of(person)
    return (
        organisation.provider_id == person.organisation_id
        and is_being_founded(organisation)
        and may_manage_people(person, person.organisation)
    )


def may_onboard_customers(person: Person) -> bool:
    """HSM administrators and security officers of a provider take on customers."""
    if not person.organisation.is_provider:
        return False
    duties = {Role.HSM_ADMINISTRATOR, Role.SECURITY_OFFICER}
    return is_being_founded(person.organisation) or bool(duties & roles_of(person))


def may_manage_nodes(person: Person, provider: Organisation) -> bool:
    """HSM administrators register data centres and nodes of their own provider."""
    return person.organisation_id == provider.id and Role.HSM_ADMINISTRATOR in roles_of(person)


def may_propose(person: Person, authorities: Iterable[str]) -> bool:
    """Who may request: the people with a duty (not auditors) under a charter whose consent is needed."""
    return any(has_duty(roles_in(person, authority)) for authority in authorities)


def only_reads(person: Person) -> bool:
    """Whether the charter in force of the person's own organisation has them audit, and nothing else."""
    return roles_of(person) == {Role.AUDITOR}


def require(allowed: bool, message: str) -> None:
    """Raise NotAllowed with `message` unless `allowed`."""
    if not allowed:
        raise NotAllowed("not-allowed", message)
