"""What an operation may see of the node it runs on, and by what it may act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.operations.holdings import Application, Holdings, Key
from hsmnodes.node.operations.holdings import ShareSet as ShareSetHeld
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.canonical import JSON
from hsmnodes.node.protocol.custody import Custodian, KeyAtStake, ShareSet
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.ceremonies import Holder
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter
from hsmnodes.node.protocol.documents.proposal import NodeAt, Proposal


@dataclass(frozen=True)
class BackupKey:
    """A zone's backup key as it may be spoken of: its kind, epoch (from 1), check value and id."""

    kind: Literal["MBK", "TBK"]
    epoch: int
    kcv: str
    id: str

    @property
    def object_id(self) -> bytes:
        """Its id as drivers take it."""
        return bytes.fromhex(self.id)


@dataclass(frozen=True)
class SealedKey:
    """A backup key on its way to another node: sealed to a one-time key of that node, in a context (HPKE)."""

    sealed: bytes
    context: Mapping[str, JSON]


@dataclass(frozen=True)
class Proof:
    """What shares rebuilt: a key of this epoch, check value and commitment, from these holders' shares."""

    epoch: int
    kcv: str
    commitment: str
    contributors: tuple[Holder, ...]


@dataclass(frozen=True)
class Access:
    """What an application gets: its token's label, the PIN sealed to its own key, and the connection kit.

    `shared_pin` is the PIN for the other nodes of the zone, which open it by the zone's backup key.
    """

    token: str
    sealed_pin: bytes
    kit: bytes
    shared_pin: bytes


@dataclass(frozen=True)
class Heard:
    """What a peer's last verified heartbeat said, and when that was heard, in seconds since 1970.

    `zones` has the digest of the keys of each zone that it holds, `cluster` the id of its cluster.
    """

    at: int
    zones: Mapping[str, str]
    cluster: str | None


class Surroundings(Protocol):
    """What a node knows, for checks: reading only, and never by way of its HSM."""

    @property
    def node(self) -> Named:
        """The node itself."""

    @property
    def identity(self) -> bytes:
        """The node's identity key: its point, 65 bytes."""

    @property
    def holdings(self) -> Holdings:
        """What the node holds."""

    @property
    def last_entry(self) -> int:
        """The sequence number of the last entry of the journal."""

    def entries_size(self, first: int, last: int) -> int:
        """How many bytes journal entries `first` to `last`, both included, have together."""

    @property
    def slots(self) -> int:
        """How many slots the node may have."""

    @property
    def serves_applications(self) -> bool:
        """Whether the node has an endpoint for applications."""

    def at_stake(self, zone: Named) -> KeyAtStake:
        """The backup key of a zone that has its slot here."""

    def knows_node(self, node: Named, identity: bytes) -> bool:
        """Whether a node is this one, or a peer whose enrolment was verified, with this identity key."""

    def is_enrolled(self, node: NodeAt) -> bool:
        """Whether that is this node, or a peer whose enrolment was verified, as it is known here."""

    def heard_of(self, node: str) -> Heard | None:
        """What the peer with this id said last, if anything was ever heard of it."""

    def charter(self, kind: AuthorityKind, authority: str) -> Charter:
        """The charter in force of an authority. Raises ProposalRefused if it is not pinned, or frozen."""

    def charters(self, kind: AuthorityKind, authority: str) -> tuple[Charter, ...]:
        """Every version of an authority's charter, from the founding one on.

        Raises ProposalRefused if it is not pinned, or frozen.
        """

    @property
    def provider(self) -> str:
        """The id of the provider whose node this is."""

    def has_begun(self, proposal: str, step: int) -> bool:
        """Whether this node has begun a step of the proposal with this id."""

    def is_closed(self, proposal_hash: str) -> bool:
        """Whether a rejection or cancellation of this proposal is known."""


class Hands(Protocol):
    """How an operation acts, once its warrant is verified and its intent is in the journal."""

    def make_zone(self, zone: str, kind: Literal["MBK", "TBK"]) -> BackupKey:
        """Make a zone's token with a backup key of its own, or finish what was begun. Raises DriverError."""

    def share_out(
        self,
        zone: Named,
        custodians: Sequence[Custodian],
        *,
        number: int,
        threshold: int,
        key: BackupKey | None = None,
    ) -> ShareSet:
        """Split a backup key of the zone, the one in force if none is given, as share set `number`.

        Raises DriverError.
        """

    def backup_key(self, zone: str) -> BackupKey:
        """The backup key in force of a zone."""

    def next_backup_key(self, zone: Named, proposal: str) -> BackupKey:
        """The zone's backup key of the next epoch, whose id derives from `proposal`: drawn and installed
        beside the one in force, or as an earlier attempt left it. Raises DriverError.
        """

    def destroy_other_backup_keys(self, zone: str) -> None:
        """Destroy every backup key of the zone but the one in force. Raises DriverError."""

    def destroyed_keys(self, zone: str) -> Sequence[Key]:
        """The keys of the zone that were destroyed, sorted by their id."""

    def living_keys(self, zone: str) -> Sequence[Key]:
        """The keys of the zone that were not destroyed."""

    def share_set(self, zone: str) -> ShareSetHeld | None:
        """The last share set of a zone's backup key, if it was ever split."""

    def inventory(self, zone: str) -> dict[str, Any]:
        """What there is of a zone here, to be compared with other nodes."""

    def now(self) -> int:
        """The node's time, in seconds since 1970."""

    def prove_shares(self, zone: Named, proposal: str) -> Proof:
        """Rebuild the zone's backup key from what custodians contributed under a proposal, and drop it.

        Raises DriverError, and ShareRefused if what they make is not the key that the node keeps.
        """

    def take_backup(self, zone: Named, proposal: str, chosen: Sequence[str]) -> Backup:
        """Wrap keys of a zone, all of them or those of the `chosen` ids, and sign what was taken.

        Raises DriverError.
        """

    def back_up(
        self, zone: Named, proposal: str, keys: Sequence[Key], backup_key: BackupKey | None = None
    ) -> Backup:
        """Wrap these keys of a zone, by the backup key in force if none is given, and sign what was taken.

        Raises DriverError.
        """

    def offer_key(self, proposal: str) -> bytes:
        """The public half (X25519, 32 bytes) of this node's one-time key for a proposal.

        Raises DriverError.
        """

    def seal_backup_key(
        self, zone: str, to: bytes, context: Mapping[str, JSON], key: BackupKey | None = None
    ) -> bytes:
        """A backup key of the zone, the one in force if none is given, sealed to another node's one-time key.

        Any other is authenticated by the one in force, which that node has, too.

        Raises DriverError.
        """

    def commitment(self, zone: str, key: BackupKey) -> str:
        """The commitment to a backup key of a zone (SHA-256). Raises DriverError."""

    def receive_zone(
        self, zone: Named, proposal: str, box: SealedKey, key: BackupKey, *, commitment: str
    ) -> None:
        """Make a zone's token with the backup key that another node sealed for a proposal, or finish it.

        Raises DriverError, and ShareRefused if it is not the `key` committed to: then nothing is left of it.
        """

    def receive_backup_key(self, zone: Named, proposal: str, box: SealedKey, key: BackupKey) -> None:
        """Install the backup key that another node sealed for a proposal beside the one in force, or finish.

        Raises DriverError, and ShareRefused if it is not that `key`.
        """

    def remove_zone(self, zone: str) -> None:
        """Destroy a zone's token, with its keys, backup keys and PINs, as far as it is there.

        Raises DriverError.
        """

    def import_zone(self, zone: Named, proposal: str) -> Proof:
        """Make a zone's token with the backup key that custodians contributed under a proposal, or finish it.

        Raises DriverError, and ShareRefused if they make another key: then nothing is left of it.
        """

    def give_access(self, application: Application, proposal: Proposal, pin: bytes | None = None) -> Access:
        """Make the token of an application anew, with copies of just its keys, for just its usages.

        Its PIN is drawn here, or is the `shared_pin` of another node that the proposal names. Raises
        DriverError; MechanismUnavailable if a key has not all of these usages; ShareRefused if the PIN does
        not open.
        """

    def state_access(self, application: Application, proposal: Proposal) -> Access:
        """What an application gets that has its token here: the same PIN, and a kit that names all nodes.

        Its sessions go on. Raises DriverError.
        """

    def take_access(self, application_id: str) -> None:
        """Destroy the token of an application, if there is one. Its sessions are cut within seconds."""

    def destroy_copies(self, zone: str, key_ids: Sequence[str]) -> None:
        """Destroy the copies of keys of a zone in the tokens of applications. Raises DriverError."""

    def driver(self, zone: str) -> Driver:
        """The open driver of a zone's token. Raises DriverError."""

    def entries(self, first: int, last: int) -> Sequence[bytes]:
        """The canonical bytes of journal entries `first` to `last`, both included."""
