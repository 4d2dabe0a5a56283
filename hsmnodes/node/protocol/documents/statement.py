"""The statement: the separation of duties that a provider and a customer agree on for a service.

It says in full what the charters in force say about duties, without the keys: whoever has those charters can
make it anew and compare (hsmnodes/node/protocol/statements.py).
"""

import itertools
from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from hsmnodes.node.protocol.documents.base import (
    Document,
    Hash,
    Id,
    Named,
    Note,
    Part,
    Time,
    Version,
    is_absent,
)
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Group, Role, Rule, TokenRules, ZoneTerms
from hsmnodes.node.protocol.documents.charter import Recovery as RecoveryClause
from hsmnodes.node.protocol.documents.proposal import AuthorityAt

Side = Literal["provider", "customer"]
SIDES: tuple[Side, ...] = ("provider", "customer")
MOST_ZONES = 100

Exclusion = Literal[
    "administrators-apart",
    "controller-decides",
    "one-seat",
    "requester-apart",
    "two-at-least",
    "user-verified",
]
Recovery = Literal["founded-anew", "no-reset", "old-shares", "suspended-at-once"]
EXCLUSIONS: tuple[Exclusion, ...] = (
    "administrators-apart",
    "controller-decides",
    "one-seat",
    "requester-apart",
    "two-at-least",
    "user-verified",
)
RECOVERY: tuple[Recovery, ...] = ("founded-anew", "no-reset", "old-shares", "suspended-at-once")


class StatedService(Named):
    """The service: a whole HSM for the customer, or a slot of one that others use too."""

    mode: Literal["exclusive", "shared"]


class StatedPerson(Named):
    """A person with the roles a charter gives them, and how their share keys are kept, if they have any."""

    organisation: Named
    roles: Annotated[tuple[Annotated[Role, Field(strict=False)], ...], Field(max_length=5)]
    share_keys: Annotated[tuple[Literal["file", "sheet", "token"], ...], Field(max_length=3)]


class StatedRule(Part):
    """A rule of a charter, beside the rule that such charters begin with, and whether it asks for less."""

    rule: Rule
    default: Rule | None
    weaker: bool

    @model_validator(mode="after")
    def _is_about_one_operation(self) -> Self:
        if self.default is not None and self.default.operation != self.rule.operation:
            raise ValueError("a rule and its default are about one operation")
        if self.weaker and self.default is None:
            raise ValueError("a rule is weaker than a default that is there")
        return self


class StatedCharter(Part):
    """What one charter says about duties; `authority` names the exact version it was taken from.

    `recovery` is its clause on how it is recovered below its quorum, absent where that is off.
    """

    authority: AuthorityAt
    zone: ZoneTerms | None
    token_rules: TokenRules
    people: Annotated[tuple[StatedPerson, ...], Field(min_length=1, max_length=1000)]
    groups: Annotated[tuple[Group, ...], Field(max_length=100)]
    rules: Annotated[tuple[StatedRule, ...], Field(max_length=200)]
    recovery: Annotated[RecoveryClause | None, Field(exclude_if=is_absent)] = None

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if (self.authority.kind == AuthorityKind.ZONE) != (self.zone is not None):
            raise ValueError("a zone's charter, and only such a one, has the terms of a zone")
        known = {one.id for one in self.people}
        names = {one.name for one in self.groups}
        if not all(known.issuperset(group.people) for group in self.groups):
            raise ValueError("a group lists people who are not stated")
        clauses = [clause for one in self.rules for clause in one.rule.asked]
        clauses += self.recovery.clauses if self.recovery is not None else ()
        if any(clause.group is not None and clause.group not in names for clause in clauses):
            raise ValueError("a rule names a group that is not stated")
        for what, keys in (
            ("people", [one.id for one in self.people]),
            ("groups", [one.name for one in self.groups]),
            ("rules", [one.rule.operation for one in self.rules]),
        ):
            _check_ascending(keys, what)
        for one in self.people:
            _check_ascending(one.roles, "roles")
            _check_ascending(one.share_keys, "share_keys")
        return self


class Contact(Part):
    """How the holders of a role on one side are reached, as the two sides wrote it."""

    side: Side
    role: Annotated[Role, Field(strict=False)]
    reach: Note


class Statement(Document):
    """The agreed separation of duties of one service, version by version.

    `previous` is the hash of the statement that both sides signed before; `contacts` is all that does not
    come from charters or from the start of the service.
    """

    LIMIT: ClassVar[int] = 500_000

    type: Literal["quorate/statement/v1"] = "quorate/statement/v1"
    deployment: Id
    demo: bool
    version: Version
    previous: Hash | None
    at: Time
    service: StatedService
    provider: StatedCharter
    customer: StatedCharter
    zones: Annotated[tuple[StatedCharter, ...], Field(max_length=MOST_ZONES)]
    contacts: Annotated[tuple[Contact, ...], Field(max_length=10)]
    exclusions: tuple[Exclusion, ...]
    recovery: tuple[Recovery, ...]

    @property
    def charters(self) -> tuple[StatedCharter, ...]:
        """What it states of each charter: the provider's, the customer's, each zone's."""
        return (self.provider, self.customer, *self.zones)

    @model_validator(mode="after")
    def _is_of_one_service(self) -> Self:
        if (self.version == 1) != (self.previous is None):
            raise ValueError("version 1, and only it, has no predecessor")
        provider, customer = self.provider.authority, self.customer.authority
        if (provider.kind, customer.kind) != (AuthorityKind.PROVIDER, AuthorityKind.CUSTOMER):
            raise ValueError("the two sides are a provider and a customer")
        for one in self.zones:
            terms = one.zone
            if terms is None or (terms.service.id, terms.provider.id, terms.customer.id) != (
                self.service.id,
                provider.id,
                customer.id,
            ):
                raise ValueError("a zone is of another service or of other sides")
        _check_ascending([one.authority.id for one in self.zones], "zones")
        _check_ascending([f"{one.side} {one.role.value}" for one in self.contacts], "contacts")
        if (self.exclusions, self.recovery) != (EXCLUSIONS, RECOVERY):
            raise ValueError("a statement names everything that is kept apart and how loss is recovered from")
        return self


def _check_ascending(keys: Iterable[str], what: str) -> None:
    if any(one >= next_ for one, next_ in itertools.pairwise(keys)):
        raise ValueError(f"{what} must be sorted, each once")
