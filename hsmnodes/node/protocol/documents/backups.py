"""What a node signs of a backup: which keys of a zone, under which backup key, and the hash of each blob.

Of a backup that is one file it signs the manifest, which names every key. Of one in parts it signs an index,
which has the hash of each part; a part describes the keys whose blobs it holds.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Bytes, Document, Hash, Id, Name, Named, Part, Time, Version
from hsmnodes.node.protocol.documents.shares import CheckValue

MOST_KEYS = 20_000
MOST_IN_ONE_FILE = 5_000
MOST_IN_A_PART = 1_000
MOST_PARTS = 64
LONGEST_BACKUP = 48_000_000
LONGEST_PART = 11_500_000  # in base64 it still fits into a message
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
        if len(self.usages) > 1 and list(self.usages) != sorted(set(self.usages)):
            raise ValueError("usages must be sorted, each once")
        if self.algorithm.startswith("aes-") == (self.public_key is not None):
            raise ValueError("a pair has a public key, and nothing else has")
        if self.public_key is not None and self.check_value is not None:
            raise ValueError("only a secret key has a check value")
        return self

    @property
    def public_key_sha256(self) -> str | None:
        """The hash of a pair's public key, which people sign for where the key is restored."""
        return (
            None if self.public_key is None else canonical.sha256_hex(canonical.b64u_decode(self.public_key))
        )


class Taken(Part):
    """What is said of every backup: which node took it of which zone, under which backup key, and when.

    `identity` is the point of the node's identity key, 65 bytes; `kcv` and `epoch` are the backup key's;
    `proposal` is that under which it was taken.
    """

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

    @property
    def identity_point(self) -> bytes:
        """The identity key of the node that took it: its point, 65 bytes."""
        return canonical.b64u_decode(self.identity)


class BackupManifest(Taken, Document):
    """The manifest of a backup that is one file: its node signs this for purpose BACKUP."""

    LIMIT: ClassVar[int] = 6_000_000

    type: Literal["quorate/backup-manifest/v1"] = "quorate/backup-manifest/v1"
    keys: Annotated[tuple[BackedUpKey, ...], Field(min_length=1, max_length=MOST_IN_ONE_FILE)]

    @model_validator(mode="after")
    def _names_each_key_once(self) -> Self:
        check_named_once(self.keys)
        return self


class BackupPart(Part):
    """One part as the index has it: the id of its first key, how many there are, its bytes and their hash."""

    first: Id
    keys: Annotated[int, Field(ge=1, le=MOST_IN_A_PART)]
    sha256: Hash
    size: Annotated[int, Field(ge=1, le=LONGEST_PART)]


class BackupIndex(Taken, Document):
    """The index of a backup in parts: its node signs this for purpose BACKUP. `keys` is how many there are.

    A key is in the last part whose first key has not a greater id.
    """

    type: Literal["quorate/backup-index/v1"] = "quorate/backup-index/v1"
    keys: Annotated[int, Field(ge=1, le=MOST_KEYS)]
    parts: Annotated[tuple[BackupPart, ...], Field(min_length=1, max_length=MOST_PARTS)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        firsts, hashes = [part.first for part in self.parts], {part.sha256 for part in self.parts}
        if firsts != sorted(set(firsts)) or len(hashes) != len(firsts):
            raise ValueError("parts must be sorted by their first key, each once")
        if sum(part.keys for part in self.parts) != self.keys:
            raise ValueError("the parts hold more or fewer keys than it says")
        return self


class PartManifest(Document):
    """The keys of one part of a backup, which is number `number` from 1; the index has the part's hash."""

    LIMIT: ClassVar[int] = 4_000_000

    type: Literal["quorate/backup-part/v1"] = "quorate/backup-part/v1"
    number: Annotated[int, Field(ge=1, le=MOST_PARTS)]
    keys: Annotated[tuple[BackedUpKey, ...], Field(min_length=1, max_length=MOST_IN_A_PART)]

    @model_validator(mode="after")
    def _names_each_key_once(self) -> Self:
        check_named_once(self.keys)
        return self


def check_named_once(keys: Sequence[BackedUpKey]) -> None:
    """Raise ValueError unless keys are sorted by their id, and each id and label stands once."""
    ids = [key.id for key in keys]
    if ids != sorted(set(ids)):
        raise ValueError("keys must be sorted by their id, each once")
    if len({key.label.casefold() for key in keys}) != len(ids):
        raise ValueError("two keys have the same label")
