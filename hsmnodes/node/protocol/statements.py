"""How a statement comes from charters, and whether it is what they say. Pure: no input or output.

A statement is never written by hand but for the contacts in it: `draw_up` makes it from charters, and
whoever doubts it makes it again. `check_made_from` does that with the defaults the statement itself names, so
that it needs nothing but the charters; `agreed` leaves out what does not bear on duties, and so tells whether
charters that came later still say what was agreed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.documents.charter import Charter, Person, Rule
from hsmnodes.node.protocol.documents.statement import (
    EXCLUSIONS,
    RECOVERY,
    Contact,
    StatedCharter,
    StatedPerson,
    StatedRule,
    StatedService,
    Statement,
)
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.weaker import is_weaker_in

Defaults = Callable[[Charter], Mapping[str, Rule | None]]


@dataclass(frozen=True)
class Basis:
    """The charters a statement is made from: of the two sides, and of each Trust Zone of the service."""

    provider: Charter
    customer: Charter
    zones: Sequence[Charter]

    @property
    def all(self) -> tuple[Charter, ...]:
        """All of them, the zones' sorted by id."""
        return (self.provider, self.customer, *sorted(self.zones, key=lambda one: one.authority.id))


def draw_up(
    basis: Basis,
    *,
    service: StatedService,
    defaults: Defaults,
    contacts: Sequence[Contact],
    at: int,
    after: Statement | None,
) -> Statement:
    """What these charters say about the duties in a service, as the next version `after` another.

    `defaults` gives the rules that a charter is held against; `at` is seconds since 1970. Raises
    pydantic's ValidationError (a ValueError) if the charters are not of one service.
    """
    provider, customer, *zones = (state(charter, defaults(charter)) for charter in basis.all)
    return Statement(
        deployment=basis.provider.deployment,
        demo=basis.provider.demo,
        version=after.version + 1 if after else 1,
        previous=after.sha256 if after else None,
        at=at,
        service=service,
        provider=provider,
        customer=customer,
        zones=tuple(zones),
        contacts=tuple(sorted(contacts, key=lambda one: (one.side, one.role.value))),
        exclusions=EXCLUSIONS,
        recovery=RECOVERY,
    )


def state(charter: Charter, defaults: Mapping[str, Rule | None]) -> StatedCharter:
    """What one charter says about duties."""
    return StatedCharter(
        authority=authority_at(charter),
        zone=charter.zone,
        token_rules=charter.token_rules,
        people=tuple(map(_person, charter.people)),
        groups=charter.groups,
        rules=tuple(
            StatedRule(rule=rule, default=default, weaker=is_weaker_in(charter, rule, default))
            for rule in charter.rules
            for default in [defaults.get(rule.operation)]
        ),
        recovery=charter.recovery,
    )


def defaults_in(statement: Statement) -> Defaults:
    """The rules that a statement itself holds its charters against; None where there was no default."""
    named = {
        one.authority.id: {rule.rule.operation: rule.default for rule in one.rules}
        for one in statement.charters
    }
    return lambda charter: named.get(charter.authority.id, {})


def check_made_from(statement: Statement, basis: Basis) -> None:
    """Check that the statement is what just these charters say.

    Raises ProposalRefused: for other versions (`stale-statement`), or for another content.
    """
    stated = [one.authority for one in statement.charters]
    if stated != [authority_at(charter) for charter in basis.all]:
        raise ProposalRefused(
            "stale-statement", "The statement was drawn up from other charters than those in force."
        )
    again = redraw(statement, basis)
    if again.raw != statement.raw:
        raise ProposalRefused("other-statement", "The statement does not say what the charters say.")


def redraw(statement: Statement, basis: Basis, defaults: Defaults | None = None) -> Statement:
    """The statement as these charters would make it, all else being as it is."""
    try:
        fresh = draw_up(
            basis,
            service=statement.service,
            defaults=defaults or defaults_in(statement),
            contacts=statement.contacts,
            at=statement.at,
            after=None,
        )
    except ValueError:
        raise ProposalRefused("other-statement", "The charters are not of the service stated.") from None
    return fresh.model_copy(update={"version": statement.version, "previous": statement.previous})


def agreed(statement: Statement) -> dict[str, Any]:
    """What is agreed: the statement without its number and date, and without the versions of charters."""
    content = statement.model_dump(mode="json", exclude={"version", "previous", "at"})
    for one in (content["provider"], content["customer"], *content["zones"]):
        for member in ("version", "hash"):
            del one["authority"][member]
        for other in one.get("recovery", {}).get("others", ()):
            del other["charter"]
    return content


def _person(person: Person) -> StatedPerson:
    kept = {token.share_key.stated.kept for token in person.tokens if token.share_key}
    return StatedPerson(
        id=person.id,
        name=person.name,
        organisation=person.organisation,
        roles=person.roles,
        share_keys=tuple(sorted(kept)),
    )
