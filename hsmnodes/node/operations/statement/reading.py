"""A statement as people read it: who answers for what on each side, chapter by chapter. No Django, no markup.

Pages, print, the programming interface and the command that verifies a statement take their words from here.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.operations.statement.charter_texts import clause_text, rule_text, terms_of
from hsmnodes.node.operations.statement.texts import KEPT, KINDS
from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Clause, Role
from hsmnodes.node.protocol.documents.statement import (
    SIDES,
    Side,
    StatedCharter,
    StatedPerson,
    StatedRule,
    Statement,
)

NOBODY = "–"
MOST_WAYS = 8
"""Of two charters that both decide, each with alternatives, so many combinations are written out."""


@dataclass(frozen=True)
class Way:
    """One set of people that is enough: who of the provider's and who of the customer's; empty for nobody."""

    provider: str
    customer: str


@dataclass(frozen=True)
class Duty:
    """One operation: who must sign for it on both sides, what is demanded besides, where it is weak.

    Without `ways` nobody can have it done.
    """

    tag: str
    title: str
    ways: tuple[Way, ...]
    terms: tuple[str, ...]
    weaker: tuple[str, ...]

    @property
    def provider(self) -> list[str]:
        """Who of the provider's signs, way by way; one dash if nobody ever."""
        return self._of([way.provider for way in self.ways])

    @property
    def customer(self) -> list[str]:
        """Who of the customer's signs, likewise."""
        return self._of([way.customer for way in self.ways])

    def _of(self, texts: list[str]) -> list[str]:
        return [text or NOBODY for text in texts] if any(texts) else [NOBODY]


@dataclass(frozen=True)
class Chapter:
    """The duties in a Trust Zone, or those that lie with the two organisations themselves."""

    title: str
    zone: StatedCharter | None
    duties: tuple[Duty, ...]

    @property
    def weaker(self) -> int:
        """In how many duties a rule is weaker than the default."""
        return sum(bool(duty.weaker) for duty in self.duties)


@dataclass(frozen=True)
class Holder:
    """The people of one side with a role, by name, and in whose charter: their organisation's or a zone's."""

    side: Side
    role: Role
    place: str
    names: tuple[str, ...]


def chapters(statement: Statement) -> list[Chapter]:
    """The duties, in every Trust Zone and then beside them."""
    sides = f"{statement.provider.authority.name} and {statement.customer.authority.name}"
    return [
        *(
            Chapter(f"Trust Zone {zone.authority.name}", zone, tuple(_in_zone(statement, zone)))
            for zone in sorted(statement.zones, key=lambda one: one.authority.name)
        ),
        Chapter(sides, None, tuple(_beside_zones(statement))),
    ]


def weaker_duties(statement: Statement) -> list[tuple[Chapter, Duty]]:
    """Every duty with a rule that asks for less than the default."""
    return [(chapter, duty) for chapter in chapters(statement) for duty in chapter.duties if duty.weaker]


def holders(statement: Statement) -> list[Holder]:
    """Who holds which role on which side."""
    return [
        Holder(side, one, _place(charter), names)
        for side in SIDES
        for one in Role
        for charter in statement.charters
        if (names := tuple(person.name for person in _of_side(statement, charter, side, one)))
    ]


def kept_in_words(person: StatedPerson) -> str:
    """How somebody's share keys are kept, in words; empty for who has none."""
    return " and ".join(KEPT[one] for one in person.share_keys)


def custodians(zone: StatedCharter) -> list[StatedPerson]:
    """Those who may hold a share of a zone's backup key, by name."""
    return sorted((one for one in zone.people if Role.CUSTODIAN in one.roles), key=lambda one: one.name)


def managers(zone: StatedCharter) -> list[StatedPerson]:
    """Those who manage a zone's keys, by name."""
    return sorted((one for one in zone.people if Role.KEY_MANAGER in one.roles), key=lambda one: one.name)


def controller(zone: StatedCharter) -> str:
    """The name of the organisation that controls a zone."""
    terms = zone.zone
    return (
        "" if terms is None else (terms.provider if terms.controller == "provider" else terms.customer).name
    )


def title_of(tag: str) -> str:
    """What an operation is called; its tag, if this version does not know it."""
    found = operations().get(tag)
    return found.title if found else tag


# ------------------------------------------------------------------ duties


def _in_zone(statement: Statement, zone: StatedCharter) -> Iterator[Duty]:
    """What the zone's charter decides on, alone or with the provider's or the customer's."""
    for tag in _tags([zone]):
        found = operations().get(tag)
        if found is None or _is_for(found, AuthorityKind.ZONE):
            sides = found.consent.kinds if found else ()
            also = [one for one in (statement.provider, statement.customer) if one.authority.kind in sides]
            yield _duty(statement, tag, title_of(tag), [zone, *also])


def _beside_zones(statement: Statement) -> Iterator[Duty]:
    both = (statement.provider, statement.customer)
    for tag in _tags(both):
        found = operations().get(tag)
        kinds = found.consent.kinds if found else ()
        if AuthorityKind.ZONE in kinds:
            continue
        if kinds:
            yield _duty(statement, tag, title_of(tag), [one for one in both if one.authority.kind in kinds])
            continue
        for one in both:
            if any(tag == stated.rule.operation for stated in one.rules):
                yield _duty(statement, tag, f"{title_of(tag)}: {one.authority.name}", [one])


def _tags(charters: Iterable[StatedCharter]) -> list[str]:
    """The operations that this version knows, and any that rules name besides."""
    named = {one.rule.operation for charter in charters for one in charter.rules}
    return sorted({*operations(), *named} - {RECOVER})  # which no rule is for, but a clause


def _is_for(found: Operation, kind: AuthorityKind) -> bool:  # type: ignore[type-arg]
    """Whether an operation can need the consent of authorities of this kind."""
    return kind in found.consent.kinds or (not found.consent.kinds and kind in found.rules)


def _duty(statement: Statement, tag: str, title: str, charters: Sequence[StatedCharter]) -> Duty:
    rules = [_rule(charter, tag) for charter in charters]
    if any(one is None or not one.rule.ways for one in rules):
        return Duty(tag, title, (), (), ())
    stated = [(charter, one) for charter, one in zip(charters, rules, strict=True) if one is not None]
    combined = itertools.islice(itertools.product(*(one.rule.ways for _, one in stated)), MOST_WAYS)
    several = len(stated) > 1
    return Duty(
        tag,
        title,
        tuple(
            Way(*(_of_way(statement, side, list(zip(charters, way, strict=True))) for side in SIDES))
            for way in combined
        ),
        tuple(
            f"{charter.authority.name}: {term}" if several else _capitalised(term)
            for charter, one in stated
            for term in terms_of(one.rule)
        ),
        tuple(_weaker(charter, one, several=several) for charter, one in stated if one.weaker),
    )


def _rule(charter: StatedCharter, tag: str) -> StatedRule | None:
    return next((one for one in charter.rules if one.rule.operation == tag), None)


def _weaker(charter: StatedCharter, one: StatedRule, *, several: bool) -> str:
    usual = rule_text(one.default) if one.default else ""
    where = f" for {_place(charter)}" if several else ""
    return f"Weaker than the default{where}, which asks for: {usual}."


def _of_way(statement: Statement, side: Side, way: Sequence[tuple[StatedCharter, Sequence[Clause]]]) -> str:
    """Who of one side signs, in this set of clauses."""
    own = (statement.provider if side == "provider" else statement.customer).authority.id
    texts = []
    for charter, clauses in way:
        for clause in clauses:
            organisations = {one.organisation.id for one in _eligible(charter, clause)}
            if own in organisations:
                either = " of either side" if len(organisations) > 1 else ""
                texts.append(clause_text(clause) + either)
    return " and ".join(texts)


def _eligible(charter: StatedCharter, clause: Clause) -> list[StatedPerson]:
    if clause.role is not None:
        return [one for one in charter.people if clause.role in one.roles]
    members = {id_ for group in charter.groups if group.name == clause.group for id_ in group.people}
    return [one for one in charter.people if one.id in members]


def _of_side(statement: Statement, charter: StatedCharter, side: Side, held: Role) -> list[StatedPerson]:
    own = (statement.provider if side == "provider" else statement.customer).authority.id
    found = [one for one in charter.people if held in one.roles and one.organisation.id == own]
    return sorted(found, key=lambda one: one.name)


def _place(charter: StatedCharter) -> str:
    """Whose charter it is, in words: “Northgate”, “Trust Zone Payments”."""
    kind = KINDS[charter.authority.kind.value] + " " if charter.zone else ""
    return f"{kind}{charter.authority.name}"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
