"""A token in memory. Its methods are those of `Driver` once the token is open."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from pydantic import BaseModel, ConfigDict

from hsmnodes.node.drivers.errors import BlobBroken, ObjectExists, ObjectNotFound, PinRefused, SealBroken
from hsmnodes.node.drivers.fake.keys import FakeKey, check_value, pkcs8, sign_digest
from hsmnodes.node.drivers.return_values import ReturnValue
from hsmnodes.node.drivers.values import KeySpec, SignMechanism, StoredKey, TokenInfo, WrappedKey

NONCE_LENGTH = 12
MOST_BACKUP_KEYS = 2


class FakeToken(BaseModel):
    """What one fake token holds, in clear. It is kept as one JSON document."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    label: str
    so_pin: str
    user_pin: str
    identity: bytes | None = None
    storage_key: bytes | None = None
    backup_keys: dict[str, bytes] = {}
    keys: dict[str, FakeKey] = {}
    records: dict[str, bytes] = {}

    def info(self) -> TokenInfo:
        return TokenInfo(
            label=self.label,
            serial="fake",
            model="fake token",
            manufacturer="tests",
            firmware="0.0",
            library="fake driver, for tests only",
            library_version="0.0",
            free_memory=None,
            total_memory=None,
        )

    def random(self, length: int) -> bytes:
        return secrets.token_bytes(length)

    def generate_identity(self, label: str) -> bytes:  # noqa: ARG002 -- there is one, whatever it is called
        if self.identity is not None:
            raise ObjectExists("the node has its identity key already")
        self.identity = pkcs8(ec.generate_private_key(ec.SECP256R1()))
        return self.identity_public()

    def identity_public(self) -> bytes:
        return self._identity().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign_identity(self, digest: bytes) -> bytes:
        return sign_digest(self._identity(), digest)

    def generate_storage_key(self) -> None:
        if self.storage_key is not None:
            raise ObjectExists("the node has its storage key already")
        self.storage_key = secrets.token_bytes(32)

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_LENGTH)
        return nonce + self._storage_cipher().encrypt(nonce, plaintext, context)

    def open_sealed(self, blob: bytes, context: bytes) -> bytes:
        try:
            return self._storage_cipher().decrypt(blob[:NONCE_LENGTH], blob[NONCE_LENGTH:], context)
        except (InvalidTag, ValueError):
            raise SealBroken("what was sealed does not open") from None

    def write_record(self, label: str, value: bytes) -> None:
        self.records[label] = value

    def read_record(self, label: str) -> bytes | None:
        return self.records.get(label)

    def install_backup_key(self, label: str, key_id: bytes, key: bytes, so_pin: str) -> str:  # noqa: ARG002 -- nobody asks for the label
        if len(self.backup_keys) >= MOST_BACKUP_KEYS:
            raise ObjectExists(f"the token has {MOST_BACKUP_KEYS} backup keys already")
        if key_id.hex() in self.backup_keys or key_id.hex() in self.keys:
            raise ObjectExists(f"the token already holds key {key_id.hex()}")
        if so_pin != self.so_pin:
            raise PinRefused("could not log in to the token", ck=ReturnValue.PIN_INCORRECT)
        self.backup_keys[key_id.hex()] = key
        return check_value(key)

    def backup_key_kcv(self, key_id: bytes) -> str | None:
        key = self.backup_keys.get(key_id.hex())
        return None if key is None else check_value(key)

    def destroy_other_backup_keys(self, key_id: bytes) -> None:
        if key_id.hex() not in self.backup_keys:
            raise ObjectNotFound(f"the token has no backup key {key_id.hex()}")
        self.backup_keys = {key_id.hex(): self.backup_keys[key_id.hex()]}

    def generate_key(self, spec: KeySpec) -> StoredKey:
        self._require_free([spec])
        key = FakeKey.generate(spec)
        self.keys[spec.key_id.hex()] = key
        return key.stored()

    def find_key(self, key_id: bytes) -> StoredKey | None:
        key = self.keys.get(key_id.hex())
        return None if key is None else key.stored()

    def list_keys(self) -> list[StoredKey]:
        return sorted((key.stored() for key in self.keys.values()), key=lambda key: key.label)

    def wrap_key(self, key_id: bytes, backup_key_id: bytes) -> bytes:
        return self._key(key_id).wrapped(self._backup_key(backup_key_id)).blob

    def wrap_keys(self, key_ids: list[bytes], backup_key_id: bytes) -> list[WrappedKey]:
        return [self._key(key_id).wrapped(self._backup_key(backup_key_id)) for key_id in key_ids]

    def unwrap_key(self, key: WrappedKey, backup_key_id: bytes) -> StoredKey:
        self.unwrap_keys([key], backup_key_id)
        return self.keys[key.spec.key_id.hex()].stored()

    def unwrap_keys(self, wrapped: list[WrappedKey], backup_key_id: bytes) -> None:
        self._take_in(wrapped, self._backup_key(backup_key_id))

    def prove_key(self, key: WrappedKey, backup_key_id: bytes) -> None:
        self.prove_keys([key], backup_key_id)

    def prove_keys(self, wrapped: list[WrappedKey], backup_key_id: bytes) -> None:
        for key in wrapped:
            _unwrapped(key, self._backup_key(backup_key_id))

    def wrap_for_copying(self, key_ids: list[bytes], carrier: bytes, so_pin: str) -> list[WrappedKey]:
        if so_pin != self.so_pin:
            raise PinRefused("could not log in to the token", ck=ReturnValue.PIN_INCORRECT)
        return [self._key(key_id).wrapped(carrier) for key_id in key_ids]

    def make_copies(self, wrapped: list[WrappedKey], carrier: bytes) -> None:
        self._take_in(wrapped, carrier, copied=True)

    def destroy_key(self, key_id: bytes) -> None:
        self._key(key_id)
        del self.keys[key_id.hex()]

    def sign(self, key_id: bytes, data: bytes, mechanism: SignMechanism) -> bytes:
        return self._key(key_id).sign(data, mechanism)

    def lose_public_half(self, key_id: bytes) -> None:
        """Leave a key as a crash in the middle of its generation could: for tests."""
        self._key(key_id).public = None

    def _take_in(self, wrapped: list[WrappedKey], wrapper: bytes, *, copied: bool = False) -> None:
        self._require_free([key.spec for key in wrapped])
        ids, labels = {key.spec.key_id for key in wrapped}, {key.spec.label for key in wrapped}
        if not len(ids) == len(labels) == len(wrapped):
            raise ObjectExists("two of the keys have the same id or label")
        self.keys |= {key.spec.key_id.hex(): _unwrapped(key, wrapper, copied=copied) for key in wrapped}

    def _backup_key(self, key_id: bytes) -> bytes:
        key = self.backup_keys.get(key_id.hex())
        if key is None:
            raise ObjectNotFound(f"the token has no backup key {key_id.hex()}")
        return key

    def _identity(self) -> ec.EllipticCurvePrivateKey:
        if self.identity is None:
            raise ObjectNotFound("the node has no identity key yet")
        key = load_der_private_key(self.identity, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 -- it was made above
        return key

    def _storage_cipher(self) -> AESGCM:
        if self.storage_key is None:
            raise ObjectNotFound("the node has no storage key yet")
        return AESGCM(self.storage_key)

    def _key(self, key_id: bytes) -> FakeKey:
        if key_id.hex() not in self.keys:
            raise ObjectNotFound(f"there is no key {key_id.hex()} in this token")
        return self.keys[key_id.hex()]

    def _require_free(self, wanted: list[KeySpec]) -> None:
        labels = {key.spec.label for key in self.keys.values()}
        for spec in wanted:
            if spec.key_id.hex() in self.keys:
                raise ObjectExists(f"the token already holds key {spec.key_id.hex()}, or half of it")
            if spec.label in labels:
                raise ObjectExists("the token already holds a key with this label")


def _unwrapped(key: WrappedKey, wrapper: bytes, *, copied: bool = False) -> FakeKey:
    try:
        main = aes_key_unwrap_with_padding(wrapper, key.blob)
    except InvalidUnwrap:
        raise BlobBroken("the wrapped key does not open under the key that is to open it") from None
    return FakeKey.unwrapped(key, main, copied=copied)
