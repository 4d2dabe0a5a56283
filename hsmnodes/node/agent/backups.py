"""Taking backups: wrapped by the zone's token, described from it and the journal, signed by the identity."""

from collections.abc import Iterator, Sequence

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import DriverError, ObjectNotFound
from hsmnodes.node.drivers.values import MOST_WRAPPED, WrappedKey
from hsmnodes.node.operations.holdings import Key
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup, write_backup
from hsmnodes.node.protocol.documents.backups import BackedUpKey, BackupManifest
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import DocumentRefused
from hsmnodes.node.protocol.purposes import Purpose, challenge


class Backups:
    """The backups that one node takes. `agent` is the driver of the agent's own token, for its signature."""

    def __init__(self, config: Config, ledger: Ledger, agent: Driver) -> None:
        self._config = config
        self._ledger = ledger
        self._agent = agent

    def take(self, driver: Driver, zone: Named, proposal: str, chosen: Sequence[str]) -> Backup:
        """A backup of the keys of a zone, whose token `driver` drives. Raises DriverError."""
        keys = self._keys(zone, chosen)
        ids = [bytes.fromhex(key.id) for key in keys]
        wrapped = list(_wrap(driver, ids, self._backup_key_id(zone)))
        described = tuple(_describe(key, one) for key, one in zip(keys, wrapped, strict=True))
        try:
            manifest = self._manifest(driver, zone, proposal, described)
            signature = self._agent.sign_identity(challenge(Purpose.BACKUP, manifest.raw))
            return write_backup(manifest, signature, tuple(one.blob for one in wrapped))
        except DocumentRefused as refused:
            raise DriverError(refused.message) from None

    def _keys(self, zone: Named, chosen: Sequence[str]) -> list[Key]:
        """The keys that are meant, by id."""
        living = {key.id: key for key in self._ledger.facts.holdings.keys_of(zone.id)}
        missing = [one for one in chosen if one not in living]
        if missing:
            raise ObjectNotFound(f"there is no key {missing[0]} in the zone any more")
        return [living[one] for one in sorted(chosen or living)]

    def _backup_key_id(self, zone: Named) -> bytes:
        return bytes.fromhex(self._ledger.facts.holdings.slots[zone.id].backup_key_id)

    def _manifest(
        self, driver: Driver, zone: Named, proposal: str, keys: tuple[BackedUpKey, ...]
    ) -> BackupManifest:
        facts = self._ledger.facts
        slot = facts.holdings.slots[zone.id]
        if driver.backup_key_kcv(self._backup_key_id(zone)) != slot.kcv:
            raise DriverError("the token has another backup key than the journal says")
        return BackupManifest(
            deployment=self._config.deployment,
            demo=self._config.demo,
            node=self._config.node,
            identity=canonical.b64u(facts.identity),
            zone=zone,
            slot=Named(id=slot.id, name=slot.name),
            backup_key=slot.backup_key,
            epoch=slot.epoch,
            kcv=slot.kcv,
            proposal=proposal,
            taken_at=self._ledger.clock.now(),
            keys=keys,
        )


def _wrap(driver: Driver, ids: list[bytes], backup_key_id: bytes) -> Iterator[WrappedKey]:
    for first in range(0, len(ids), MOST_WRAPPED):
        yield from driver.wrap_keys(ids[first : first + MOST_WRAPPED], backup_key_id)


def _describe(key: Key, wrapped: WrappedKey) -> BackedUpKey:
    """What the manifest says of a key: what the token does, and what only the journal knows."""
    spec = wrapped.spec
    if (spec.label, spec.algorithm.value) != (key.label, key.algorithm):
        raise DriverError(f"key {key.id} is another in the token than in the journal")
    return BackedUpKey.model_validate(
        {
            "id": key.id,
            "label": key.label,
            "algorithm": key.algorithm,
            "usages": tuple(sorted(usage.value for usage in spec.usages)),
            "public_key": None if wrapped.public_key is None else canonical.b64u(wrapped.public_key),
            "check_value": wrapped.kcv or key.kcv,
            "proposal": key.proposal,
            "blob_sha256": canonical.sha256_hex(wrapped.blob),
            "blob_size": len(wrapped.blob),
        }
    )
