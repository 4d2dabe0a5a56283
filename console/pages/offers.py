"""Which operations a person can propose, and whose signatures each would need, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from console.pages import wording
from console.pages.rule_terms import notes
from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Clause, Role
from tenants import access, charters, tags
from tenants.models import CharterState, Person, Proposal, State

Duties = dict[AuthorityKind, list[Charter]]
"""The charters in which a person has a duty, by kind."""

# These begin elsewhere: a founding with its wizard, an amendment with the draft of the next version, what is
# to be done with a backup on its page, a statement with its text.
ELSEWHERE = frozenset(
    {
        tags.ABANDON_WARRANT,
        tags.AMEND_CHARTER,
        tags.FOUND_ZONE,
        tags.RECOVER_CHARTER,
        tags.REINSTATE_TOKEN,
        tags.RESTORE_BACKUP,
        tags.SIGN_STATEMENT,
        tags.VERIFY_BACKUP,
    }
)
# What takes something away stands after what gives it.
TAKING_AWAY = frozenset({tags.DESTROY_KEYS, tags.LEAVE_CLUSTER, tags.REMOVE_APPLICATION, tags.WITHDRAW_ZONE})


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


def duties_of(person: Person) -> Duties:
    """The charters in force that the person sees, by kind, in which they have a duty that can propose."""
    in_force = access.visible_charters(person).filter(state=CharterState.IN_FORCE)
    found: Duties = {}
    for version in charters.naming(in_force, person.id).order_by("kind", "name"):
        charter = charters.document_of(version)
        holder = charter.persons.get(person.id)
        if holder is not None and set(holder.roles) - {Role.AUDITOR}:
            found.setdefault(charter.authority.kind, []).append(charter)
    return found


def may_request(operation: Operation[Any], person: Person, duties: Duties | None = None) -> bool:
    """Whether the person has a duty under a charter whose consent the operation needs (an amendment: any).

    Who asks for several operations gives the person's `duties`, which take a look at each of their charters.
    """
    duties = duties_of(person) if duties is None else duties
    return bool(duties) and (
        not operation.consent.kinds or any(one in duties for one in operation.consent.kinds)
    )


def may_ask_again(proposal: Proposal, person: Person) -> bool:
    """Whether the person can propose once more what came to nothing, and is not asked again by itself."""
    came_to_nothing = proposal.is_final and proposal.state != State.DONE
    again = came_to_nothing and not proposal.waits_for_agreement
    return again and may_request(operations()[proposal.operation], person)


def offered(person: Person, duties: Duties | None = None) -> list[Operation[Any]]:
    """The operations that the person can propose somewhere."""
    duties = duties_of(person) if duties is None else duties
    return [
        one for tag, one in operations().items() if tag not in ELSEWHERE and may_request(one, person, duties)
    ]


def offers(person: Person) -> list[Group]:
    """What the person can propose, grouped by what it is about."""
    groups: dict[str, list[Offer]] = {}
    duties = duties_of(person)
    for one in sorted(offered(person, duties), key=lambda one: one.tag in TAKING_AWAY):
        groups.setdefault(one.area, []).append(
            Offer(
                one.title,
                explanation_of(one),
                sample_consent(one, duties),
                reverse("propose-form", args=[one.tag]),
            )
        )
    if founds_zones(person):
        founding = operations()[tags.FOUND_ZONE]
        offer = Offer(
            founding.title, explanation_of(founding), sample_consent(founding, duties), reverse("zone-found")
        )
        groups.setdefault("zone", []).insert(0, offer)
    order = [*wording.AREAS, *groups]
    return [
        Group(*wording.AREAS.get(area, (area, "")), offers=tuple(groups[area]))
        for area in dict.fromkeys(order)
        if area in groups
    ]


def explanation_of(one: Operation[Any]) -> str:
    """What an operation does, in a sentence or two."""
    return str(wording.EXPLANATIONS.get(one.tag) or " ".join((type(one).__doc__ or "").split()))


def founds_zones(person: Person) -> bool:
    """Whether there is a service in which the person could draft a zone.

    A provider's people can if they may have duties in one: those who do not administer its HSMs.
    """
    services = access.visible_services(person)
    if person.organisation.is_provider:
        apart = access.roles_of(person).isdisjoint({Role.HSM_ADMINISTRATOR, Role.AUDITOR})
        return apart and services.exists()
    return any(access.may_propose(person, [service.customer_id]) for service in services)


def _all_of(clauses: Sequence[Clause], who: str) -> str:
    parts = [
        _("%(m)d %(holders)s of %(who)s")
        % {"m": clause.m, "holders": wording.clause_holders(clause, clause.m), "who": who}
        for clause in clauses
    ]
    return wording.names(parts, last="and")


def sample_notes(one: Operation[Any], duties: Duties, *, zone: str = "") -> list[str]:
    """What the rules of the charters in which the person has `duties` demand or advise beside signatures.

    Of several zones that is said of the one with the id `zone`.
    """
    known = [charter for kind in one.consent.kinds for charter in _known(duties, kind, zone)]
    return notes(known, one.tag)


def _known(duties: Duties, kind: AuthorityKind, zone: str) -> list[Charter]:
    """The one charter of this kind that decides, if that is certain; of several zones that of `zone`."""
    found = duties.get(kind, [])
    return found if len(found) == 1 else [charter for charter in found if charter.authority.id == zone]


def sample_consent(one: Operation[Any], duties: Duties, *, zone: str = "") -> str:
    """Whose signatures it takes, as a sentence: by the charters of the person's `duties`, or the usual rule.

    Of several zones that of the one with the id `zone` is known.
    """
    parts = []
    for kind in one.consent.kinds:
        known = _known(duties, kind, zone)
        rule = known[0].rule(one.tag) if len(known) == 1 else None
        asked = rule.ways if rule else ([default.clause() for default in one.rules.get(kind, ())],)
        who = known[0].authority.name if len(known) == 1 else wording.KINDS[kind.value]
        parts.append(wording.ways([_all_of(clauses, who) for clauses in asked]))
    return _("Needs %(who)s. Whoever proposes does not count.") % {"who": wording.names(parts, last="and")}
