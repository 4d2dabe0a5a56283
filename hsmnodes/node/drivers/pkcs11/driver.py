"""`Pkcs11Driver`: one token of a PKCS#11 module, in this process.

SoftHSM2 reads its directory from the environment when it is initialised, so a process holds one of these.
The agent uses it through `supervisor.DriverProcess`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from hsmnodes.node.drivers.base import Driver, PinSource
from hsmnodes.node.drivers.errors import TokenNotOpen
from hsmnodes.node.drivers.pkcs11 import backup_key, copies, node_keys, records, unwrapping, zone_keys
from hsmnodes.node.drivers.pkcs11.cryptoki import load_module
from hsmnodes.node.drivers.pkcs11.failures import failures
from hsmnodes.node.drivers.pkcs11.profile import Profile
from hsmnodes.node.drivers.pkcs11.token import OpenToken, initialise_token, open_token, token_info
from hsmnodes.node.drivers.pkcs11.token_files import keep_token_files, remove_remains, restore_token_files
from hsmnodes.node.drivers.values import KeySpec, SignMechanism, StoredKey, TokenInfo, WrappedKey


class Pkcs11Driver(Driver):
    """Drives the token in `directory`, which must exist, by the module of `profile`."""

    def __init__(self, profile: Profile, directory: Path) -> None:
        profile.prepare(directory)
        restore_token_files(profile, directory)
        self._profile = profile
        self._directory = directory
        self._module = load_module(profile.module)
        self._token: OpenToken | None = None
        self._lock = RLock()

    def initialise(self, label: str, so_pin: str, user_pin: str) -> None:
        with self._lock, failures("initialise the token"):
            if self._token is None:
                self._module.finalise()  # it may know what is removed now
                remove_remains(self._profile, self._directory)
            initialise_token(self._module, label, so_pin, user_pin)
            keep_token_files(self._profile, self._directory)

    def open(self, label: str, pin: PinSource) -> None:
        with self._lock, failures("open the token"):
            if self._token is None:
                self._token = open_token(self._module, self._profile, label, pin)
                keep_token_files(self._profile, self._directory)

    def close(self) -> None:
        with self._lock, failures("close the token"):
            if self._token is not None:
                self._token = None
                self._module.finalise()  # which closes every session

    def info(self) -> TokenInfo:
        with self._open("ask the token about itself") as token:
            return token_info(token)

    def random(self, length: int) -> bytes:
        with self._open("draw random bytes") as token:
            return token.session.generate_random(length * 8)

    def generate_identity(self, label: str) -> bytes:
        with self._open("generate the identity key") as token:
            return node_keys.generate_identity(token, label)

    def identity_public(self) -> bytes:
        with self._open("read the identity key's public point") as token:
            return node_keys.identity_public(token)

    def sign_identity(self, digest: bytes) -> bytes:
        with self._open("sign by the identity key") as token:
            return node_keys.sign_identity(token, digest)

    def generate_storage_key(self) -> None:
        with self._open("generate the storage key") as token:
            node_keys.generate_storage_key(token)

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        with self._open("seal") as token:
            return node_keys.seal(token, plaintext, context)

    def open_sealed(self, blob: bytes, context: bytes) -> bytes:
        with self._open("open what was sealed") as token:
            return node_keys.open_sealed(token, blob, context)

    def write_record(self, label: str, value: bytes) -> None:
        with self._open("write a record") as token:
            records.write_record(token, label, value)

    def read_record(self, label: str) -> bytes | None:
        with self._open("read a record") as token:
            return records.read_record(token, label)

    def install_backup_key(self, label: str, key_id: bytes, key: bytes, so_pin: str) -> str:
        with self._open("install the backup key") as token:
            try:
                return backup_key.install_backup_key(token, label, key_id, key, so_pin)
            except Exception:
                self._reopen(token)
                raise

    def backup_key_kcv(self, key_id: bytes) -> str | None:
        with self._open("read a backup key's check value") as token:
            return backup_key.backup_key_kcv(token, key_id)

    def destroy_other_backup_keys(self, key_id: bytes) -> None:
        with self._open("destroy the other backup keys") as token:
            backup_key.destroy_other_backup_keys(token, key_id)

    def generate_key(self, spec: KeySpec) -> StoredKey:
        with self._open("generate a key") as token:
            return zone_keys.generate_key(token, spec)

    def find_key(self, key_id: bytes) -> StoredKey | None:
        with self._open("find a key") as token:
            return zone_keys.find_key(token, key_id)

    def list_keys(self) -> list[StoredKey]:
        with self._open("list the keys") as token:
            return zone_keys.list_keys(token)

    def wrap_key(self, key_id: bytes, backup_key_id: bytes) -> bytes:
        with self._open("wrap a key") as token:
            return zone_keys.wrap_key(token, key_id, backup_key_id)

    def wrap_keys(self, key_ids: list[bytes], backup_key_id: bytes) -> list[WrappedKey]:
        with self._open("wrap keys") as token:
            return zone_keys.wrap_keys(token, key_ids, backup_key_id)

    def unwrap_key(self, key: WrappedKey, backup_key_id: bytes) -> StoredKey:
        with self._open("unwrap a key") as token:
            return unwrapping.unwrap_key(token, key, backup_key_id)

    def unwrap_keys(self, wrapped: list[WrappedKey], backup_key_id: bytes) -> None:
        with self._open("unwrap keys") as token:
            unwrapping.unwrap_keys(token, wrapped, backup_key_id)

    def prove_key(self, key: WrappedKey, backup_key_id: bytes) -> None:
        self.prove_keys([key], backup_key_id)

    def prove_keys(self, wrapped: list[WrappedKey], backup_key_id: bytes) -> None:
        with self._open("have wrapped keys prove themselves") as token:
            unwrapping.prove_keys(token, wrapped, backup_key_id)

    def wrap_for_copying(self, key_ids: list[bytes], carrier: bytes, so_pin: str) -> list[WrappedKey]:
        with self._open("wrap keys for copying") as token:
            try:
                return copies.wrap_for_copying(token, key_ids, carrier, so_pin)
            finally:
                self._reopen(token)

    def make_copies(self, wrapped: list[WrappedKey], carrier: bytes) -> None:
        with self._open("make copies of keys") as token:
            copies.make_copies(token, wrapped, carrier)

    def destroy_key(self, key_id: bytes) -> None:
        with self._open("destroy a key") as token:
            token.index.destroy(key_id)

    def sign(self, key_id: bytes, data: bytes, mechanism: SignMechanism) -> bytes:
        with self._open("sign") as token:
            return zone_keys.sign(token, key_id, data, mechanism)

    @contextmanager
    def _open(self, what: str) -> Iterator[OpenToken]:
        with self._lock, failures(what):
            if self._token is None:
                raise TokenNotOpen(f"could not {what}: the token is not open")
            yield self._token

    def _reopen(self, token: OpenToken) -> None:
        """Begin anew with the user logged in, whoever was, and without session objects."""
        self.close()
        self.open(token.label, token.pin)
