"""What all documents share: strict, frozen models over canonical bytes, and the types of their fields."""

import hashlib
import unicodedata
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.errors import DocumentRefused

NAME_MAX = 80
REASON_MAX = 500


class Model(BaseModel):
    """A strict, frozen part of a document: unknown fields and wrong types are refused, nothing is coerced."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", ignored_types=(cached_property,))


class Document(Model):
    """A document: a model that is signed, stored and sent as its canonical bytes."""

    LIMIT: ClassVar[int] = canonical.MAX_BYTES

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read `data`, which must be the canonical bytes of this document.

        Raises DocumentRefused with the first thing that is wrong.
        """
        canonical.decode(data, limit=cls.LIMIT)
        try:
            document = cls.model_validate_json(data)
        except ValidationError as error:
            raise refusal(error, what=cls.__name__) from None
        document.__dict__["raw"] = data
        return document

    @cached_property
    def raw(self) -> bytes:
        """The canonical bytes: those it was read from, or made from its fields."""
        return canonical.encode(self.model_dump(mode="json"))

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()


def refusal(error: ValidationError, *, what: str) -> DocumentRefused:
    """The refusal for what a model found wrong: names the first field, never its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"]) or "the whole"
    code = {"extra_forbidden": "unknown-field", "missing": "missing-field"}.get(first["type"], "bad-field")
    return DocumentRefused(code, f"{what}: {place}: {first['msg']}.")


def plain_text(text: str) -> str:
    """`text` if people can read it as it stands: NFC, and no control, format or bidirectional characters."""
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("text must be in Unicode normal form C")
    if any(unicodedata.category(letter)[0] == "C" or letter in "\u2028\u2029" for letter in text):
        raise ValueError("text must not have control or invisible characters")
    if text != text.strip() or "  " in text:
        raise ValueError("text must not have leading, trailing or double spaces")
    return text


def _canonical_base64(text: str) -> str:
    try:
        canonical.b64u_decode(text)
    except DocumentRefused as error:
        raise ValueError(error.message) from None
    return text


Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_MAX), AfterValidator(plain_text)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=REASON_MAX), AfterValidator(plain_text)]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]{1,200}(:[0-9]{1,5})?$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*/v[1-9][0-9]?$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Bytes = Annotated[str, StringConstraints(max_length=350_000), AfterValidator(_canonical_base64)]
Time = Annotated[int, Field(ge=0, le=253_402_300_799)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
JSONObject = dict[str, Any]
