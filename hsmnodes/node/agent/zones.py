"""The tokens of the zones: a directory and a driver for each, with a backup key of its own.

A backup key is installed as a trusted key that nobody can read, and kept (`backup_keys`) so that it can later
be split among custodians or moved.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from hsmnodes.node.agent.backup_keys import FIRST_EPOCH, BackupKeys, check_value
from hsmnodes.node.agent.backups import Backups
from hsmnodes.node.agent.ceremonies import Ceremonies
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.agent.vault import Vault
from hsmnodes.node.drivers.base import Driver, DriverPool
from hsmnodes.node.drivers.errors import (
    DriverDied,
    DriverError,
    DriverTimeout,
    TokenExists,
)
from hsmnodes.node.operations.backup_key.identifiers import FIRST, backup_key_id
from hsmnodes.node.operations.context import BackupKey, Proof, Wrapped
from hsmnodes.node.operations.holdings import Key
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.contributions import at_stake
from hsmnodes.node.protocol.custody import Custodian, ShareSet, share_out
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import ShareRefused


class Zones:
    """The zones' tokens of one node. Implements `Hands`: what operations may do."""

    def __init__(
        self,
        config: Config,
        pool: DriverPool,
        *,
        agent: Driver,
        vault: Vault,
        ledger: Ledger,
        ceremonies: Ceremonies,
    ) -> None:
        self._config = config
        self._folder = config.state / "zones"
        self._pool = pool
        self._agent = agent
        self._vault = vault
        self._ledger = ledger
        self._ceremonies = ceremonies
        self._backups = Backups(config, ledger, agent)
        self._backup_keys = BackupKeys(agent, vault, ledger)

    def make_zone(self, zone: str, kind: Literal["MBK", "TBK"]) -> BackupKey:
        """Make a zone's token with its backup key, or finish what was begun.

        Raises DriverError: then nothing is left of it, unless the driver itself went away.
        """
        try:
            key_id = backup_key_id(zone, FIRST)
            return BackupKey(kind, FIRST_EPOCH, self._make(zone, key_id, epoch=FIRST_EPOCH), key_id)
        except (DriverDied, DriverTimeout):
            raise
        except DriverError:
            self._unmake(zone)
            raise

    def backup_key(self, zone: str) -> BackupKey:
        """The backup key in force of a zone."""
        return self._backup_keys.in_force(zone)

    def next_backup_key(self, zone: Named, proposal: str) -> BackupKey:
        """The zone's backup key of the next epoch, whose id derives from `proposal`: drawn and installed
        beside the one in force, or as an earlier attempt left it. Raises DriverError.
        """
        before = self._backup_keys.in_force(zone.id)
        driver, key_id, epoch = self.driver(zone.id), backup_key_id(zone.id, proposal), before.epoch + 1
        so_pin = self._vault.known_pin(_so_pin(zone.id))
        kcv = self._backup_keys.install(driver, zone.id, key_id, epoch=epoch, so_pin=so_pin)
        return BackupKey(before.kind, epoch, kcv, key_id)

    def destroy_other_backup_keys(self, zone: str) -> None:
        """Destroy every backup key of the zone but the one in force. Raises DriverError.

        What is kept is forgotten last, so that an interruption in between is noticed.
        """
        in_force = self._backup_keys.in_force(zone)
        self.driver(zone).destroy_other_backup_keys(in_force.object_id)
        self._backup_keys.forget_others(zone)

    def zones_with_other_backup_keys(self) -> list[str]:
        """The zones that still have a backup key which was rotated out, or never came into force."""
        return self._backup_keys.zones_with_others()

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
        meant = key or self._backup_keys.in_force(zone.id)
        of_zone = self._ledger.facts.at_stake(
            zone, deployment=self._config.deployment, demo=self._config.demo
        )
        return share_out(
            replace(of_zone, epoch=meant.epoch, kcv=meant.kcv),
            self._backup_keys.kept(zone.id, meant.id),
            custodians,
            number=number,
            threshold=threshold,
            draw=self._agent.random,
        )

    def wrap(self, zone: str, key_id: bytes, key: BackupKey | None = None) -> Wrapped:
        """A key of the zone, wrapped by a backup key of it, the one in force if none is given."""
        meant = key or self._backup_keys.in_force(zone)
        return Wrapped(self.driver(zone).wrap_key(key_id, meant.object_id), meant.epoch)

    def living_keys(self, zone: str) -> Sequence[Key]:
        """The keys of the zone that were not destroyed."""
        return self._ledger.facts.holdings.keys_of(zone)

    def prove_shares(self, zone: Named, proposal: str) -> Proof:
        """Rebuild the zone's backup key from what was contributed under a proposal, and drop it.

        Raises DriverError, and ShareRefused if what the shares make is not the key that is kept here.
        """
        key, proof = self._rebuilt(proposal)
        in_force = self._backup_keys.in_force(zone.id)
        in_hsm = self.driver(zone.id).backup_key_kcv(in_force.object_id)
        if key != self._backup_keys.kept(zone.id, in_force.id) or check_value(key) != in_hsm:
            raise ShareRefused("other-key", "The shares rebuild another key than the one in the HSM.")
        return proof

    def import_zone(self, zone: Named, proposal: str) -> Proof:
        """Make a zone's token with the backup key that was contributed under a proposal, or finish it.

        Raises DriverError, and ShareRefused if the shares make another key: then nothing is left of it.
        """
        key, proof = self._rebuilt(proposal)
        key_id = backup_key_id(zone.id, proposal)
        try:
            self._backup_keys.keep(zone.id, key_id, key)
            self._make(zone.id, key_id, epoch=proof.epoch)
        except (DriverDied, DriverTimeout):
            raise
        except DriverError:
            self._unmake(zone.id)
            raise
        return proof

    def _rebuilt(self, proposal: str) -> tuple[bytes, Proof]:
        """The key that the shares contributed under a proposal make. Raises ShareRefused for another."""
        ceremony, shares = self._ceremonies.shares(proposal)
        key = at_stake(ceremony).rebuild(shares, threshold=ceremony.threshold, commitment=ceremony.commitment)
        if check_value(key) != ceremony.kcv:
            raise ShareRefused("other-kcv", "The key that the shares make has another check value.")
        given = {share.index for share in shares}
        contributors = tuple(one for one in ceremony.holders if one.index in given)
        return key, Proof(ceremony.epoch, ceremony.kcv, ceremony.commitment, contributors)

    def take_backup(self, zone: Named, proposal: str, chosen: Sequence[str]) -> Backup:
        """Wrap keys of a zone, and sign what was taken. Raises DriverError."""
        return self._backups.take(self.driver(zone.id), zone, proposal, chosen)

    def driver(self, zone: str) -> Driver:
        """The open driver of a zone's token."""
        driver = self._pool.get(self._directory(zone))
        driver.open(zone, lambda: self._vault.known_pin(_user_pin(zone)))
        return driver

    def entries(self, first: int, last: int) -> list[bytes]:
        """The bytes of journal entries `first` to `last`."""
        return self._ledger.journal.read(first, last)

    def _make(self, zone: str, key_id: str, *, epoch: int) -> str:
        so_pin, user_pin = self._vault.pin(_so_pin(zone)), self._vault.pin(_user_pin(zone))
        with suppress(TokenExists):  # an attempt that broke off came as far as this
            self._pool.get(self._directory(zone)).initialise(zone, so_pin, user_pin)
        return self._backup_keys.install(self.driver(zone), zone, key_id, epoch=epoch, so_pin=so_pin)

    def _unmake(self, zone: str) -> None:
        if zone in self._ledger.facts.holdings.slots:
            return
        self._pool.forget(self._directory(zone))
        shutil.rmtree(self._directory(zone), ignore_errors=True)
        self._vault.forget(_place(zone))

    def _directory(self, zone: str) -> Path:
        return self._folder / zone


def _place(zone: str) -> str:
    return f"zone/{zone}/"


def _so_pin(zone: str) -> str:
    return _place(zone) + "so-pin"


def _user_pin(zone: str) -> str:
    return _place(zone) + "user-pin"
