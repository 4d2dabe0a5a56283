"""Which tokens a charter accepts: what its rules say of one token, and of how many each person has.

What a token says of its make was checked by the console that enrolled it, and stands in the charter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hsmnodes.node.protocol.documents.charter import Charter, Person, Token, TokenRules


class Why(StrEnum):
    """Why rules do not accept a token, in words."""

    SYNCED = "it can be synced"
    NOT_PROVED = "its make is not proved"
    BLOCKED = "its model is blocked"
    NOT_ALLOWED = "its model is not one of those allowed"


@dataclass(frozen=True)
class NotAccepted:
    """A person with a token that is not accepted and why, or, without one, with too few tokens."""

    person: "Person"
    token: "Token | None"
    why: Why | None
    code: str
    message: str


def why_not(rules: "TokenRules", token: "Token") -> Why | None:
    """Why these rules do not accept a token, or None if they do."""
    if token.backup_eligible and rules.backup_eligible == "forbidden":
        return Why.SYNCED
    if rules.attestation == "required" and not token.attestation.trusted:
        return Why.NOT_PROVED
    if token.aaguid in (rules.models_blocked or ()):
        return Why.BLOCKED
    if rules.models_allowed is not None and token.aaguid not in rules.models_allowed:
        return Why.NOT_ALLOWED
    return None


def not_accepted(charter: "Charter") -> Iterator[NotAccepted]:
    """Every token in a charter that its own rules do not accept, and everyone who has too few."""
    rules = charter.token_rules
    for person in charter.people:
        for token in person.tokens:
            why = why_not(rules, token)
            if why is not None:
                message = (
                    f"the charter's own rule does not accept the token {token.label} of {person.name}: {why}"
                )
                yield NotAccepted(person, token, why, "token-not-accepted", message)
        if len(person.tokens) < rules.least:
            message = (
                f"{person.name} has too few tokens for the charter's own rule: {rules.least} are asked for"
            )
            yield NotAccepted(person, None, None, "too-few-tokens", message)


def self_contradiction(rules: "TokenRules") -> str | None:
    """What rules say that cannot be meant, in words, or None."""
    allowed, blocked = rules.models_allowed, rules.models_blocked
    for models in (allowed, blocked):
        if models is not None and list(models) != sorted(set(models)):
            return "models must be sorted, each once"
    if allowed is not None and rules.attestation is None:
        return "models are allowed only where attestation is required: without it a token can say any model"
    if set(allowed or ()) & set(blocked or ()):
        return "a model is both allowed and blocked"
    return None
