"""The tokens of the zones: a directory and a driver for each, with a backup key of its own.

A backup key is installed as a trusted key that nobody can read, and kept (`backup_keys`) so that it can later
be split among custodians or moved.
"""

import hmac
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from hsmnodes.node.agent.applications import Applications
from hsmnodes.node.agent.backup_keys import FIRST_EPOCH, KEY_LENGTH, BackupKeys, check_value
from hsmnodes.node.agent.backups import Backups
from hsmnodes.node.agent.ceremonies import Ceremonies
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.identity import Identity
from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.agent.one_time_keys import OneTimeKeys
from hsmnodes.node.agent.vault import Vault
from hsmnodes.node.drivers.base import Driver, DriverPool
from hsmnodes.node.drivers.errors import (
    DriverDied,
    DriverError,
    DriverTimeout,
    TokenExists,
)
from hsmnodes.node.operations.backup_key.identifiers import FIRST, backup_key_id
from hsmnodes.node.operations.context import Access, BackupKey, Proof, SealedKey
from hsmnodes.node.operations.holdings import Application, Key
from hsmnodes.node.operations.holdings import ShareSet as ShareSetHeld
from hsmnodes.node.operations.zone.inventory import inventory
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.canonical import JSON
from hsmnodes.node.protocol.contributions import at_stake
from hsmnodes.node.protocol.custody import Custodian, ShareSet, commitment_to, share_out
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.errors import ShareRefused
from hsmnodes.node.protocol.sealing import seal

VOUCHING = b"quorate/next-backup-key/v1"


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
        one_time_keys: OneTimeKeys,
        identity: Identity,
    ) -> None:
        self._config = config
        self._folder = config.state / "zones"
        self._pool = pool
        self._agent = agent
        self._vault = vault
        self._ledger = ledger
        self._ceremonies = ceremonies
        self._one_time_keys = one_time_keys
        self._backups = Backups(config, ledger, agent)
        self._backup_keys = BackupKeys(agent, vault, ledger)
        self.applications = Applications(
            config,
            pool,
            identity=identity,
            vault=vault,
            ledger=ledger,
            open_zone=lambda zone: (self.driver(zone), vault.known_pin(_so_pin(zone))),
            secret_of=lambda zone: self._backup_keys.kept(zone, self._backup_keys.in_force(zone).id),
        )

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

    def living_keys(self, zone: str) -> Sequence[Key]:
        """The keys of the zone that were not destroyed."""
        return self._ledger.facts.holdings.keys_of(zone)

    def destroyed_keys(self, zone: str) -> Sequence[Key]:
        """The keys of the zone that were destroyed, sorted by their id."""
        return self._ledger.facts.holdings.destroyed_keys_of(zone)

    def share_set(self, zone: str) -> ShareSetHeld | None:
        """The last share set of a zone's backup key, if it was ever split."""
        return self._ledger.facts.holdings.share_sets.get(zone)

    def inventory(self, zone: str) -> dict[str, Any]:
        """What there is of a zone here, to be compared with other nodes."""
        return inventory(self._ledger.facts.holdings, zone)

    def now(self) -> int:
        """The node's time, in seconds since 1970."""
        return self._ledger.clock.now()

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
        self._settle_in(zone.id, key, key_id=backup_key_id(zone.id, proposal), epoch=proof.epoch)
        return proof

    def _settle_in(self, zone: str, key: bytes, *, key_id: str, epoch: int) -> None:
        """Make a zone's token with this backup key, or finish it. Nothing is left of one that fails."""
        try:
            self._backup_keys.keep(zone, key_id, key)
            self._make(zone, key_id, epoch=epoch)
        except (DriverDied, DriverTimeout):
            raise
        except DriverError:
            self._unmake(zone)
            raise

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
        return self.back_up(zone, proposal, self._backups.chosen(zone, chosen))

    def back_up(
        self, zone: Named, proposal: str, keys: Sequence[Key], backup_key: BackupKey | None = None
    ) -> Backup:
        """Wrap these keys of a zone, and sign what was taken. Raises DriverError."""
        meant = backup_key or self._backup_keys.in_force(zone.id)
        return self._backups.take(self.driver(zone.id), zone, proposal, keys, meant)

    def offer_key(self, proposal: str) -> bytes:
        """The public half of the one-time key for a proposal. Raises DriverError."""
        return self._one_time_keys.offer(proposal)

    def seal_backup_key(
        self, zone: str, to: bytes, context: Mapping[str, JSON], key: BackupKey | None = None
    ) -> bytes:
        """A backup key of the zone, sealed to a one-time key of another node. Raises DriverError."""
        in_force = self._backup_keys.in_force(zone)
        secret = self._backup_keys.kept(zone, (key or in_force).id)
        tag = self._vouch(zone, secret, context) if key is not None else b""
        return seal(secret + tag, to, context)

    def commitment(self, zone: str, key: BackupKey) -> str:
        """The commitment to a backup key of a zone. Raises DriverError."""
        secret = self._backup_keys.kept(zone, key.id)
        return commitment_to(secret, deployment=self._config.deployment, zone=zone, epoch=key.epoch)

    def receive_zone(
        self, zone: Named, proposal: str, box: SealedKey, key: BackupKey, *, commitment: str
    ) -> None:
        """Make a zone's token with a backup key from another node, or finish it.

        Raises DriverError, and ShareRefused if it is not the one committed to: then nothing is left of it.
        """
        secret = self._received(proposal, box, key)
        of = commitment_to(secret, deployment=self._config.deployment, zone=zone.id, epoch=key.epoch)
        if of != commitment:
            raise ShareRefused("other-key", "Another backup key came than the one that people signed for.")
        self._settle_in(zone.id, secret, key_id=key.id, epoch=key.epoch)

    def receive_backup_key(self, zone: Named, proposal: str, box: SealedKey, key: BackupKey) -> None:
        """Install a backup key from another node beside the one in force, or finish it.

        Raises DriverError, and ShareRefused if it is another than `key`.
        """
        came = self._one_time_keys.open(proposal, box)
        secret, tag = came[:KEY_LENGTH], came[KEY_LENGTH:]
        if not hmac.compare_digest(tag, self._vouch(zone.id, secret, box.context)):
            raise ShareRefused("not-vouched-for", "Whoever sealed the backup key has not the one in force.")
        self._backup_keys.keep(zone.id, key.id, _checked(secret, key))
        so_pin = self._vault.known_pin(_so_pin(zone.id))
        self._backup_keys.install(self.driver(zone.id), zone.id, key.id, epoch=key.epoch, so_pin=so_pin)

    def remove_zone(self, zone: str) -> None:
        """Destroy a zone's token, with its keys, backup keys and PINs, as far as it is there.

        The directory goes at once, by its name, so that what an interruption leaves is no token any more.
        """
        self.applications.take_all_access(zone)
        directory = self._directory(zone)
        gone = directory.with_suffix(".gone")
        if directory.exists():
            driver = self.driver(zone)
            for key in driver.list_keys():
                driver.destroy_key(key.key_id)
            self._pool.forget(directory)
            shutil.rmtree(gone, ignore_errors=True)
            directory.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        self._vault.forget(_place(zone))

    def _received(self, proposal: str, box: SealedKey, key: BackupKey) -> bytes:
        return _checked(self._one_time_keys.open(proposal, box), key)

    def _vouch(self, zone: str, secret: bytes, context: Mapping[str, JSON]) -> bytes:
        """What only a node with the backup key in force can say of another one (HMAC-SHA-256)."""
        in_force = self._backup_keys.kept(zone, self._backup_keys.in_force(zone).id)
        return hmac.digest(in_force, VOUCHING + canonical.encode(context) + secret, "sha256")

    def give_access(self, application: Application, proposal: Proposal, pin: bytes | None = None) -> Access:
        """Make the token of an application anew, with copies of just its keys.

        Raises DriverError, and ShareRefused if the PIN does not open.
        """
        return self.applications.give_access(application, proposal, pin)

    def state_access(self, application: Application, proposal: Proposal) -> Access:
        """What an application gets that has its token here already. Raises DriverError."""
        return self.applications.state_access(application, proposal)

    def take_access(self, application_id: str) -> None:
        """Destroy the token of an application, if there is one. Raises DriverError."""
        self.applications.take_access(application_id)

    def destroy_copies(self, zone: str, key_ids: Sequence[str]) -> None:
        """Destroy the copies of keys in the tokens of applications. Raises DriverError."""
        self.applications.destroy_copies(zone, key_ids)

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


def _checked(secret: bytes, key: BackupKey) -> bytes:
    """A backup key, if it has the check value that is said of it. Raises ShareRefused."""
    if len(secret) != KEY_LENGTH or check_value(secret) != key.kcv:
        raise ShareRefused("other-kcv", "The backup key that came has another check value.")
    return secret


def _place(zone: str) -> str:
    return f"zone/{zone}/"


def _so_pin(zone: str) -> str:
    return _place(zone) + "so-pin"


def _user_pin(zone: str) -> str:
    return _place(zone) + "user-pin"
