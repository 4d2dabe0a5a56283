"""Whom an occasion concerns, by its event. Whether they see what it is about is asked in subjects.py."""

from collections.abc import Callable, Mapping
from typing import Final

from hsmnodes.node.protocol.documents import Role
from tenants import charters, tags
from tenants.models import CharterState, CharterVersion, Occasion, Person, Proposal
from tenants.notices import kinds

Ids = set[str]


def audience_of(occasion: Occasion) -> list[Person]:
    """The people to tell, without the one whose doing it was."""
    found = _AUDIENCES[occasion.event](occasion) - {occasion.actor}
    people = Person.objects.filter(pk__in=found).select_related("organisation__provider", "mail_address")
    return list(people.order_by("pk"))


def _in_charge(occasion: Occasion, *roles: Role) -> Ids:
    """Those with one of these roles under the charters of the organisations concerned."""
    found = charters.in_force(one for one in (occasion.provider, occasion.customer) if one)
    return {
        person.id for charter in found.values() for person in charter.people if set(roles) & set(person.roles)
    }


def _waited_for(occasion: Occasion) -> Ids:
    return set(Person.objects.filter(inbox__proposal=occasion.subject).values_list("pk", flat=True))


def _requester(occasion: Occasion) -> Ids:
    return set(Proposal.objects.filter(pk=occasion.subject).values_list("requester", flat=True))


def _involved(occasion: Occasion) -> Ids:
    """Who requested or signed a proposal, or was told that it waited for them."""
    proposal = Proposal.objects.filter(pk=occasion.subject).first()
    if proposal is None:
        return set()
    signed = (proposal.approvals, proposal.rejections, proposal.cancellations)
    told = Person.objects.filter(notices__occasion__key=kinds.waiting_key(proposal.pk))
    signers = {person for one in signed for person in one.values_list("person", flat=True)}
    return {proposal.requester_id, *signers, *told.values_list("pk", flat=True)}


def _in_zone_of(proposal: str) -> Ids:
    """Everyone in the charter of the zone that a proposal is about, or in the one that it recovers."""
    zones = Proposal.objects.filter(pk=proposal, zone__isnull=False).values_list("zone", flat=True)
    recovered = Proposal.objects.filter(pk=proposal, operation=tags.RECOVER_CHARTER)
    found = [
        *charters.in_force(zones).values(),
        *charters.by_hash(one.document.previous or "" for one in recovered),
    ]
    return {person.id for charter in found for person in charter.people}


def _in_charter(occasion: Occasion) -> Ids:
    """Who stands in a charter or stood in it before; for a zone, in its charter in force."""
    if occasion.subject_kind == "zone":
        found = list(charters.in_force([occasion.subject]).values())
    else:
        version = CharterVersion.objects.filter(pk=occasion.subject).first()
        here = [charters.document_of(version)] if version else []
        found = here + charters.by_hash(one.previous for one in here if one.previous)
    return {person.id for charter in found for person in charter.people}


def _unsigned(occasion: Occasion) -> Ids:
    version = CharterVersion.objects.filter(pk=occasion.subject, state=CharterState.COLLECTING).first()
    return {one.person for one in charters.unsigned(version)} if version else set()


def _custodians(occasion: Occasion) -> Ids:
    zones = Proposal.objects.filter(pk=occasion.subject, zone__isnull=False).values_list("zone", flat=True)
    return {
        person.id
        for charter in charters.in_force(zones).values()
        for person in charter.people
        if Role.CUSTODIAN in person.roles
    }


def _people_of_node(occasion: Occasion) -> Ids:
    """A provider's administrators; where a customer is told of it, its key managers and officers."""
    if occasion.customer:
        return _in_charge(occasion, Role.KEY_MANAGER, Role.SECURITY_OFFICER)
    return _in_charge(occasion, Role.HSM_ADMINISTRATOR, Role.SECURITY_OFFICER)


def _people_of_zone(occasion: Occasion) -> Ids:
    """Who manages the zone's keys under its charter, and of the provider who looks after its HSMs."""
    of_zone = {
        person.id
        for charter in charters.in_force([occasion.subject]).values()
        for person in charter.people
        if Role.KEY_MANAGER in person.roles
    }
    return of_zone | (_in_charge(occasion, Role.HSM_ADMINISTRATOR) if occasion.provider else set())


def _officers(occasion: Occasion) -> Ids:
    return _in_charge(occasion, Role.SECURITY_OFFICER)


def _its_officers(occasion: Occasion) -> Ids:
    """The officers of the organisation that it is about, and of no other."""
    found = charters.in_force([occasion.subject])
    return {
        person.id
        for charter in found.values()
        for person in charter.people
        if Role.SECURITY_OFFICER in person.roles
    }


def _auditors(occasion: Occasion) -> Ids:
    return _in_charge(occasion, Role.AUDITOR)


def _union(*parts: Callable[[Occasion], Ids]) -> Callable[[Occasion], Ids]:
    return lambda occasion: set().union(*(part(occasion) for part in parts))


_AUDIENCES: Final[Mapping[str, Callable[[Occasion], Ids]]] = {
    kinds.PROPOSAL_WAITING: _waited_for,
    kinds.PROPOSAL_EXPIRING: _union(_waited_for, _requester),
    kinds.PROPOSAL_DELAYED: lambda occasion: (
        _involved(occasion)
        | _in_zone_of(occasion.subject)
        | _in_charge(occasion, Role.SECURITY_OFFICER, Role.AUDITOR)
    ),
    kinds.PROPOSAL_SIGNED: _involved,
    kinds.PROPOSAL_CLOSED: _union(_involved, _auditors),
    kinds.PROPOSAL_DONE: _union(_involved, _auditors),
    kinds.PROPOSAL_FAILED: lambda occasion: (
        _involved(occasion) | _in_charge(occasion, Role.AUDITOR, Role.HSM_ADMINISTRATOR)
    ),
    kinds.CHARTER_WAITING: _unsigned,
    kinds.CHARTER_CHANGED: _union(_in_charter, _officers, _auditors),
    kinds.CHARTER_EXPIRING: _union(_in_charter, _officers),
    kinds.STATEMENT_SIGNED: _union(_officers, _auditors),
    kinds.STATEMENT_BROKEN: _union(_officers, _auditors),
    kinds.CEREMONY_WAITING: _custodians,
    kinds.CUSTODY_AT_RISK: _union(_in_charter, _officers),
    kinds.DRILL_OVERDUE: _union(_in_charter, _officers),
    kinds.RECOVERY_BEGUN: lambda occasion: (
        _in_zone_of(occasion.subject) | _in_charge(occasion, Role.SECURITY_OFFICER, Role.AUDITOR)
    ),
    kinds.TOKEN_SUSPENDED: lambda occasion: {occasion.subject} | _officers(occasion),
    kinds.MODEL_COMPROMISED: _its_officers,
    kinds.APPLICATION_SUSPENDED: lambda occasion: (
        _in_charter(occasion)
        | _in_charge(occasion, Role.SECURITY_OFFICER, Role.HSM_ADMINISTRATOR, Role.AUDITOR)
    ),
    kinds.APPLICATION_EXPIRING: _union(_in_charter, _officers),
    kinds.NODE_OFFLINE: _people_of_node,
    kinds.NODE_OUT_OF_STEP: _people_of_node,
    kinds.NODE_CLOCK: _people_of_node,
    kinds.NODE_DISK: _people_of_node,
    kinds.ZONE_OUT_OF_STEP: _people_of_zone,
    kinds.ZONE_OUT_OF_SERVICE: _people_of_zone,
    kinds.ALARM_RAISED: lambda occasion: _in_charge(
        occasion, Role.SECURITY_OFFICER, Role.HSM_ADMINISTRATOR, Role.AUDITOR
    ),
    kinds.WEBHOOK_DISABLED: _officers,
}
