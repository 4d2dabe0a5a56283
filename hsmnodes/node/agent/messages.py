"""What travels between console and node: JSON text that carries documents. None of it is trusted."""

from collections.abc import Callable, Iterable
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.backups import MOST_PARTS
from hsmnodes.node.protocol.documents.node import NodeSigned
from hsmnodes.node.protocol.documents.signatures import Assertion
from hsmnodes.node.protocol.errors import DocumentRefused

DELIVER = "quorate.node.deliver"
RECEIVE = "quorate.console.receive"
CONSOLE_QUEUE = "console"
HEARTBEAT_QUEUE = "heartbeats"
"""Heartbeats to the console: each says all that the one before said, so those that are old are dropped."""
LONGEST = 16_000_000
LONGEST_LOAD = 8_000_000
"""Bytes that travel beside one document; a single thing that is longer travels alone."""

Blob = Annotated[str, Field(max_length=1_400_000, pattern=r"^[A-Za-z0-9_-]*$")]
Links = Annotated[tuple[Blob, ...], Field(max_length=1000)]
Enclosure = Annotated[str, Field(max_length=LONGEST, pattern=r"^[A-Za-z0-9_-]*$")]


def queue_of(node: str) -> str:
    """The name of the queue of the node with this id."""
    return f"node.{node}"


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    def text(self) -> str:
        """The message as it is sent."""
        return self.model_dump_json()


class WarrantMessage(_Message):
    """A step of a warrant to be carried out, with the charters (links) the node may not have yet.

    `receipts` are those of earlier steps that this one needs; `suspensions` those that the node may not
    know of; `enclosures` what the proposal or these have the hash of and is too long for them, as the file of
    a backup is. If `more` enclosures follow in further
    messages of the same warrant and step, the node keeps these until the last is there.
    """

    kind: Literal["warrant"] = "warrant"
    step: Annotated[int, Field(ge=0, le=63)] = 0
    warrant: Blob
    charters: Links = ()
    receipts: Annotated[tuple[NodeSigned, ...], Field(max_length=64)] = ()
    suspensions: Annotated[tuple[Blob, ...], Field(max_length=200)] = ()
    enclosures: Annotated[tuple[Enclosure, ...], Field(max_length=MOST_PARTS + 4)] = ()
    more: bool = False


class ChartersMessage(_Message):
    """Charters (links) that have come into force."""

    kind: Literal["charters"] = "charters"
    charters: Links


class PeerMessage(_Message):
    """The `node.enrol` warrant of another node of the provider."""

    kind: Literal["peer"] = "peer"
    warrant: Blob
    charters: Links = ()


class HeartbeatMessage(_Message):
    """The heartbeat of a peer."""

    kind: Literal["heartbeat"] = "heartbeat"
    envelope: NodeSigned


class WitnessRequestMessage(_Message):
    """A peer that has started asks what is known of its journal."""

    kind: Literal["witness-request"] = "witness-request"
    envelope: NodeSigned


class WitnessMessage(_Message):
    """A peer says what it knows of this node's journal."""

    kind: Literal["witness"] = "witness"
    envelope: NodeSigned


class CancellationMessage(_Message):
    """A cancellation, the proposal it cancels, and its requester's signature: who requests may cancel.

    `coming` is the charter that the proposal is to bring into force, if it is such: who comes may cancel.
    """

    kind: Literal["cancellation"] = "cancellation"
    proposal: Blob
    cancellation: Blob
    request: Assertion | None = None
    coming: Blob | None = None


class SuspensionMessage(_Message):
    """A suspension, of a token or of an application."""

    kind: Literal["suspension"] = "suspension"
    suspension: Blob
    charters: Links = ()


class ContributionMessage(_Message):
    """A custodian's contribution to a ceremony, and the share, sealed to the node's one-time key."""

    kind: Literal["contribution"] = "contribution"
    contribution: Blob
    assertion: Assertion
    sealed: Annotated[str, Field(max_length=4000, pattern=r"^[A-Za-z0-9_-]*$")]


ToNode = (
    WarrantMessage
    | ChartersMessage
    | PeerMessage
    | HeartbeatMessage
    | WitnessRequestMessage
    | WitnessMessage
    | CancellationMessage
    | SuspensionMessage
    | ContributionMessage
)


class CarriedAttachment(_Message):
    """Bytes beside a receipt; `sha256` is for finding, the receipt's results are what holds."""

    name: Annotated[str, Field(max_length=200)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    data: Annotated[str, Field(max_length=LONGEST)]


class FromNode(_Message):
    """What a node says: a signed document, and for receipts the attachments.

    If there are `more` of these, they follow in further messages with the same receipt.
    """

    kind: Literal["receipt", "heartbeat", "witness-request", "witness", "ceremony", "contribution-answer"]
    envelope: NodeSigned
    attachments: tuple[CarriedAttachment, ...] = ()
    more: bool = False


M = TypeVar("M")
T = TypeVar("T")
_to_node: TypeAdapter[ToNode] = TypeAdapter(Annotated[ToNode, Field(discriminator="kind")])
_from_node = TypeAdapter(FromNode)


def read_to_node(text: str) -> ToNode:
    """A message to a node. Raises DocumentRefused."""
    return _read(_to_node, text)


def read_from_node(text: str) -> FromNode:
    """A message from a node. Raises DocumentRefused."""
    return _read(_from_node, text)


def in_loads(things: Iterable[T], size: Callable[[T], int]) -> list[list[T]]:
    """Things in as few messages as they fit into, in their order; one empty load, if there are none."""
    loads: list[list[T]] = [[]]
    room = LONGEST_LOAD
    for thing in things:
        if loads[-1] and size(thing) > room:
            loads.append([])
            room = LONGEST_LOAD
        loads[-1].append(thing)
        room -= size(thing)
    return loads


def decode(blob: str) -> bytes:
    """The bytes a message carries. Raises DocumentRefused."""
    return canonical.b64u_decode(blob)


def _read(adapter: TypeAdapter[M], text: str) -> M:
    if len(text) > LONGEST:
        raise DocumentRefused("too-long", f"The message has {len(text)} characters.")
    try:
        return adapter.validate_json(text)
    except (ValidationError, UnicodeEncodeError):
        raise DocumentRefused("bad-message", "The message is not one that is known.") from None
