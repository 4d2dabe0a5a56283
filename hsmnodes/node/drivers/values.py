"""What the drivers take and give: key specifications, stored keys, token information.

The models are strict and frozen, and have one JSON form (bytes as base64), in which they travel between the
agent and a driver's process.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hsmnodes.node.drivers.errors import ObjectNotFound

KEY_ID_LENGTH = 16
BACKUP_KEY_LENGTH = 32
CARRIER_LENGTH = 32
DIGEST_LENGTH = 32
MOST_RANDOM_BYTES = 65_536
LONGEST_RECORD = 4_096
LONGEST_BLOB = 8_192  # that of an RSA-4096 key has about 2,400 bytes
MOST_WRAPPED = 1_000
MOST_UNWRAPPED = 100


class Value(BaseModel):
    """A frozen value with one strict JSON form."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )


class Algorithm(StrEnum):
    """The keys a zone can hold. Ed25519 is absent: SoftHSM2 cannot wrap it, so it could not be backed up."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    AES_128 = "aes-128"
    AES_256 = "aes-256"

    @property
    def family(self) -> str:
        """`rsa`, `ec` or `aes`."""
        return self.partition("-")[0]

    @property
    def is_pair(self) -> bool:
        """Whether a key of this algorithm has a private and a public half."""
        return not self.startswith("aes-")


class Usage(StrEnum):
    """What a key may be used for. Of a pair it is the private half that is meant; the public half gets the
    counterpart, so that verifying and (RSA) encrypting need not be asked for.
    """

    SIGN = "sign"
    DECRYPT = "decrypt"
    ENCRYPT = "encrypt"


USAGES_OF_FAMILY: dict[str, frozenset[Usage]] = {
    "rsa": frozenset({Usage.SIGN, Usage.DECRYPT}),
    "ec": frozenset({Usage.SIGN}),
    "aes": frozenset({Usage.ENCRYPT, Usage.DECRYPT}),
}


class SignMechanism(StrEnum):
    """How `Driver.sign` signs."""

    ECDSA = "ecdsa"  # the data is the digest; the signature is r||s
    RSA_PKCS1_SHA256 = "rsa-pkcs1-sha256"  # the data is the message
    RSA_PSS_SHA256 = "rsa-pss-sha256"  # the data is the message; salt of 32 bytes


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("a label holds printable characters and neither begins nor ends with a space")
    return text


def _fits_token_information(text: str) -> str:
    if len(text.encode()) > 32:
        raise ValueError("a token's label is at most 32 bytes of UTF-8 (CK_TOKEN_INFO)")
    return text


Label = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_printable)]
TokenLabel = Annotated[Label, AfterValidator(_fits_token_information)]
KeyId = Annotated[bytes, Field(min_length=KEY_ID_LENGTH, max_length=KEY_ID_LENGTH)]
KeyIds = Annotated[list[KeyId], Field(max_length=MOST_WRAPPED)]
BackupKeyBytes = Annotated[bytes, Field(min_length=BACKUP_KEY_LENGTH, max_length=BACKUP_KEY_LENGTH)]
CarrierBytes = Annotated[bytes, Field(min_length=CARRIER_LENGTH, max_length=CARRIER_LENGTH)]
RandomLength = Annotated[int, Field(ge=1, le=MOST_RANDOM_BYTES)]
Digest = Annotated[bytes, Field(min_length=DIGEST_LENGTH, max_length=DIGEST_LENGTH)]
RecordBytes = Annotated[bytes, Field(max_length=LONGEST_RECORD)]
Pin = Annotated[str, Field(min_length=4, max_length=255)]


class TokenInfo(Value):
    """What a token says of itself (CK_TOKEN_INFO, CK_INFO; PKCS#11 v2.40 section 3.2). Memory is in bytes,
    `None` where the token does not say.
    """

    label: str
    serial: str
    model: str
    manufacturer: str
    firmware: str
    library: str
    library_version: str
    free_memory: int | None
    total_memory: int | None


class KeySpec(Value):
    """A key to be generated. Its id is derived by the agent from the proposal that asks for it."""

    key_id: KeyId
    label: Label
    algorithm: Algorithm
    usages: frozenset[Usage]

    @model_validator(mode="after")
    def _usages_fit_the_algorithm(self) -> Self:
        able = USAGES_OF_FAMILY[self.algorithm.family]
        if not self.usages <= able:
            unfit = self.usages - able
            raise ValueError(f"{self.algorithm} keys cannot {', '.join(sorted(unfit))}")
        return self


class WrappedKey(Value):
    """A key outside of a token: wrapped by a backup key, with what it is to be once it is unwrapped.

    `public_key` is SubjectPublicKeyInfo in DER, which a pair has; `kcv` is the check value of an AES key,
    where it is known.
    """

    spec: KeySpec
    blob: Annotated[bytes, Field(max_length=LONGEST_BLOB)]
    public_key: bytes | None
    kcv: str | None

    @model_validator(mode="after")
    def _has_what_its_algorithm_has(self) -> Self:
        if self.spec.algorithm.is_pair != (self.public_key is not None):
            raise ValueError("a pair has a public key, and nothing else has")
        if self.spec.algorithm.is_pair and self.kcv is not None:
            raise ValueError("only a secret key has a check value")
        return self


WrappedKeys = Annotated[list[WrappedKey], Field(max_length=MOST_UNWRAPPED)]


class StoredKey(Value):
    """A key as it stands in the token, read back from it.

    `complete` is false for what a crash during generation leaves: half a pair, or a half without its value or
    without its whole protection. The agent destroys such a key, and may generate it again; it is good for
    nothing else, and may not even tell its algorithm.

    `public_key` is SubjectPublicKeyInfo in DER (RFC 5280); `kcv` is CKA_CHECK_VALUE of an AES key in
    hexadecimal, where the token keeps one (SoftHSM2 does not for what it unwrapped); `attributes` are the
    boolean PKCS#11 attributes of the private or secret half, by name in lower case (`wrap_with_trusted`).
    """

    key_id: KeyId
    label: str
    known_algorithm: Algorithm | None
    usages: frozenset[Usage]
    public_key: bytes | None
    kcv: str | None
    complete: bool
    attributes: dict[str, bool]

    def wrapped(self, blob: bytes) -> WrappedKey:
        """This key outside of the token, in a blob."""
        spec = KeySpec(key_id=self.key_id, label=self.label, algorithm=self.algorithm, usages=self.usages)
        return WrappedKey(spec=spec, blob=blob, public_key=self.public_key, kcv=self.kcv)

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm, which every complete key has. Raises `ObjectNotFound` where it cannot be told."""
        if self.known_algorithm is None:
            raise ObjectNotFound(f"key {self.key_id.hex()} is not complete")
        return self.known_algorithm
