"""What a charter may not say: contradictions, rules nobody could satisfy, duties that must be apart."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from hsmnodes.node.protocol.matching import seat

if TYPE_CHECKING:
    from hsmnodes.node.protocol.documents.charter import Charter, Clause

LONGEST_VALIDITY = 400 * 86_400
AMEND = "charter.amend/v1"
RECOVER = "charter.recover/v1"


def contradiction(charter: "Charter") -> str | None:
    """The first thing in which `charter` contradicts itself, in words, or None."""
    for check in (
        _period,
        _descent,
        _terms,
        _people,
        _tokens,
        _share_keys,
        _groups,
        _rules,
        _recovery,
        _duties,
    ):
        found = check(charter)
        if found is not None:
            return found
    return None


def unsatisfiable(charter: "Charter") -> tuple[str, ...]:
    """The operations whose rule has an alternative that could not be satisfied even if everyone signed."""
    everyone = [person.id for person in charter.people]
    rules = [*charter.rules, *([charter.recovery.rule] if charter.recovery is not None else [])]
    return tuple(
        rule.operation for rule in rules if not all(_seats(charter, way, everyone) for way in rule.ways)
    )


def can_be_signed(charter: "Charter", operation: str, *, by: Collection[str]) -> bool:
    """Whether these people (by id) are enough for an operation, one of them to request and others to sign."""
    rule = charter.rule(operation)
    if rule is None:
        return False
    return any(
        _seats(charter, way, [one for one in by if one != requester]) for way in rule.ways for requester in by
    )


def _seats(charter: "Charter", way: "Sequence[Clause]", people: Sequence[str]) -> bool:
    """Whether these people fill every seat of an alternative."""
    wanted = [(clause.m, charter.eligible(clause)) for clause in way]
    seats = seat(people, wanted)
    return all(len(taken) == m for taken, (m, _) in zip(seats, wanted, strict=True))


def _period(charter: "Charter") -> str | None:
    if not charter.valid_from < charter.valid_until <= charter.valid_from + LONGEST_VALIDITY:
        return "a charter must be valid for more than nothing and at most 400 days"
    return None


def _descent(charter: "Charter") -> str | None:
    if (charter.version == 1) != (charter.previous is None):
        return "version 1, and only it, has no predecessor"
    return None


def _terms(charter: "Charter") -> str | None:
    if (charter.authority.kind == "zone") != (charter.zone is not None):
        return "a zone's charter, and only such a one, has the terms of a zone"
    return None


def _people(charter: "Charter") -> str | None:
    names = {(person.organisation.id, person.name.casefold()) for person in charter.people}
    if len(names) != len(charter.people):
        return "two people of one organisation have the same name"
    if any(list(person.roles) != sorted(set(person.roles)) for person in charter.people):
        return "the roles of a person must be sorted, each once"
    organisations: dict[str, str] = {}
    for person in charter.people:
        if (
            organisations.setdefault(person.organisation.id, person.organisation.name)
            != person.organisation.name
        ):
            return "an organisation has two names"
    return None


def _tokens(charter: "Charter") -> str | None:
    tokens = [token for person in charter.people for token in person.tokens]
    if len({token.credential_id for token in tokens}) != len(tokens):
        return "a credential id stands twice"
    if len({token.public_key for token in tokens}) != len(tokens):
        return "a public key stands twice"
    if not charter.demo and any(token.simulated for token in tokens):
        return "a simulated token can stand only in a charter of a demo"
    return None


def _share_keys(charter: "Charter") -> str | None:
    held = [(person, token) for person in charter.people for token in person.tokens if token.share_key]
    for person, token in held:
        stated = token.share_key.stated  # type: ignore[union-attr]
        if (stated.deployment, stated.demo) != (charter.deployment, charter.demo):
            return "a share key was made in another deployment"
        if (stated.person.id, stated.credential_id) != (person.id, token.credential_id):
            return f"a share key that stands with {person.name} was made by another person or token"
    if len({token.share_key.stated.public_key for _, token in held}) != len(held):  # type: ignore[union-attr]
        return "a share key stands twice"
    return None


def _groups(charter: "Charter") -> str | None:
    names = [group.name for group in charter.groups]
    if names != sorted(set(names)):
        return "groups must be sorted by name, each once"
    known = {person.id for person in charter.people}
    for group in charter.groups:
        if list(group.people) != sorted(set(group.people)) or not known.issuperset(group.people):
            return f"group {group.name} must list people of the charter, sorted, each once"
    return None


def _rules(charter: "Charter") -> str | None:
    operations = [rule.operation for rule in charter.rules]
    if operations != sorted(set(operations)):
        return "rules must be sorted by operation, each once"
    groups = {group.name for group in charter.groups}
    for rule in charter.rules:
        if any(clause.group is not None and clause.group not in groups for clause in rule.asked):
            return f"the rule for {rule.operation} names a group that is not there"
    return None


def _recovery(charter: "Charter") -> str | None:
    """A recovery clause names the other side, and a rule of its own for recoveries there is none."""
    if any(rule.operation == RECOVER for rule in charter.rules):
        return "who recovers a charter is said by its recovery clause, and by no rule"
    if charter.recovery is None:
        return None
    groups = {group.name for group in charter.groups}
    if any(clause.group is not None and clause.group not in groups for clause in charter.recovery.clauses):
        return "the recovery clause names a group that is not there"
    others = charter.recovery.others
    kinds = {"zone": ["customer", "provider"], "customer": ["provider"], "provider": ["customer"]}
    if [other.kind for other in others] != kinds[charter.authority.kind]:
        return "a recovery clause names the other side, sorted by kind"
    zone = charter.zone
    sides = {"provider": zone.provider, "customer": zone.customer} if zone is not None else {}
    for other in others:
        side = sides.get(other.kind)
        if side is not None and (side.id, side.name) != (other.id, other.name):
            return "a zone is recovered with its own provider and its own customer"
    return None


def _duties(charter: "Charter") -> str | None:
    for person in charter.people:
        if "hsm-administrator" in person.roles and {"key-manager", "custodian"} & set(person.roles):
            return f"{person.name} cannot be HSM administrator and key manager or custodian"
    return None
