"""Who controls a Trust Zone: the side, provider or customer, whose people may hold its backup key.

A zone's charter names the side. Shares are for that side's people alone; and what decides on the backup key,
on where the zone's keys can be, on the charter itself, on whose tokens count or on what is abandoned of that,
takes two of them, whoever else must sign. So those who manage the keys of a zone that others control can
neither take the backup key nor take over the charter.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsmnodes.node.protocol.identities import Identities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hsmnodes.node.protocol.documents.base import Named
    from hsmnodes.node.protocol.documents.charter import Charter, Clause, Person, ZoneTerms
    from hsmnodes.node.protocol.documents.statement import StatedPerson

DECISIVE = ("backup-key.", "charter.", "slot.", "token.", "warrant.", "zone.")
"""How the tags begin of the operations that take people of the side in control."""
FLOOR = 2


@dataclass(frozen=True)
class OutOfControl:
    """Why a zone would not be controlled by the side that its charter names: by a person, or by rules."""

    code: str
    message: str
    person: str = ""
    operations: tuple[str, ...] = ()


def is_decisive(operation: str) -> bool:
    """Whether a zone's rule for this operation must ask for people of the side in control."""
    return operation.startswith(DECISIVE)


def side_in_control(terms: "ZoneTerms") -> "Named":
    """The organisation that controls a zone of these terms."""
    return terms.provider if terms.controller == "provider" else terms.customer


def is_managed_apart(terms: "ZoneTerms", people: "Iterable[Person | StatedPerson]") -> bool:
    """Whether somebody who manages the keys of a zone of these terms is not of the side that controls it."""
    side = side_in_control(terms)
    return any("key-manager" in person.roles and person.organisation.id != side.id for person in people)


def out_of_control(charter: "Charter") -> OutOfControl | None:
    """The first thing by which the side that a zone's charter names would not control it, or None."""
    if charter.zone is None:
        return None
    return _people(charter, charter.zone) or _rules(charter, side_in_control(charter.zone))


def change_of_side(before: "Charter", after: "Charter") -> str | None:
    """The name of somebody who is of one organisation in one version and of another in the next, or None."""
    identities = Identities((before, after))
    sides: dict[str, str] = {}
    for person in (*before.people, *after.people):
        if sides.setdefault(identities.of(person.id), person.organisation.id) != person.organisation.id:
            return person.name
    return None


def _people(charter: "Charter", terms: "ZoneTerms") -> OutOfControl | None:
    controller = side_in_control(terms)
    for person in charter.people:
        if person.organisation not in (terms.provider, terms.customer):
            return OutOfControl(
                "foreign-person",
                f"{person.name} is neither of {terms.provider.name} nor of {terms.customer.name}.",
                person=person.name,
            )
        if "custodian" in person.roles and person.organisation != controller:
            return OutOfControl(
                "foreign-custodian",
                f"{person.name} cannot hold a share: {controller.name} controls the zone, so custodians are "
                "its people.",
                person=person.name,
            )
    return None


def _rules(charter: "Charter", controller: "Named") -> OutOfControl | None:
    rules = [*charter.rules, *([charter.recovery.rule] if charter.recovery is not None else [])]
    loose = tuple(
        rule.operation
        for rule in rules
        if is_decisive(rule.operation)
        and any(_seats(charter, way, controller) < min(FLOOR, _all_seats(way)) for way in rule.ways)
    )
    if not loose:
        return None
    return OutOfControl(
        "not-controlled",
        f"{controller.name} controls the zone, so at least {FLOOR} of its people must sign for "
        f"{', '.join(loose)}.",
        operations=loose,
    )


def _seats(charter: "Charter", way: "Sequence[Clause]", controller: "Named") -> int:
    """How many seats of an alternative only people of the side in control can take."""
    theirs = {person.id for person in charter.people if person.organisation == controller}
    return sum(clause.m for clause in way if charter.eligible(clause) <= theirs)


def _all_seats(way: "Sequence[Clause]") -> int:
    return sum(clause.m for clause in way)
