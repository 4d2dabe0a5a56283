"""The charter of an authority: its people, their tokens and roles, and who must sign for what."""

import hashlib
import itertools
from enum import StrEnum
from functools import cached_property
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.consistency import contradiction
from hsmnodes.node.protocol.documents.base import (
    Bytes,
    Document,
    Hash,
    Id,
    Name,
    Named,
    Origin,
    Part,
    Slug,
    Tag,
    Time,
    Version,
)
from hsmnodes.node.protocol.documents.share_keys import ShareKey
from hsmnodes.node.protocol.documents.signatures import Assertion

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


class TokenRules(Part):
    """Which tokens the authority accepts: whether credentials that can be synced count."""

    backup_eligible: Literal["forbidden", "allowed"]


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
    share_key: Annotated[ShareKey | None, Field(exclude_if=lambda value: value is None)] = None

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


class Person(Named):
    """A person with the tokens and roles this charter gives them."""

    organisation: Named
    roles: Annotated[tuple[Annotated[Role, Field(strict=False)], ...], Field(max_length=5)]
    tokens: Annotated[tuple[Token, ...], Field(min_length=1, max_length=10)]


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
    """Who must sign for an operation: all clauses together. A rule without clauses denies."""

    operation: Tag
    clauses: Annotated[tuple[Clause, ...], Field(max_length=16)]


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

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Self:
        found = contradiction(self)
        if found is not None:
            raise ValueError(found)
        return self

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


class CharterLink(Document):
    """One version of a charter with what makes it valid after its predecessor.

    `possession` holds an assertion over challenge(FOUND, charter bytes) by every token that is new to the
    charter; `warrant` the bytes of the `charter.amend` warrant, or null for the founding version.
    """

    LIMIT: ClassVar[int] = 1_000_000

    type: Literal["quorate/charter-link/v1"] = "quorate/charter-link/v1"
    charter: Bytes
    possession: Annotated[tuple[Assertion, ...], Field(max_length=10_000)]
    warrant: Bytes | None
