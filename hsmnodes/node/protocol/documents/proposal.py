"""A proposal: one exact request for one operation."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hsmnodes.node.protocol.documents.base import (
    LONGEST_LIFETIME,
    Document,
    Hash,
    Id,
    JSONObject,
    Name,
    Named,
    Part,
    Reason,
    Tag,
    Time,
    Version,
)
from hsmnodes.node.protocol.documents.charter import AuthorityKind


class AuthorityAt(Part):
    """An authority whose consent is needed, at the version of its charter that decides."""

    kind: Annotated[AuthorityKind, Field(strict=False)]
    id: Id
    name: Name
    version: Version
    hash: Hash


class NodeAt(Part):
    """A node that is to act, with the SHA-256 of its identity key's 65-byte point."""

    id: Id
    name: Name
    identity: Hash


class Requester(Named):
    """The person who proposes, and so never counts among those who approve."""

    organisation: Named


class Proposal(Document):
    """One exact request: what, where, under which charters, by whom, until when, and why."""

    type: Literal["quorate/proposal/v1"] = "quorate/proposal/v1"
    deployment: Id
    demo: bool
    proposal: Id
    operation: Tag
    parameters: JSONObject
    authorities: Annotated[tuple[AuthorityAt, ...], Field(min_length=1, max_length=8)]
    nodes: Annotated[tuple[NodeAt, ...], Field(max_length=64)]
    requester: Requester
    not_before: Time
    expires_at: Time
    previous: Hash | None
    reason: Reason

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if not self.not_before < self.expires_at <= self.not_before + LONGEST_LIFETIME:
            raise ValueError("a proposal lives for more than nothing and at most 7 days")
        places = [(authority.kind, authority.id) for authority in self.authorities]
        if places != sorted(set(places)):
            raise ValueError("authorities must be sorted by kind and id, each once")
        if len({node.id for node in self.nodes}) != len(self.nodes):
            raise ValueError("a node stands twice")
        return self
