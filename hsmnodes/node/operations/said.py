"""What nodes say in receipts of steps that others follow on, read as strictly as all from outside."""

from typing import Annotated, Literal

from pydantic import Field

from hsmnodes.node.protocol.documents.backups import MOST_PARTS
from hsmnodes.node.protocol.documents.base import Bytes, Hash, Id, Model, Name, Named, Time, Version
from hsmnodes.node.protocol.documents.shares import CheckValue, Index, Threshold

MOST_AT_ONCE = 200
"""Keys that a proposal rotates or destroys at most."""

MOST_DESTROYED = 100_000
"""Keys that a node names as destroyed, at most, where a zone is extended."""

OneTimeKey = Annotated[Bytes, Field(min_length=43, max_length=43)]
Parts = Annotated[tuple[Hash, ...], Field(max_length=MOST_PARTS)]
CredentialId = Annotated[Bytes, Field(min_length=22, max_length=1364)]


class Offered(Model):
    """A one-time key (X25519, 32 bytes)."""

    one_time_key: OneTimeKey


class SaidKey(Model):
    """A backup key: its kind, epoch, check value and id."""

    kind: Literal["MBK", "TBK"]
    epoch: Version
    kcv: CheckValue
    id: Id


class SaidHolder(Model):
    """Who holds a share, with which token, and the commitment to it."""

    index: Index
    custodian: Named
    credential_id: CredentialId
    commitment: Hash


class SaidShareSet(Model):
    """The last share set of a backup key."""

    number: Version
    epoch: Version
    threshold: Threshold
    commitment: Hash
    holders: Annotated[tuple[SaidHolder, ...], Field(min_length=2, max_length=16)]


class SaidDestroyed(Model):
    """A key that was destroyed."""

    id: Id
    label: Name


class Sent(Model):
    """A backup key that was sealed for another node, the backup of keys beside it, and what is no more."""

    backup_key: SaidKey
    sealed_sha256: Hash
    archive_sha256: Hash | None = None
    parts_sha256: Parts = ()
    share_set: SaidShareSet | None
    destroyed: Annotated[tuple[SaidDestroyed, ...], Field(max_length=MOST_DESTROYED)]


class SaidShare(SaidHolder):
    """A share that was made, with the hash of its box."""

    sealed_sha256: Hash


class Shared(Model):
    """A share set that was made."""

    commitment: Hash
    shares: Annotated[tuple[SaidShare, ...], Field(min_length=2, max_length=16)]


class Retired(Model):
    """The backup key that was in force before."""

    epoch: Version
    kcv: CheckValue


class Moved(Model):
    """A box for one node."""

    node: Named
    sealed_sha256: Hash


class Rotated(Shared):
    """A rotation on the first node."""

    backup_key: SaidKey
    retired: Retired
    keys: Annotated[int, Field(ge=0, le=100_000)]
    moved: Annotated[tuple[Moved, ...], Field(max_length=16)]
    archive_sha256: Hash | None = None
    parts_sha256: Parts = ()


class SaidNewKey(Model):
    """A key that was made."""

    id: Id
    label: Name
    algorithm: Annotated[str, Field(max_length=20)]
    usages: Annotated[tuple[str, ...], Field(max_length=3)]
    public_key: Annotated[Bytes, Field(max_length=2_000)] | None
    kcv: CheckValue | None
    blob: Hash
    epoch: Version


class Generated(Model):
    """Keys that were made, and the backup they are in."""

    keys: Annotated[tuple[SaidNewKey, ...], Field(min_length=1, max_length=50)]
    archive_sha256: Hash


class SaidSuccessor(SaidNewKey):
    """A key that was made, and the id of the one in whose place it was."""

    replaces: Id


class GeneratedInPlace(Model):
    """Keys that were made in the place of others, and the backup they are in."""

    keys: Annotated[tuple[SaidSuccessor, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]
    archive_sha256: Hash


class Destroyed(Model):
    """Keys that were destroyed."""

    keys: Annotated[tuple[SaidDestroyed, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class SaidUsableKey(Model):
    """A key that an application may use, and for what."""

    id: Id
    label: Name
    usages: Annotated[tuple[str, ...], Field(min_length=1, max_length=3)]


class Admitted(Model):
    """An application that was admitted, with what came beside that."""

    application: Named
    token: Id
    keys: Annotated[tuple[SaidUsableKey, ...], Field(min_length=1, max_length=50)]
    pin_sha256: Hash
    kit_sha256: Hash
    shared_pin_sha256: Hash


class Removed(Model):
    """An application that was removed."""

    application: Named


class ConfirmedKey(Model):
    """The backup key that a zone is under."""

    epoch: Version
    kcv: CheckValue


class Confirmed(Model):
    """What a node has of a zone, and until when it keeps it."""

    keys: Annotated[int, Field(ge=0, le=10_000_000)]
    digest: Hash
    backup_key: ConfirmedKey
    kept_until: Time


class ClusterSaid(Model):
    """A state of a cluster that a node has noted, or can; `left` is said by the one that has left."""

    cluster: Named
    state: Hash
    revision: Version
    left: Named | None = None
