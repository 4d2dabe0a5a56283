"""Share keys: the X25519 keys to which shares of backup keys are sealed, each certified by its token."""

from functools import cached_property
from typing import Annotated, Literal, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Bytes, Document, Id, Named, Part, Time
from hsmnodes.node.protocol.documents.signatures import Assertion

KEY_LENGTH, FIELD = 32, 2**255 - 19
_ANY_KEY = X25519PrivateKey.from_private_bytes(b"quorate any key of the right len")


def _contributes(text: str) -> str:
    """A public key in its one encoding (RFC 7748 section 5), not of small order (section 6.1)."""
    key = canonical.b64u_decode(text)
    if len(key) != KEY_LENGTH or int.from_bytes(key, "little") >= FIELD:
        raise ValueError("this is not the encoding of an X25519 public key")
    try:
        _ANY_KEY.exchange(X25519PublicKey.from_public_bytes(key))
    except ValueError:
        raise ValueError("this is no X25519 public key with which anything can be agreed") from None
    return text


KemPublicKey = Annotated[Bytes, StringConstraints(min_length=43, max_length=43), AfterValidator(_contributes)]


Kept = Literal["token", "file", "sheet"]
"""How the private key is kept: computed by the token each time, in an encrypted file, on a printed sheet."""


class ShareKeyStatement(Document):
    """What a custodian's token signs of their share key: challenge(SHARE_KEY, these bytes).

    `kept` is absent where the token itself computes the key, as in statements older than the other forms.
    """

    type: Literal["quorate/share-key-statement/v1"] = "quorate/share-key-statement/v1"
    deployment: Id
    demo: bool
    person: Named
    credential_id: Bytes
    kept: Annotated[Kept, Field(exclude_if=lambda value: value == "token")] = "token"
    public_key: KemPublicKey
    at: Time


class ShareKey(Part):
    """A share key as a charter holds it, with its token: the statement, and the token's assertion over it."""

    statement: Bytes
    assertion: Assertion

    @model_validator(mode="after")
    def _holds_a_statement(self) -> Self:
        _ = self.stated
        return self

    @cached_property
    def stated(self) -> ShareKeyStatement:
        """What the statement says. Raises DocumentRefused."""
        return ShareKeyStatement.from_bytes(canonical.b64u_decode(self.statement))

    @cached_property
    def key_bytes(self) -> bytes:
        """The raw public key, 32 bytes."""
        return canonical.b64u_decode(self.stated.public_key)
