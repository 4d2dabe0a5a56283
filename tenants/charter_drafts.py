"""Drafting charters: from people and duties to the bytes that those people will sign."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from pydantic import ValidationError

from hsmnodes.node.protocol.charters import Conflict, conflicts
from hsmnodes.node.protocol.consistency import unsatisfiable
from hsmnodes.node.protocol.control import OutOfControl, out_of_control, side_in_control
from hsmnodes.node.protocol.documents import (
    Authority,
    AuthorityKind,
    Charter,
    Group,
    Recovery,
    Role,
    Rule,
    TokenRules,
    ZoneTerms,
)
from hsmnodes.node.protocol.documents import Person as CharterPerson
from hsmnodes.node.protocol.documents.base import refusal
from hsmnodes.node.protocol.token_rules import why_not
from tenants import access, charters, clock, deployment, log
from tenants.analysis.default_rules import model_of, rules_of, token_rules
from tenants.errors import Invalid, WrongState
from tenants.exclusive import check_alone
from tenants.log import About, Event
from tenants.models import (
    CharterState,
    CharterVersion,
    Organisation,
    Person,
    Service,
    Token,
    TrustZone,
)
from tenants.people import check_name

VALIDITY_DAYS = 365


@dataclass(frozen=True)
class Duty:
    """A person as a charter is to hold them: with all their tokens that are not suspended."""

    person: Person
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Terms:
    """What a charter is to say beside its people; rules default to those of the operations.

    With `leave_out`, tokens that `token_rules` do not accept are left out of it, instead of spoiling it.
    """

    rules: tuple[Rule, ...] | None = None
    groups: tuple[Group, ...] = ()
    token_rules: TokenRules = field(default_factory=token_rules)
    leave_out: bool = False
    days: int = VALIDITY_DAYS
    recovery: Recovery | None = None


DEFAULT_TERMS = Terms()


class Unsatisfiable(Invalid):
    """Rules ask for more people than there are. `operations` are the tags of theirs."""

    def __init__(self, operations: Sequence[str]) -> None:
        super().__init__("unsatisfiable", f"Too few people could sign for {', '.join(operations)}.")
        self.operations = tuple(operations)


class Uncontrolled(Invalid):
    """A zone would not be controlled by the side that is named: by somebody in it, or by rules."""

    def __init__(self, found: OutOfControl) -> None:
        super().__init__(found.code, found.message)
        self.person, self.operations = found.person, found.operations


class Conflicting(Invalid):
    """Duties that must be apart are in one hand. `people` says of each, by name, what is wrong."""

    def __init__(self, found: Sequence[Conflict]) -> None:
        super().__init__("duties-apart", found[0].message)
        self.people = {one.person: one.message for one in found}


@transaction.atomic
def draft_founding(
    *, organisation: Organisation, duties: Sequence[Duty], by: Person, terms: Terms = DEFAULT_TERMS
) -> CharterVersion:
    """Draft the founding charter of an organisation. Its people sign it next."""
    access.require(
        by.organisation_id == organisation.id and access.is_being_founded(organisation),
        "A founding charter is drafted by the organisation's own people, once.",
    )
    kind = AuthorityKind.PROVIDER if organisation.is_provider else AuthorityKind.CUSTOMER
    document = _build(
        authority=Authority(kind=kind, id=organisation.id, name=organisation.name),
        duties=duties,
        terms=terms,
    )
    return _save(document, organisation=organisation, zone=None, by=by)


@transaction.atomic
def draft_zone(
    *,
    service: Service,
    name: str,
    controller: str,
    duties: Sequence[Duty],
    by: Person,
    terms: Terms = DEFAULT_TERMS,
) -> CharterVersion:
    """Draft a Trust Zone and its founding charter: its people sign that, then `zone.found` is proposed."""
    access.require(
        access.may_propose(by, [service.customer_id])
        or (by.id in {duty.person.id for duty in duties} and not access.only_reads(by)),
        "A zone is drafted by people with a duty of the customer, or by those who will hold duties in it.",
    )
    check_alone(service)
    try:
        with transaction.atomic():
            zone = TrustZone.objects.create(service=service, name=check_name(name), controller=controller)
    except IntegrityError:
        raise Invalid("name-taken", f"{service.name} has a zone with this name already.") from None
    log.record(
        Event.ZONE_DRAFTED,
        f"The zone {zone.name} was drafted in {service.name}.",
        about=About("zone", zone.id, service.provider_id, service.customer_id),
        actor=by,
    )
    return draft_zone_charter(zone=zone, duties=duties, by=by, terms=terms)


@transaction.atomic
def draft_zone_charter(
    *, zone: TrustZone, duties: Sequence[Duty], by: Person, terms: Terms = DEFAULT_TERMS
) -> CharterVersion:
    """Draft the founding charter of a zone that is not founded yet (again, after one was given up)."""
    service = zone.service
    if zone.founded_at is not None:
        raise WrongState(
            "founded-already", "This zone is founded; its charter is amended, not founded again."
        )
    document = _build(
        authority=Authority(kind=AuthorityKind.ZONE, id=zone.id, name=zone.name),
        duties=duties,
        terms=terms,
        zone=ZoneTerms(
            service=service.named(),
            provider=service.provider.named(),
            customer=service.customer.named(),
            controller="customer" if zone.controller == "customer" else "provider",
        ),
    )
    return _save(document, organisation=service.customer, zone=zone, by=by)


@transaction.atomic
def draft_amendment(
    *,
    current: CharterVersion,
    duties: Sequence[Duty],
    by: Person,
    terms: Terms | None = None,
    controller: str = "",
) -> CharterVersion:
    """Draft the next version of a charter in force. New tokens sign it, then `charter.amend` is proposed."""
    document = compose_amendment(current=current, duties=duties, by=by, terms=terms, controller=controller)
    return _save(document, organisation=current.organisation, zone=current.zone, by=by)


def compose_amendment(
    *,
    current: CharterVersion,
    duties: Sequence[Duty],
    by: Person,
    terms: Terms | None = None,
    controller: str = "",
) -> Charter:
    """What the next version of a charter in force would say, for review; nothing is drafted.

    `controller` is the side that is to control a zone from then on, if it is to be another.
    """
    access.require(
        access.may_propose(by, [current.authority]),
        "An amendment is drafted by people with a duty in the charter.",
    )
    if current.state != CharterState.IN_FORCE:
        raise WrongState("not-in-force", "Only the charter in force can be amended.")
    before = charters.document_of(current)
    zone = before.zone
    if zone is not None and controller:
        zone = ZoneTerms.model_validate(zone.model_dump() | {"controller": controller})
    return _build(
        authority=before.authority,
        duties=duties,
        terms=terms or Terms(before.rules, before.groups, before.token_rules, recovery=before.recovery),
        zone=zone,
        previous=before,
    )


def _build(
    *,
    authority: Authority,
    duties: Sequence[Duty],
    terms: Terms,
    zone: ZoneTerms | None = None,
    previous: Charter | None = None,
) -> Charter:
    here, now = deployment.current(), clock.unix_now()
    rules = _usual_rules(authority.kind, duties, zone) if terms.rules is None else terms.rules
    try:
        charter = Charter(
            deployment=here.id,
            demo=here.demo,
            authority=authority,
            version=previous.version + 1 if previous else 1,
            previous=previous.sha256 if previous else None,
            valid_from=now,
            valid_until=now + terms.days * 86_400,
            desk=deployment.desk(),
            token_rules=terms.token_rules,
            zone=zone,
            people=tuple(sorted((_person(duty, terms) for duty in duties), key=lambda person: person.id)),
            groups=tuple(sorted(terms.groups, key=lambda group: group.name)),
            rules=tuple(sorted(rules, key=lambda rule: rule.operation)),
            recovery=terms.recovery,
        )
    except ValidationError as error:
        raise Invalid("bad-charter", refusal(error, what="The charter").message) from None
    impossible = unsatisfiable(charter)
    if impossible:
        raise Unsatisfiable(impossible)
    if zone is not None:
        _check_separation(charter, zone.provider.id)
        loose = out_of_control(charter)
        if loose is not None:
            raise Uncontrolled(loose)
    return charter


def _usual_rules(kind: AuthorityKind, duties: Sequence[Duty], zone: ZoneTerms | None) -> tuple[Rule, ...]:
    """Those of the defaults, of a zone by its model."""
    if zone is None:
        return rules_of(kind)
    managing = {duty.person.organisation_id for duty in duties if Role.KEY_MANAGER in duty.roles}
    apart = not managing <= {side_in_control(zone).id}
    return rules_of(kind, model=model_of(controller=zone.controller, apart=apart))


def _check_separation(zone: Charter, provider_id: str) -> None:
    """Refuse what nodes refuse: the provider's HSM administrators hold no duties in a zone."""
    provider = charters.in_force([provider_id]).get(provider_id)
    if provider is not None and (found := conflicts(provider, zone)):
        raise Conflicting(found)


def tokens_for(person: Person, terms: Terms) -> list[Token]:
    """The tokens with which a person is to stand in a charter: those not suspended, in order of enrolment."""
    held = list(person.tokens.filter(suspended_at=None).order_by("created_at", "id"))
    if not terms.leave_out:
        return held
    return [one for one in held if why_not(terms.token_rules, one.document()) is None]


def _person(duty: Duty, terms: Terms) -> CharterPerson:
    held = tokens_for(duty.person, terms)
    if not held:
        raise Invalid("no-token", f"{duty.person.name} has no token that this charter could hold.")
    return CharterPerson(
        id=duty.person.id,
        name=duty.person.name,
        organisation=duty.person.organisation.named(),
        roles=tuple(charters.roles_sorted(duty.roles)),
        tokens=tuple(token.document(with_share_key=Role.CUSTODIAN in duty.roles) for token in held),
    )


def _save(
    document: Charter, *, organisation: Organisation, zone: TrustZone | None, by: Person
) -> CharterVersion:
    authority = document.authority
    collecting = CharterVersion.objects.filter(authority=authority.id, state=CharterState.COLLECTING)
    if collecting.exists():
        raise WrongState(
            "collecting-already", f"A charter of {authority.name} is collecting signatures; give it up first."
        )
    charter = CharterVersion.objects.create(
        kind=authority.kind.value,
        authority=authority.id,
        name=authority.name,
        organisation=organisation,
        zone=zone,
        version=document.version,
        raw=document.raw,
        hash=document.sha256,
        valid_from=clock.from_unix(document.valid_from),
        valid_until=clock.from_unix(document.valid_until),
        created_by=by,
    )
    log.record(
        Event.CHARTER_DRAFTED,
        f"{by.name} drafted the charter of {charter.name}, version {charter.version}.",
        about=charters.about_charter(charter),
        actor=by,
        document=document.raw,
    )
    return charter
