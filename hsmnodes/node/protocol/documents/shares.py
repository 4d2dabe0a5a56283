"""Shares of backup keys, as they are inside the box that only their custodian's token can open."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from hsmnodes.node.protocol.documents.base import Bytes, Document, Hash, Id, Named, Version

CheckValue = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{6}$")]
Index = Annotated[int, Field(ge=1, le=16)]
Threshold = Annotated[int, Field(ge=2, le=16)]


class KeyShare(Document):
    """One share of one backup key, with all that its custodian's desk needs to judge who may have it.

    `provider_founding` and `zone_founding` are the anchors from which the desk verifies everything else;
    `commitment` and `kcv` are the key's own; `value` is the secret, in base64url.
    """

    type: Literal["quorate/key-share/v1"] = "quorate/key-share/v1"
    deployment: Id
    demo: bool
    zone: Named
    provider_founding: Hash
    zone_founding: Hash
    backup_key: Literal["MBK", "TBK"]
    epoch: Version
    share_set: Version
    threshold: Threshold
    count: Index
    index: Index
    kcv: CheckValue
    commitment: Hash
    custodian: Named
    credential_id: Bytes
    value: Bytes

    @model_validator(mode="after")
    def _fits_its_set(self) -> Self:
        if not self.threshold <= self.count or not self.index <= self.count:
            raise ValueError("a set has no more shares needed, and no higher index, than shares")
        return self
