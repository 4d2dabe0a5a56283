"""What operations on an existing backup share: its file travels beside the warrant, which has its hash.

A node takes a backup that was signed by itself or by a peer whose enrolment it verified, of the zone in
question, under the backup key that it has for it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from typing_extensions import override

from hsmnodes.node.drivers.values import Algorithm, KeySpec, Usage, WrappedKey
from hsmnodes.node.operations.backup.travelling import parts_of, read_whole
from hsmnodes.node.operations.base import Request
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.steps import Step
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.documents.backups import BackedUpKey
from hsmnodes.node.protocol.documents.base import Hash, Named, Time
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.errors import ProposalRefused

AT_ONCE = 50  # a driver answers within a minute, on slow machines too


class BackupParameters(ZoneParameters):
    """The zone, and a backup of it: the hash of its file, when and by which node it was taken."""

    backup: Hash = shown("Backup", "hash")
    taken_at: Time = shown("Taken at", "time")
    taken_on: Named = shown("Taken on", "named")


B = TypeVar("B", bound=BackupParameters)


class BackupOperation(ZoneOperation[B]):
    """An operation on a backup that there is."""

    @override
    def enclosures(self, parameters: B, _step: Step, _earlier: Mapping[int, Receipt]) -> tuple[str, ...]:
        return (parameters.backup,)

    @override
    def parts(self, parameters: B, enclosed: Mapping[str, bytes]) -> Mapping[str, str]:
        return parts_of(enclosed.values())

    def read_backup(self, request: Request[B]) -> Backup:
        """The backup that came, as far as the operation needs it. Raises Refused."""
        digest = request.parameters.backup
        return request.once(digest, lambda: self.put_together(request.enclosures, digest))

    def put_together(self, enclosures: Mapping[str, bytes], digest: str) -> Backup:
        """The backup with this hash, of which every part must have come. Raises Refused."""
        return read_whole(enclosures, digest)

    def read_enclosed(self, request: Request[B], node: Surroundings) -> Backup:
        """The backup that is meant, if this node may take it. Raises Refused."""
        wanted, slot = request.parameters, node.holdings.slot_of(request.parameters.zone)
        backup = self.read_backup(request)
        manifest = backup.manifest
        if (manifest.deployment, manifest.demo) != (request.proposal.deployment, request.proposal.demo):
            raise ProposalRefused("other-deployment", "The backup is of another deployment.")
        if not node.knows_node(manifest.node, manifest.identity_point):
            raise ProposalRefused(
                "unknown-node", f"The backup is signed as {manifest.node.name}, which is no node known here."
            )
        if manifest.zone != wanted.zone:
            raise ProposalRefused("other-zone", f"The backup is of another Trust Zone, {manifest.zone.name}.")
        if (manifest.node, manifest.taken_at) != (wanted.taken_on, wanted.taken_at):
            raise ProposalRefused("other-backup", "The backup was taken by another node or at another time.")
        if (manifest.backup_key, manifest.epoch, manifest.kcv) != (slot.backup_key, slot.epoch, slot.kcv):
            raise ProposalRefused(
                "other-backup-key",
                f"The backup is under the backup key of epoch {manifest.epoch} ({manifest.kcv}); "
                f"this node has that of epoch {slot.epoch} ({slot.kcv}).",
            )
        return backup


def wrapped_key(key: BackedUpKey, blob: bytes) -> WrappedKey:
    """A key of a backup as a driver takes it."""
    return WrappedKey(
        spec=KeySpec(
            key_id=bytes.fromhex(key.id),
            label=key.label,
            algorithm=Algorithm(key.algorithm),
            usages=frozenset(map(Usage, key.usages)),
        ),
        blob=blob,
        public_key=None if key.public_key is None else canonical.b64u_decode(key.public_key),
        kcv=key.check_value,
    )


def batches(keys: Sequence[WrappedKey]) -> Iterator[list[WrappedKey]]:
    """Keys as many at a time as a driver is given."""
    for first in range(0, len(keys), AT_ONCE):
        yield list(keys[first : first + AT_ONCE])


def wrapped_keys(backup: Backup, chosen: Collection[str] | None = None) -> dict[str, WrappedKey]:
    """The keys of a backup, or those of them that are chosen, by their id."""
    return {
        key.id: wrapped_key(key, blob)
        for key, blob in zip(backup.keys, backup.blobs, strict=True)
        if chosen is None or key.id in chosen
    }
