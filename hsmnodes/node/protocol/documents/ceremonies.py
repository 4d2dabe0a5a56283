"""Ceremonies: a node asks for shares of a backup key, custodians give theirs, the node answers each."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hsmnodes.node.protocol.documents.base import (
    Bytes,
    Document,
    Hash,
    Id,
    Named,
    Part,
    Slug,
    Tag,
    Time,
    Version,
)
from hsmnodes.node.protocol.documents.node import Detail
from hsmnodes.node.protocol.documents.share_keys import KemPublicKey
from hsmnodes.node.protocol.documents.shares import CheckValue, Index, Threshold

Credential = Annotated[Bytes, Field(min_length=22, max_length=1364)]


class Holder(Part):
    """Who holds one share of the set that is asked for, with which token, and the commitment to it."""

    index: Index
    custodian: Named
    credential_id: Credential
    commitment: Hash


class Ceremony(Document):
    """A node asks for shares of one set, `asked` of them, to be sealed to its one-time key `public_key`.

    `threshold` of them rebuild the key; a drill may ask for more. The node has verified the warrant of the
    proposal and signs this for purpose CEREMONY. The key opens what is contributed until the operation has
    ended or `expires_at`, and is then destroyed.
    """

    type: Literal["quorate/ceremony/v1"] = "quorate/ceremony/v1"
    deployment: Id
    demo: bool
    node: Named
    proposal: Id
    proposal_hash: Hash
    step: Annotated[int, Field(ge=0, le=63)]
    operation: Tag
    zone: Named
    provider_founding: Hash
    zone_founding: Hash
    backup_key: Literal["MBK", "TBK"]
    epoch: Version
    kcv: CheckValue
    share_set: Version
    threshold: Threshold
    asked: Threshold
    commitment: Hash
    holders: Annotated[tuple[Holder, ...], Field(min_length=2, max_length=16)]
    public_key: KemPublicKey
    opened_at: Time
    expires_at: Time

    @model_validator(mode="after")
    def _is_one_set(self) -> Self:
        if [one.index for one in self.holders] != list(range(1, len(self.holders) + 1)):
            raise ValueError("the shares of a set have the indices from 1, in order")
        if len({one.custodian.id for one in self.holders}) != len(self.holders):
            raise ValueError("one custodian holds one share")
        if not self.threshold <= self.asked <= len(self.holders):
            raise ValueError("at least as many shares are asked for as rebuild the key")
        return self


class Contribution(Document):
    """What a custodian's token signs to give its share to one ceremony: challenge(CONTRIBUTE, the bytes)."""

    type: Literal["quorate/contribution/v1"] = "quorate/contribution/v1"
    deployment: Id
    demo: bool
    ceremony: Hash
    proposal: Id
    node: Named
    zone: Named
    epoch: Version
    share_set: Version
    index: Index
    person: Named
    credential_id: Credential
    nonce: Id
    at: Time


class ContributionAnswer(Document):
    """What a node says to one contribution (by its hash): it signs this for purpose CONTRIBUTION_ANSWER."""

    type: Literal["quorate/contribution-answer/v1"] = "quorate/contribution-answer/v1"
    deployment: Id
    node: Named
    ceremony: Hash
    contribution: Hash
    outcome: Literal["accepted", "refused"]
    code: Slug | None
    detail: Detail
    at: Time
