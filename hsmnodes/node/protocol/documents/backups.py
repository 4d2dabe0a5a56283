"""The manifest of a backup: which keys of a zone, under which backup key, and the hash of each blob."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Bytes, Document, Hash, Id, Name, Named, Part, Time, Version
from hsmnodes.node.protocol.documents.shares import CheckValue

MOST_KEYS = 5_000
LONGEST_BLOB = 8_192

Algorithm = Literal["aes-128", "aes-256", "ec-p256", "ec-p384", "rsa-2048", "rsa-3072", "rsa-4096"]
Usage = Literal["decrypt", "encrypt", "sign"]
Point = Annotated[Bytes, StringConstraints(min_length=87, max_length=87)]


class BackedUpKey(Part):
    """One key: what it is, what it may do, and the blob it is wrapped in.

    `public_key` is SubjectPublicKeyInfo in DER, of a pair; `check_value` the KCV of a secret key; `proposal`
    that by which it came about.
    """

    id: Id
    label: Name
    algorithm: Algorithm
    usages: Annotated[tuple[Usage, ...], Field(max_length=3)]
    public_key: Annotated[Bytes, Field(max_length=2_000)] | None
    check_value: CheckValue | None
    proposal: Id
    blob_sha256: Hash
    blob_size: Annotated[int, Field(ge=1, le=LONGEST_BLOB)]

    @model_validator(mode="after")
    def _is_one_key(self) -> Self:
        if list(self.usages) != sorted(set(self.usages)):
            raise ValueError("usages must be sorted, each once")
        if self.algorithm.startswith("aes-") == (self.public_key is not None):
            raise ValueError("a pair has a public key, and nothing else has")
        if self.public_key is not None and self.check_value is not None:
            raise ValueError("only a secret key has a check value")
        return self


class BackupManifest(Document):
    """What a node says of the backup that it took under a proposal: it signs this for purpose BACKUP.

    `identity` is the point of its identity key, 65 bytes; `kcv` and `epoch` are the backup key's.
    """

    LIMIT: ClassVar[int] = 6_000_000

    type: Literal["quorate/backup-manifest/v1"] = "quorate/backup-manifest/v1"
    deployment: Id
    demo: bool
    node: Named
    identity: Point
    zone: Named
    slot: Named
    backup_key: Literal["MBK", "TBK"]
    epoch: Version
    kcv: CheckValue
    proposal: Id
    taken_at: Time
    keys: Annotated[tuple[BackedUpKey, ...], Field(min_length=1, max_length=MOST_KEYS)]

    @model_validator(mode="after")
    def _names_each_key_once(self) -> Self:
        ids = [key.id for key in self.keys]
        if ids != sorted(set(ids)):
            raise ValueError("keys must be sorted by their id, each once")
        if len({key.label.casefold() for key in self.keys}) != len(ids):
            raise ValueError("two keys have the same label")
        return self

    @property
    def identity_point(self) -> bytes:
        """The identity key of the node that took it: its point, 65 bytes."""
        return canonical.b64u_decode(self.identity)
