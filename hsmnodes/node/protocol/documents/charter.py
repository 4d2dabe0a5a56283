"""The charter of an authority: its people, their tokens and roles, and who must sign for what."""

import hashlib
import itertools
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.consistency import RECOVER, contradiction
from hsmnodes.node.protocol.documents.base import (
    LONGEST_LIFETIME,
    Bytes,
    Document,
    Hash,
    Id,
    Name,
    Named,
    Note,
    Origin,
    Part,
    Slug,
    Tag,
    Time,
    Version,
    is_absent,
)
from hsmnodes.node.protocol.documents.share_keys import ShareKey
from hsmnodes.node.protocol.token_rules import not_accepted, self_contradiction

MOST_CLAUSES = 16
MOST_MODELS = 256
MOST_TOKENS = 10
MOST_WAYS = 4
LONGEST_DELAY = 30 * 86_400
SHORTEST_RECOVERY, LONGEST_RECOVERY = 7, 90
"""Days for which a recovery below quorum is announced: at least, and at most."""
DAY = 86_400
SIMULATOR_PREFIX = b"quorate-simulator:"
ES256, EDDSA = -7, -8


class AuthorityKind(StrEnum):
    """Whose consent an operation can need."""

    PROVIDER = "provider"
    CUSTOMER = "customer"
    ZONE = "zone"


class Role(StrEnum):
    """The roles a charter can give a person."""

    HSM_ADMINISTRATOR = "hsm-administrator"
    KEY_MANAGER = "key-manager"
    SECURITY_OFFICER = "security-officer"
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"


class Authority(Named):
    """The provider, customer or zone whose charter this is."""

    kind: Annotated[AuthorityKind, Field(strict=False)]


class Desk(Part):
    """The one origin at which this authority's people sign, and its WebAuthn relying party id."""

    origin: Origin
    rp_id: Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,200}$")]

    @model_validator(mode="after")
    def _is_the_origin_s_host(self) -> Self:
        if self.origin.split("://")[1].split(":")[0] != self.rp_id:
            raise ValueError("rp_id must be exactly the host of the origin")
        return self

    @cached_property
    def rp_id_hash(self) -> bytes:
        """The SHA-256 of the relying party id, with which authenticator data begins."""
        return hashlib.sha256(self.rp_id.encode("ascii")).digest()


Models = Annotated[tuple[Id, ...] | None, Field(min_length=1, max_length=MOST_MODELS, exclude_if=is_absent)]


class TokenRules(Part):
    """Which tokens the authority accepts.

    `backup_eligible` says whether credentials that can be synced count, `attestation` that a token's make
    must have been proved; `models_allowed` and `models_blocked` name models by AAGUID; `tokens_each` is how
    many tokens each person has at least. Members that are None are absent, and demand nothing.
    """

    backup_eligible: Literal["forbidden", "allowed"]
    attestation: Annotated[Literal["required"] | None, Field(exclude_if=is_absent)] = None
    models_allowed: Models = None
    models_blocked: Models = None
    tokens_each: Annotated[int | None, Field(ge=2, le=MOST_TOKENS, exclude_if=is_absent)] = None

    @model_validator(mode="after")
    def _can_be_meant(self) -> Self:
        found = self_contradiction(self)
        if found is not None:
            raise ValueError(found)
        return self

    @property
    def least(self) -> int:
        """How many tokens each person has at least."""
        return self.tokens_each or 1


class Attestation(Part):
    """What the token said of its make when it was enrolled, and whether that was proved."""

    format: Slug
    trusted: bool


class Token(Part):
    """A WebAuthn credential: its public key in the one encoding that is accepted."""

    credential_id: Annotated[Bytes, Field(min_length=22, max_length=1364)]
    algorithm: Literal[-7, -8]
    public_key: Bytes
    label: Name
    aaguid: Id
    attestation: Attestation
    backup_eligible: bool
    simulated: bool
    share_key: Annotated[ShareKey | None, Field(exclude_if=is_absent)] = None

    @model_validator(mode="after")
    def _has_a_key_of_its_algorithm(self) -> Self:
        key = self.key_bytes
        if self.algorithm == ES256 and not (len(key) == 65 and key[0] == 4):
            raise ValueError("an ES256 key must be an uncompressed P-256 point of 65 bytes")
        if self.algorithm == EDDSA and len(key) != 32:
            raise ValueError("an EdDSA key must have 32 bytes")
        if self.simulated != canonical.b64u_decode(self.credential_id).startswith(SIMULATOR_PREFIX):
            raise ValueError("a simulated token, and only such a one, has a simulator's credential id")
        return self

    @cached_property
    def key_bytes(self) -> bytes:
        """The raw public key."""
        return canonical.b64u_decode(self.public_key)

    @cached_property
    def facts(self) -> "Token":
        """All that is said of it but its share key, for which it signs apart: its holder signs for these."""
        return self.model_copy(update={"share_key": None})


class Person(Named):
    """A person with the tokens and roles this charter gives them."""

    organisation: Named
    roles: Annotated[tuple[Annotated[Role, Field(strict=False)], ...], Field(max_length=5)]
    tokens: Annotated[tuple[Token, ...], Field(min_length=1, max_length=MOST_TOKENS)]


class Group(Part):
    """A group of people that the organisation defines for its rules."""

    name: Slug
    people: tuple[Id, ...]


class Clause(Part):
    """M people of one role or one group of this authority."""

    role: Annotated[Role, Field(strict=False)] | None
    group: Slug | None
    m: Annotated[int, Field(ge=1, le=64)]

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.role is None) == (self.group is None):
            raise ValueError("a clause names either a role or a group")
        return self


class Rule(Part):
    """Who must sign for an operation: all of `clauses` together, or all of one of the `alternatives` to them.

    A rule without clauses denies. A node acts only when `delay` seconds have passed since it was first shown
    that enough have signed; a proposal may live for `lifetime` seconds at most. With `custodians_apart`, who
    gives a share for it does not count among those who approve it. `hours` is advice for people, which
    nothing enforces. Members that are None are absent from the document, and say nothing.
    """

    operation: Tag
    clauses: Annotated[tuple[Clause, ...], Field(max_length=MOST_CLAUSES)]
    alternatives: Annotated[
        tuple[Annotated[tuple[Clause, ...], Field(min_length=1, max_length=MOST_CLAUSES)], ...] | None,
        Field(min_length=1, max_length=MOST_WAYS - 1, exclude_if=is_absent),
    ] = None
    delay: Annotated[int | None, Field(ge=1, le=LONGEST_DELAY, exclude_if=is_absent)] = None
    lifetime: Annotated[int | None, Field(ge=1, le=LONGEST_LIFETIME, exclude_if=is_absent)] = None
    hours: Annotated[Note | None, Field(exclude_if=is_absent)] = None
    custodians_apart: Annotated[Literal[True] | None, Field(exclude_if=is_absent)] = None

    @model_validator(mode="after")
    def _has_no_alternative_to_nothing(self) -> Self:
        if self.alternatives and not self.clauses:
            raise ValueError("a rule that has alternatives has clauses in each of them")
        return self

    @cached_property
    def ways(self) -> tuple[tuple[Clause, ...], ...]:
        """The alternatives, the first of them too: each is enough by itself. None where it is denied."""
        return (self.clauses, *(self.alternatives or ())) if self.clauses else ()

    @cached_property
    def fewest(self) -> int:
        """With how many people it is satisfied at the least; 0 where it is denied."""
        return min((sum(clause.m for clause in way) for way in self.ways), default=0)

    @property
    def asked(self) -> tuple[Clause, ...]:
        """Every clause of every alternative, one after the other."""
        return tuple(clause for way in self.ways for clause in way)


class OtherSide(Named):
    """Whose consent a recovery takes, and the hash of a version of their charter that is known."""

    kind: Annotated[AuthorityKind, Field(strict=False)]
    charter: Hash


class Recovery(Part):
    """How a charter can be recovered by fewer people than amend it: who of them, after how long, with whom.

    All of `clauses` must sign, the `others` consent each by the rule for amendments of its own charter, and
    `days` pass in which anybody of this charter can cancel it.
    """

    clauses: Annotated[tuple[Clause, ...], Field(min_length=1, max_length=MOST_CLAUSES)]
    days: Annotated[int, Field(ge=SHORTEST_RECOVERY, le=LONGEST_RECOVERY)]
    others: Annotated[tuple[OtherSide, ...], Field(min_length=1, max_length=2)]

    @cached_property
    def rule(self) -> Rule:
        """Its clauses as a rule."""
        return Rule(operation=RECOVER, clauses=self.clauses)

    @property
    def seconds(self) -> int:
        """The delay in seconds."""
        return self.days * DAY


class ZoneTerms(Part):
    """What a zone's charter says of its place: the service it is part of and who controls it."""

    service: Named
    provider: Named
    customer: Named
    controller: Literal["provider", "customer"]


def _sorted_ids(people: tuple[Person, ...]) -> tuple[Person, ...]:
    if any(one.id >= next_.id for one, next_ in itertools.pairwise(people)):
        raise ValueError("people must be sorted by id, each once")
    return people


class Charter(Document):
    """The signed, versioned document of an authority (design: charters change like TUF roots)."""

    type: Literal["quorate/charter/v1"] = "quorate/charter/v1"
    deployment: Id
    demo: bool
    authority: Authority
    version: Version
    previous: Hash | None
    valid_from: Time
    valid_until: Time
    desk: Desk
    token_rules: TokenRules
    zone: ZoneTerms | None
    people: Annotated[tuple[Person, ...], Field(min_length=1, max_length=1000), AfterValidator(_sorted_ids)]
    groups: Annotated[tuple[Group, ...], Field(max_length=100)]
    rules: Annotated[tuple[Rule, ...], Field(max_length=200)]
    recovery: Annotated[Recovery | None, Field(exclude_if=is_absent)] = None

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Self:
        found = contradiction(self)
        if found is not None:
            raise ValueError(found)
        return self

    @model_validator(mode="after")
    def _accepts_its_tokens(self) -> Self:
        for found in not_accepted(self):
            raise PydanticCustomError(found.code, "{message}", {"message": found.message})
        return self

    @cached_property
    def named(self) -> tuple[AuthorityKind, str, str, int, str]:
        """What a proposal names it by: kind, id and name of the authority, the version, and the hash."""
        return self.authority.kind, self.authority.id, self.authority.name, self.version, self.sha256

    @cached_property
    def persons(self) -> dict[str, Person]:
        """Its people by id."""
        return {person.id: person for person in self.people}

    @cached_property
    def by_credential(self) -> dict[str, tuple[Person, Token]]:
        """Each credential id with its token and the person it belongs to."""
        return {token.credential_id: (person, token) for person in self.people for token in person.tokens}

    @cached_property
    def by_key(self) -> dict[str, Person]:
        """Each token's public key with the person it belongs to."""
        return {token.public_key: person for person in self.people for token in person.tokens}

    @cached_property
    def _rules_by_operation(self) -> dict[str, Rule]:
        return {rule.operation: rule for rule in self.rules}

    @cached_property
    def _eligible(self) -> dict[tuple[Role | None, str | None], frozenset[str]]:
        roles = {
            (role, None): frozenset(person.id for person in self.people if role in person.roles)
            for role in Role
        }
        return roles | {(None, group.name): frozenset(group.people) for group in self.groups}

    def rule(self, operation: str) -> Rule | None:
        """The rule for an operation, or None, which denies it."""
        return self._rules_by_operation.get(operation)

    def eligible(self, clause: Clause) -> frozenset[str]:
        """The ids of the people who can take a seat of `clause`."""
        return self._eligible.get((clause.role, clause.group), frozenset())
