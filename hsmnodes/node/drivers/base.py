"""The driver interface: one token, in one directory, by one process.

Every driver keeps the same promises, and `test_contract.py` and `test_wrapping.py` hold each to them, in
`tests/hsmnodes/node/drivers`:

- keys are private, sensitive and can be wrapped only by a trusted backup key; they have the usages that
  were asked for and no others; they cannot be altered or copied afterwards;
- ids and labels of keys are unique in their token;
- what a crash leaves half-made is reported as such;
- errors are `DriverError`s, which keep the PKCS#11 return code and never hold a PIN or a key.

Methods may be called from several threads; a driver carries out one call at a time. The bounds in the types
of the arguments are checked where they arrive (`arguments.checked`), and what is outside raises
`InvalidRequest`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hsmnodes.node.drivers.values import (
    BackupKeyBytes,
    CarrierBytes,
    Digest,
    KeyId,
    KeyIds,
    KeySpec,
    Label,
    Pin,
    RandomLength,
    RecordBytes,
    SignMechanism,
    StoredKey,
    TokenInfo,
    TokenLabel,
    WrappedKey,
    WrappedKeys,
)

PinSource = Callable[[], str]
"""Gives the user PIN of a token whenever a driver has to log in (again)."""


class Driver(ABC):
    """One token. Every method but `initialise`, `open` and `close` needs it open (else `TokenNotOpen`)."""

    # The token

    @abstractmethod
    def initialise(self, label: TokenLabel, so_pin: Pin, user_pin: Pin) -> None:
        """Make the token (C_InitToken, C_InitPIN). Raises `TokenExists` if there is one in the directory.

        What a crash left of a token that was being made is removed first.
        """

    @abstractmethod
    def open(self, label: TokenLabel, pin: PinSource) -> None:
        """Log in as the token's user. Raises `TokenNotFound`, `PinRefused`. Does nothing if it is open."""

    @abstractmethod
    def close(self) -> None:
        """Log out. Does nothing if it is closed."""

    @abstractmethod
    def info(self) -> TokenInfo:
        """What the token and its library say of themselves."""

    @abstractmethod
    def random(self, length: RandomLength) -> bytes:
        """Bytes of the token's generator (C_GenerateRandom); 1 to 65,536 of them."""

    # The node's identity and storage key, in the agent's own token

    @abstractmethod
    def generate_identity(self, label: Label) -> bytes:
        """Make the node's P-256 identity key, which cannot be extracted, and return its public point (65
        bytes, uncompressed). Raises `ObjectExists` if it is there; half of one is removed first.
        """

    @abstractmethod
    def identity_public(self) -> bytes:
        """The public point of the identity key (65 bytes). Raises `ObjectNotFound`."""

    @abstractmethod
    def sign_identity(self, digest: Digest) -> bytes:
        """Sign a SHA-256 digest (32 bytes) by the identity key with ECDSA; r||s, 64 bytes."""

    @abstractmethod
    def generate_storage_key(self) -> None:
        """Make the AES-256 key that `seal` uses, which cannot be extracted. Raises `ObjectExists`."""

    @abstractmethod
    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt under the storage key (AES-256-GCM, nonce from the token), bound to `context`."""

    @abstractmethod
    def open_sealed(self, blob: bytes, context: bytes) -> bytes:
        """Decrypt what `seal` made with the same context. Raises `SealBroken`."""

    # Small records

    @abstractmethod
    def write_record(self, label: Label, value: RecordBytes) -> None:
        """Keep `value` (at most 4,096 bytes) in the token under `label`, in place of what was there.

        A crash leaves the old value or the new one, never neither.
        """

    @abstractmethod
    def read_record(self, label: Label) -> bytes | None:
        """The value last written under `label`, or `None`."""

    # The backup keys of a zone: one, and while it is rotated the old one and the new one

    @abstractmethod
    def install_backup_key(self, label: Label, key_id: KeyId, key: BackupKeyBytes, so_pin: Pin) -> str:
        """Install an AES-256 backup key as a trusted one that nobody can read or alter, and that only wraps
        and unwraps. Returns its check value (KCV): the first three bytes of AES-ECB over a block of zeros,
        in hexadecimal. Raises `ObjectExists` if its id is taken, or if the token has two backup keys.
        """

    @abstractmethod
    def backup_key_kcv(self, key_id: KeyId) -> str | None:
        """The check value of the backup key with this id, or `None` if there is none."""

    @abstractmethod
    def destroy_other_backup_keys(self, key_id: KeyId) -> None:
        """Destroy every backup key but the one with this id, and what a crash left of one. Does nothing if
        there is no other; raises `ObjectNotFound` if the one to be kept is not there.
        """

    # Keys of a zone

    @abstractmethod
    def generate_key(self, spec: KeySpec) -> StoredKey:
        """Generate a key or key pair. Raises `ObjectExists` if its id or label is taken."""

    @abstractmethod
    def find_key(self, key_id: KeyId) -> StoredKey | None:
        """The key with this id, or `None`. Half a pair is found too, with `complete` false."""

    @abstractmethod
    def list_keys(self) -> list[StoredKey]:
        """Every key of the zone, by label. The backup, identity and storage keys are not among them."""

    @abstractmethod
    def wrap_key(self, key_id: KeyId, backup_key_id: KeyId) -> bytes:
        """The private or secret half, wrapped by a backup key: AES key wrap with padding (RFC 5649) over
        the PKCS#8 encoding of a private key, or the bytes of an AES key. Raises `ObjectNotFound`.

        SoftHSM2 fills the PKCS#8 with zeros to a multiple of eight bytes before it wraps it.
        """

    @abstractmethod
    def wrap_keys(self, key_ids: KeyIds, backup_key_id: KeyId) -> list[WrappedKey]:
        """Many keys at once, at most 1,000: each wrapped as `wrap_key` does it, with what `unwrap_key` needs.

        Raises `ObjectNotFound`.
        """

    @abstractmethod
    def unwrap_key(self, key: WrappedKey, backup_key_id: KeyId) -> StoredKey:
        """Unwrap a key by a backup key into the token: with its id, label, usages and public half, and as
        protected as one that was generated here, if it proves what it is said to be (see `prove_key`).

        Of its attributes `local` and `always_sensitive` are false. Raises `BlobBroken`, and `ObjectExists` if
        the id or label is taken.
        """

    @abstractmethod
    def unwrap_keys(self, wrapped: WrappedKeys, backup_key_id: KeyId) -> None:
        """Many keys at once, at most 100: each unwrapped as `unwrap_key` does it, once the ids and labels of
        all are free and all have proved what they are. Where that raises `ObjectExists` or `BlobBroken`,
        nothing was made; if the token fails later, it keeps what was made until then.
        """

    @abstractmethod
    def prove_key(self, key: WrappedKey, backup_key_id: KeyId) -> None:
        """Unwrap a key by a backup key for a moment, as nothing that the token keeps, and have it prove
        what it is: a private key signs for its public key, an AES key has its check value, if that is known.

        Raises `BlobBroken` if it does not; `ObjectNotFound` if the token has no such backup key.
        """

    @abstractmethod
    def prove_keys(self, wrapped: WrappedKeys, backup_key_id: KeyId) -> None:
        """Many keys at once, at most 100: each as `prove_key` does it, up to the first that does not."""

    @abstractmethod
    def wrap_for_copying(self, key_ids: KeyIds, carrier: CarrierBytes, so_pin: Pin) -> list[WrappedKey]:
        """Keys wrapped under `carrier`, an AES-256 key that the token trusts for this call and never stores.

        For `make_copies` in another token; the backup key has no part in it. Raises `ObjectNotFound`.
        """

    @abstractmethod
    def destroy_key(self, key_id: KeyId) -> None:
        """Destroy both halves of a key, the private one first. Raises `ObjectNotFound`."""

    # The token of an application, which holds copies of a zone's keys and nothing else

    @abstractmethod
    def make_copies(self, wrapped: WrappedKeys, carrier: CarrierBytes) -> None:
        """Unwrap keys that were wrapped for copying, each for the usages in its spec and never to be
        extracted, if it proves what it is said to be. Raises `BlobBroken`, and `ObjectExists` if an id or
        label is taken. What a failure leaves has to be removed with its token.
        """

    @abstractmethod
    def sign(self, key_id: KeyId, data: bytes, mechanism: SignMechanism) -> bytes:
        """Sign with a zone's key: only to prove that a key works, applications do not come this way."""


class DriverPool(Protocol):
    """Gives the driver of each token directory."""

    def get(self, directory: Path) -> Driver:
        """The driver of this directory, the same one each time; it may have to be opened."""

    def forget(self, directory: Path) -> None:
        """Close the driver of this directory, so that the directory can be removed."""

    def close(self) -> None:
        """Close every driver."""
