"""Taking backups: wrapped by the zone's token, described from it and the journal, signed by the identity."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import DriverError, ObjectNotFound
from hsmnodes.node.drivers.values import MOST_WRAPPED, WrappedKey
from hsmnodes.node.operations.context import BackupKey
from hsmnodes.node.operations.holdings import Key
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backup_pieces import Blobs, listed, write_part
from hsmnodes.node.protocol.backups import Backup, fits_in_one_file, write_backup, write_in_parts
from hsmnodes.node.protocol.documents.backups import (
    MOST_IN_A_PART,
    MOST_IN_ONE_FILE,
    BackedUpKey,
    BackupIndex,
    BackupManifest,
)
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import DocumentRefused
from hsmnodes.node.protocol.purposes import Purpose, challenge

_DESCRIBED: TypeAdapter[tuple[BackedUpKey, ...]] = TypeAdapter(tuple[BackedUpKey, ...])


class Backups:
    """The backups that one node takes. `agent` is the driver of the agent's own token, for its signature."""

    def __init__(self, config: Config, ledger: Ledger, agent: Driver) -> None:
        self._config = config
        self._ledger = ledger
        self._agent = agent

    def take(
        self, driver: Driver, zone: Named, proposal: str, keys: Sequence[Key], backup_key: BackupKey
    ) -> Backup:
        """A backup of keys of a zone, whose token `driver` drives, under a backup key. Raises DriverError."""
        keys = sorted(keys, key=lambda key: key.id)
        ids = [bytes.fromhex(key.id) for key in keys]
        wrapped = list(_wrap(driver, ids, backup_key.object_id))
        described = _DESCRIBED.validate_python(
            tuple([_describe(key, one, proposal) for key, one in zip(keys, wrapped, strict=True)])
        )
        if driver.backup_key_kcv(backup_key.object_id) != backup_key.kcv:
            raise DriverError("the token has another backup key than is known of it")
        taken = self._taken(zone, proposal, backup_key)
        try:
            return self._written(taken, described, tuple(one.blob for one in wrapped))
        except DocumentRefused as refused:
            raise DriverError(refused.message) from None

    def chosen(self, zone: Named, chosen: Sequence[str]) -> list[Key]:
        """The living keys of a zone, all of them or those of the `chosen` ids. Raises ObjectNotFound."""
        living = {key.id: key for key in self._ledger.facts.holdings.keys_of(zone.id)}
        missing = [one for one in chosen if one not in living]
        if missing:
            raise ObjectNotFound(f"there is no key {missing[0]} in the zone any more")
        return [living[one] for one in chosen or living]

    def _written(self, taken: Mapping[str, Any], keys: tuple[BackedUpKey, ...], blobs: Blobs) -> Backup:
        """The backup of described keys: one file where that can travel at once, and in parts otherwise."""
        if len(keys) <= MOST_IN_ONE_FILE:
            manifest = BackupManifest(**taken, keys=keys)
            if fits_in_one_file(manifest, blobs):
                return write_backup(manifest, self._signature(manifest), blobs)
        parts, data = [], []
        for number, first in enumerate(range(0, len(keys), MOST_IN_A_PART), start=1):
            these = slice(first, first + MOST_IN_A_PART)
            data.append(write_part(number, keys[these], blobs[these]))
            parts.append(listed(keys[these], data[-1]))
        index = BackupIndex(**taken, keys=len(keys), parts=tuple(parts))
        return write_in_parts(index, self._signature(index), data)

    def _signature(self, document: BackupManifest | BackupIndex) -> bytes:
        return self._agent.sign_identity(challenge(Purpose.BACKUP, document.raw))

    def _taken(self, zone: Named, proposal: str, backup_key: BackupKey) -> Mapping[str, Any]:
        facts = self._ledger.facts
        slot = facts.holdings.slots[zone.id]
        return {
            "deployment": self._config.deployment,
            "demo": self._config.demo,
            "node": self._config.node,
            "identity": canonical.b64u(facts.identity),
            "zone": zone,
            "slot": Named(id=slot.id, name=slot.name),
            "backup_key": backup_key.kind,
            "epoch": backup_key.epoch,
            "kcv": backup_key.kcv,
            "proposal": proposal,
            "taken_at": self._ledger.clock.now(),
        }


def _wrap(driver: Driver, ids: list[bytes], backup_key_id: bytes) -> Iterator[WrappedKey]:
    for first in range(0, len(ids), MOST_WRAPPED):
        yield from driver.wrap_keys(ids[first : first + MOST_WRAPPED], backup_key_id)


def _describe(key: Key, wrapped: WrappedKey, proposal: str) -> Mapping[str, Any]:
    """What the manifest says of a key: what the token does, and what only the journal knows.

    A key that is not in the journal yet comes about by `proposal`.
    """
    spec = wrapped.spec
    if (spec.label, spec.algorithm) != (key.label, key.algorithm):
        raise DriverError(f"key {key.id} is another in the token than in the journal")
    return {
        "id": key.id,
        "label": key.label,
        "algorithm": key.algorithm,
        "usages": tuple(sorted(map(str, spec.usages))),
        "public_key": None if wrapped.public_key is None else canonical.b64u(wrapped.public_key),
        "check_value": wrapped.kcv or key.kcv,
        "proposal": key.proposal or proposal,
        "blob_sha256": canonical.sha256_hex(wrapped.blob),
        "blob_size": len(wrapped.blob),
    }
