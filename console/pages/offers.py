"""Which operations a person can propose, and whose signatures each would need, in words."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from console.pages import wording
from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Role
from tenants import access, charters, tags
from tenants.models import Person

# These begin elsewhere: a founding with its wizard, an amendment with the draft of the next version, what is
# to be done with a backup on its page.
ELSEWHERE = frozenset({tags.AMEND_CHARTER, tags.FOUND_ZONE, tags.VERIFY_BACKUP, tags.RESTORE_BACKUP})


@dataclass(frozen=True)
class Offer:
    """An operation with the consent it needs."""

    title: str
    explanation: str
    consent: str
    address: str


@dataclass(frozen=True)
class Group:
    """Operations about one kind of thing."""

    title: str
    explanation: str
    offers: tuple[Offer, ...]


def duties_of(person: Person) -> dict[AuthorityKind, list[Charter]]:
    """The charters in force that the person sees, by kind, in which they have a duty that can propose."""
    visible = access.visible_charters(person).values_list("authority", flat=True).distinct()
    found: dict[AuthorityKind, list[Charter]] = {}
    for charter in charters.in_force(visible).values():
        holder = charter.persons.get(person.id)
        if holder is not None and set(holder.roles) - {Role.AUDITOR}:
            found.setdefault(charter.authority.kind, []).append(charter)
    return found


def may_request(operation: Operation[Any], person: Person) -> bool:
    """Whether the person has a duty under a charter whose consent the operation needs (an amendment: any)."""
    duties = duties_of(person)
    return bool(duties) and (
        not operation.consent.kinds or any(one in duties for one in operation.consent.kinds)
    )


def offered(person: Person) -> list[Operation[Any]]:
    """The operations that the person can propose somewhere."""
    return [one for tag, one in operations().items() if tag not in ELSEWHERE and may_request(one, person)]


def offers(person: Person) -> list[Group]:
    """What the person can propose, grouped by what it is about."""
    groups: dict[str, list[Offer]] = {}
    for one in offered(person):
        explanation = " ".join((type(one).__doc__ or "").split())
        groups.setdefault(one.area, []).append(
            Offer(
                one.title,
                str(wording.EXPLANATIONS.get(one.tag) or explanation),
                sample_consent(one, person),
                reverse("propose-form", args=[one.tag]),
            )
        )
    if founds_zones(person):
        founding = operations()[tags.FOUND_ZONE]
        explanation = str(wording.EXPLANATIONS[founding.tag])
        groups["zone"] = [
            Offer(founding.title, explanation, sample_consent(founding, person), reverse("zone-found"))
        ]
    order = [*wording.AREAS, *groups]
    return [
        Group(*wording.AREAS.get(area, (area, "")), offers=tuple(groups[area]))
        for area in dict.fromkeys(order)
        if area in groups
    ]


def founds_zones(person: Person) -> bool:
    """Whether there is a service in which the person could draft a zone."""
    services = access.visible_services(person)
    return any(access.may_propose(person, [service.customer_id]) for service in services)


def sample_consent(one: Operation[Any], person: Person) -> str:
    """Whose signatures it takes, as a sentence: by the charters the person knows, else by the usual rule."""
    duties = duties_of(person)
    parts = []
    for kind in one.consent.kinds:
        known = duties.get(kind, [])
        rule = known[0].rule(one.tag) if len(known) == 1 else None
        clauses = rule.clauses if rule else [default.clause() for default in one.rules.get(kind, ())]
        who = known[0].authority.name if len(known) == 1 else wording.KINDS[kind.value]
        parts += [
            _("%(m)d %(holders)s of %(who)s")
            % {"m": clause.m, "holders": wording.clause_holders(clause, clause.m), "who": who}
            for clause in clauses
        ]
    return _("Needs %(who)s. Whoever proposes does not count.") % {"who": wording.names(parts, last="and")}
