"""What travels between console and node: JSON text that carries documents. None of it is trusted."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.node import NodeSigned
from hsmnodes.node.protocol.documents.signatures import Assertion
from hsmnodes.node.protocol.errors import DocumentRefused

DELIVER = "quorate.node.deliver"
RECEIVE = "quorate.console.receive"
CONSOLE_QUEUE = "console"
LONGEST = 16_000_000

Blob = Annotated[str, Field(max_length=1_400_000, pattern=r"^[A-Za-z0-9_-]*$")]
Links = Annotated[tuple[Blob, ...], Field(max_length=1000)]


def queue_of(node: str) -> str:
    """The name of the queue of the node with this id."""
    return f"node.{node}"


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    def text(self) -> str:
        """The message as it is sent."""
        return self.model_dump_json()


class WarrantMessage(_Message):
    """A warrant to be carried out, with the charters (links) the node may not have yet.

    `enclosure` is what the proposal has the hash of and is too long for a warrant: the file of a backup.
    """

    kind: Literal["warrant"] = "warrant"
    step: Annotated[int, Field(ge=0, le=63)] = 0
    warrant: Blob
    charters: Links = ()
    enclosure: Annotated[str, Field(max_length=LONGEST, pattern=r"^[A-Za-z0-9_-]*$")] = ""


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
    """A cancellation, the proposal it cancels, and its requester's signature: who requests may cancel."""

    kind: Literal["cancellation"] = "cancellation"
    proposal: Blob
    cancellation: Blob
    request: Assertion | None = None


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
    | ContributionMessage
)


class CarriedAttachment(_Message):
    """Bytes beside a receipt; `sha256` is for finding, the receipt's results are what holds."""

    name: Annotated[str, Field(max_length=200)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    data: Annotated[str, Field(max_length=LONGEST)]


class FromNode(_Message):
    """What a node says: a signed document, and for receipts the attachments."""

    kind: Literal["receipt", "heartbeat", "witness-request", "witness", "ceremony", "contribution-answer"]
    envelope: NodeSigned
    attachments: tuple[CarriedAttachment, ...] = ()


M = TypeVar("M")
_to_node: TypeAdapter[ToNode] = TypeAdapter(Annotated[ToNode, Field(discriminator="kind")])
_from_node = TypeAdapter(FromNode)


def read_to_node(text: str) -> ToNode:
    """A message to a node. Raises DocumentRefused."""
    return _read(_to_node, text)


def read_from_node(text: str) -> FromNode:
    """A message from a node. Raises DocumentRefused."""
    return _read(_from_node, text)


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
