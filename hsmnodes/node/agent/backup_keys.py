"""The backup keys of zones as the node keeps them: sealed under the storage key in the agent's own token.

A backup key is drawn from the HSM's generator and kept before it is installed, so that an attempt that breaks
off is finished with the same key. One that was rotated out is forgotten once its successor is in force.
Between drawing and installing it is in this process's memory; Python cannot promise to overwrite it there.
"""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.agent.vault import Vault
from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import ObjectExists, ObjectNotFound
from hsmnodes.node.operations.backup_key.identifiers import FIRST, backup_key_id
from hsmnodes.node.operations.context import BackupKey

FIRST_EPOCH = 1
KEY_LENGTH = 32


class BackupKeys:
    """The kept backup keys of one node. Methods raise DriverError."""

    def __init__(self, agent: Driver, vault: Vault, ledger: Ledger) -> None:
        self._agent = agent
        self._vault = vault
        self._ledger = ledger

    def in_force(self, zone: str) -> BackupKey:
        """The backup key that a zone's slot is under."""
        slot = self._ledger.facts.holdings.slots[zone]
        return BackupKey(slot.backup_key, slot.epoch, slot.kcv, slot.backup_key_id)

    def kept(self, zone: str, key_id: str) -> bytes:
        """The key with this id. Raises ObjectNotFound if the node does not keep it."""
        key = self._vault.get(_name(zone, key_id))
        if key is None:
            raise ObjectNotFound("the node does not keep this backup key")
        return key

    def keep(self, zone: str, key_id: str, key: bytes) -> None:
        """Keep a key that was rebuilt, before it is installed. Raises ObjectExists if another is kept so."""
        known = self._vault.get(_name(zone, key_id))
        if known is None:
            self._vault.put(_name(zone, key_id), key)
        elif known != key:
            raise ObjectExists("another backup key is kept for this slot")

    def install(self, driver: Driver, zone: str, key_id: str, *, epoch: int, so_pin: str) -> str:
        """Draw and keep the key with this id, and install it in the zone's token, as far as neither is done.

        Returns its check value.
        """
        key = self._vault.get(_name(zone, key_id))
        if key is None:
            key = self._agent.random(KEY_LENGTH)
            self._vault.put(_name(zone, key_id), key)
        installed = driver.backup_key_kcv(bytes.fromhex(key_id))
        if installed is None:
            return driver.install_backup_key(f"backup-key-{epoch}", bytes.fromhex(key_id), key, so_pin)
        if installed != check_value(key):
            raise ObjectExists("the token has another backup key than the one that is kept for it")
        return installed

    def zones_with_others(self) -> list[str]:
        """The zones for which keys are kept that are not in force: retired ones, or never come to be."""
        kept = [name.split("/")[:4] for name in self._vault.names("zone/") if "/backup-key/" in name]
        slots = self._ledger.facts.holdings.slots
        return sorted(
            {
                zone
                for _, zone, _, last in kept
                if zone in slots and last != _last(zone, slots[zone].backup_key_id)
            }
        )

    def forget_others(self, zone: str) -> None:
        """Forget every kept key of a zone but the one in force."""
        in_force = _name(zone, self.in_force(zone).id)
        for name in self._vault.names(f"zone/{zone}/backup-key/"):
            if name != in_force:
                self._vault.forget_one(name)


def check_value(key: bytes) -> str:
    """The check value of an AES key: the first three bytes of a block of zeros encrypted with it."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 -- that is how a KCV is defined
    return encryptor.update(bytes(16))[:3].hex()


def _name(zone: str, key_id: str) -> str:
    return f"zone/{zone}/backup-key/{_last(zone, key_id)}"


def _last(zone: str, key_id: str) -> str:
    """How a key is called in its zone's part of the vault: by its id, but for the first."""
    return FIRST if key_id == backup_key_id(zone, FIRST) else key_id
