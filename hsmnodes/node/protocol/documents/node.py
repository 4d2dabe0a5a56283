"""What nodes sign: receipts, heartbeats, and what they know of each other's journals."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import (
    Bytes,
    Document,
    Hash,
    Id,
    JSONObject,
    LongBytes,
    Named,
    Part,
    Slug,
    Tag,
    Time,
    Version,
    is_absent,
)
from hsmnodes.node.protocol.documents.charter import AuthorityKind
from hsmnodes.node.protocol.documents.shares import CheckValue
from hsmnodes.node.protocol.purposes import Purpose

Sequence = Annotated[int, Field(ge=0, le=2**53 - 1)]
Detail = Annotated[str, Field(max_length=2000)]
MOST_ZONES = 400
"""As many zones are told of in a heartbeat."""


class Outcome(StrEnum):
    """How a step of a warrant ended on a node."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


class NodeSigned(Document):
    """A node's document, its identity key's signature over challenge(purpose, payload): r || s, 64 bytes."""

    LIMIT: ClassVar[int] = 6_800_000

    type: Literal["quorate/node-signed/v1"] = "quorate/node-signed/v1"
    purpose: Annotated[Purpose, Field(strict=False)]
    node: Id
    payload: LongBytes
    signature: Annotated[Bytes, Field(min_length=86, max_length=86)]

    @property
    def payload_bytes(self) -> bytes:
        """The signed bytes."""
        return canonical.b64u_decode(self.payload)


class Receipt(Document):
    """What a node did about one step of one warrant; receipts of a node form a chain by hash.

    It is long enough to name every key of a zone.
    """

    LIMIT: ClassVar[int] = 5_000_000

    type: Literal["quorate/receipt/v1"] = "quorate/receipt/v1"
    deployment: Id
    node: Named
    proposal: Id
    proposal_hash: Hash
    operation: Tag
    step: Annotated[int, Field(ge=0, le=63)]
    outcome: Annotated[Outcome, Field(strict=False)]
    code: Slug | None
    detail: Detail
    results: JSONObject
    sequence: Sequence
    previous: Hash
    at: Time


class JournalHead(Part):
    """The last entry of a node's journal."""

    sequence: Sequence
    hash: Hash


class CharterHead(Part):
    """The version of a charter that a node goes by."""

    kind: Annotated[AuthorityKind, Field(strict=False)]
    id: Id
    version: Version
    hash: Hash


class Capacity(Part):
    """How much a node holds: slots it may have, slots in use, keys in them."""

    slots: Sequence
    slots_used: Sequence
    keys: Sequence


class Versions(Part):
    """What runs on a node."""

    agent: Annotated[str, Field(max_length=80)]
    driver: Annotated[str, Field(max_length=80)]
    library: Annotated[str, Field(max_length=80)]


class ZoneHeld(Part):
    """What a node has of a zone: how many keys, the digest over them, and its backup key's epoch and KCV.

    `changed` is the time of the last change of its keys that has come here, wherever that was begun; it is
    absent if there was none since the zone came.
    """

    id: Id
    keys: Sequence
    digest: Hash
    epoch: Version
    kcv: CheckValue
    changed: Annotated[Time | None, Field(exclude_if=is_absent)] = None


class ZoneStanding(Part):
    """That a node does not simply serve a zone as its cluster has it, and since when.

    It is `waiting` to hear the other members; `behind` the `peer`, and still serves; `out` of service, for
    having been behind for too long or since its start; or the others are `unheard`, and it serves anyway.
    """

    zone: Id
    state: Literal["waiting", "behind", "out", "unheard"]
    since: Time
    peer: Annotated[Named | None, Field(exclude_if=is_absent)] = None


class ClusterHeld(Part):
    """The cluster that a node is a member of: its id, and the revision and hash of its state."""

    id: Id
    revision: Version
    state: Hash


class Figures(Part):
    """What a node measures of itself and its machine.

    `operations` counts the steps of warrants it has carried out since it was made, `held` the messages that
    wait until it may act. `load` is the machine's load of the last minute in percent of its processors,
    `disk_free` and `disk_size` are bytes of the file system with the journal. `clock_behind` is by how many
    seconds the machine's clock is behind a time that the node has known. `sessions` are the connections of
    applications, `applications` those that are served; both are absent where the node serves none.
    """

    operations: Sequence
    held: Sequence
    load: Sequence
    disk_free: Sequence
    disk_size: Sequence
    clock_behind: Sequence
    applications: Annotated[Sequence | None, Field(exclude_if=is_absent)] = None
    sessions: Annotated[Sequence | None, Field(exclude_if=is_absent)] = None


class Heartbeat(Document):
    """The state of a node, every few seconds; `at_work` is the proposal that it is carrying out, if any.

    `zones` are those it has, by id; `endpoint` says that it serves applications; `member_of` is its
    cluster, and `standings` says of which zones it is not in step with it. Each is absent where there is
    nothing to say, and `figures` in what nodes said before they measured any.
    """

    type: Literal["quorate/heartbeat/v1"] = "quorate/heartbeat/v1"
    deployment: Id
    node: Named
    at: Time
    state: Literal["starting", "ready", "refusing"]
    reason: Detail
    journal: JournalHead
    enrolled: bool
    at_work: Id | None
    witness: Literal["peers", "hsm-only"]
    charters: Annotated[tuple[CharterHead, ...], Field(max_length=1000)]
    capacity: Capacity
    versions: Versions
    zones: Annotated[
        tuple[ZoneHeld, ...] | None, Field(min_length=1, max_length=MOST_ZONES, exclude_if=is_absent)
    ] = None
    endpoint: Annotated[Literal[True] | None, Field(exclude_if=is_absent)] = None
    figures: Annotated[Figures | None, Field(exclude_if=is_absent)] = None
    member_of: Annotated[ClusterHeld | None, Field(exclude_if=is_absent)] = None
    standings: Annotated[
        tuple[ZoneStanding, ...] | None, Field(min_length=1, max_length=MOST_ZONES, exclude_if=is_absent)
    ] = None


class WitnessRequest(Document):
    """A node that has just started asks its peers what they last saw of its journal."""

    type: Literal["quorate/witness-request/v1"] = "quorate/witness-request/v1"
    deployment: Id
    node: Named
    nonce: Id
    at: Time


class WitnessStatement(Document):
    """What a peer last saw of a node's journal, for the nonce it was asked with."""

    type: Literal["quorate/witness/v1"] = "quorate/witness/v1"
    deployment: Id
    by: Named
    about: Named
    nonce: Id
    sequence: Sequence
    hash: Hash
    at: Time
