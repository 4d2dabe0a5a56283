"""The tokens of the zones: a directory and a driver for each, with a backup key of its own.

A backup key is drawn from the HSM's generator, kept sealed under the storage key in the agent's own token so
that it can later be split among custodians or moved, and installed as a trusted key that nobody can read.
Between drawing and installing it is in this process's memory; Python cannot promise to overwrite it there.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

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
    ObjectExists,
    ObjectNotFound,
    TokenExists,
)
from hsmnodes.node.operations.context import BackupKey, Proof
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.contributions import at_stake
from hsmnodes.node.protocol.custody import Custodian, ShareSet, share_out
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import ShareRefused

FIRST_EPOCH = 1
KEY_LENGTH = 32


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

    def make_zone(self, zone: str, kind: Literal["MBK", "TBK"]) -> BackupKey:
        """Make a zone's token with its backup key, or finish what was begun.

        Raises DriverError: then nothing is left of it, unless the driver itself went away.
        """
        try:
            return BackupKey(kind, FIRST_EPOCH, self._make(zone))
        except (DriverDied, DriverTimeout):
            raise
        except DriverError:
            self._unmake(zone)
            raise

    def share_out(
        self, zone: Named, custodians: Sequence[Custodian], *, number: int, threshold: int
    ) -> ShareSet:
        """Split the zone's backup key among custodians, as share set `number`. Raises DriverError."""
        key = self._vault.get(_sealed_key(zone.id))
        if key is None:
            raise ObjectNotFound("the node keeps no backup key for this zone")
        of_zone = self._ledger.facts.at_stake(
            zone, deployment=self._config.deployment, demo=self._config.demo
        )
        return share_out(
            of_zone, key, custodians, number=number, threshold=threshold, draw=self._agent.random
        )

    def prove_shares(self, zone: Named, proposal: str) -> Proof:
        """Rebuild the zone's backup key from what was contributed under a proposal, and drop it.

        Raises DriverError, and ShareRefused if what the shares make is not the key that is kept here.
        """
        ceremony, shares = self._ceremonies.shares(proposal)
        key = at_stake(ceremony).rebuild(shares, threshold=ceremony.threshold, commitment=ceremony.commitment)
        in_hsm = self.driver(zone.id).backup_key_kcv()
        if key != self._vault.get(_sealed_key(zone.id)) or _kcv(key) != in_hsm:
            raise ShareRefused("other-key", "The shares rebuild another key than the one in the HSM.")
        given = {share.index for share in shares}
        contributors = tuple(one for one in ceremony.holders if one.index in given)
        return Proof(ceremony.kcv, ceremony.commitment, contributors)

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

    def _make(self, zone: str) -> str:
        so_pin, user_pin = self._vault.pin(_so_pin(zone)), self._vault.pin(_user_pin(zone))
        with suppress(TokenExists):  # an attempt that broke off came as far as this
            self._pool.get(self._directory(zone)).initialise(zone, so_pin, user_pin)
        driver, key = self.driver(zone), self._backup_key(zone)
        installed = driver.backup_key_kcv()
        if installed is None:
            return driver.install_backup_key(f"backup-key-{FIRST_EPOCH}", _key_id(zone), key, so_pin)
        if installed != _kcv(key):
            raise ObjectExists("the token has another backup key than the one that is kept for it")
        return installed

    def _backup_key(self, zone: str) -> bytes:
        """The backup key that is kept for the zone; drawn first if there is none."""
        key = self._vault.get(_sealed_key(zone))
        if key is None:
            key = self._agent.random(KEY_LENGTH)
            self._vault.put(_sealed_key(zone), key)
        return key

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


def _sealed_key(zone: str) -> str:
    return _place(zone) + f"backup-key/{FIRST_EPOCH}"


def _key_id(zone: str) -> bytes:
    return bytes.fromhex(canonical.sha256_hex(f"quorate/backup-key/v1{zone}{FIRST_EPOCH}".encode("ascii")))[
        :16
    ]


def _kcv(key: bytes) -> str:
    """The check value of an AES key: the first three bytes of a block of zeros encrypted with it."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 -- that is how a KCV is defined
    return encryptor.update(bytes(16))[:3].hex()
