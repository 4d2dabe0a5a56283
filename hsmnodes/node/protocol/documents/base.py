"""What all documents share: strict, frozen models over canonical bytes, and the types of their fields."""

import hashlib
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticSerializationError

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.errors import DocumentRefused

NAME_MAX = 80
REASON_MAX = 500
NOTE_MAX = 200
LONGEST_LIFETIME = 7 * 86_400
"""Seconds for which a proposal may live, at most."""


class Model(BaseModel):
    """A strict, frozen part of a document: unknown fields and wrong types are refused, nothing is coerced."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", ignored_types=(cached_property,))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
        """One with other values for some fields, checked like any; nothing cached is carried over."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**(fields | dict(update or {})))


class Part(Model):
    """A part of a document. Its fields are in the order of canonical JSON, however they are declared."""

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        fields = cls.__pydantic_fields__
        in_order = dict(sorted(fields.items()))
        if list(in_order) != list(fields):
            fields.clear()
            fields.update(in_order)
            cls.model_rebuild(force=True)


class Document(Part):
    """A document: a model that is signed, stored and sent as its canonical bytes."""

    LIMIT: ClassVar[int] = canonical.MAX_BYTES

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read `data`, which must be the canonical bytes of this document.

        However lax the parser were, only what encodes to `data` again is accepted: a member named twice, left
        out or in another place, a space or an escape too many, and other bytes would come out.

        Raises DocumentRefused with the first thing that is wrong.
        """
        canonical.check_length(data, limit=cls.LIMIT)
        try:
            document: Self = cls.__pydantic_validator__.validate_json(data)
        except ValidationError as error:
            raise refusal(error, what=cls.__name__) from None
        if cls.__pydantic_serializer__.to_json(document) != data:
            raise canonical.other_spelling()
        document.__dict__["raw"] = data
        return document

    @cached_property
    def raw(self) -> bytes:
        """The canonical bytes: those it was read from, or made from its fields, which are in that order.

        Raises DocumentRefused if a text in it has no UTF-8.
        """
        try:
            return type(self).__pydantic_serializer__.to_json(self)
        except PydanticSerializationError:
            raise canonical.lone_surrogate() from None

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()


def refusal(error: ValidationError, *, what: str) -> DocumentRefused:
    """The refusal for what a model found wrong: names the first field, never its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"]) or "the whole"
    code = _CODES.get(first["type"], "bad-field")
    return DocumentRefused(code, f"{what}: {place}: {first['msg']}.")


_CODES = {
    "extra_forbidden": "unknown-field",
    "missing": "missing-field",
    "json_invalid": "not-json",
    "token-not-accepted": "token-not-accepted",
    "too-few-tokens": "too-few-tokens",
}


def _plain_object(value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """What a model says nothing of must be plain, and in order: put so unless it was read from bytes."""
    if canonical.check_plain(value, depth=1):
        return value
    if info.mode == "json":
        raise canonical.other_spelling()
    return {name: canonical.in_order(value[name]) for name in sorted(value)}


def is_absent(value: object) -> bool:
    """Whether a member that may be absent is so: then it stands nowhere in the document."""
    return value is None


def plain_text(text: str) -> str:
    """`text` if people can read it as it stands: NFC, and no control, format or bidirectional characters."""
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        raise ValueError("text must be in Unicode normal form C")
    if not text.isprintable() or not (text.isascii() or _BLANK.isdisjoint(text)):
        raise ValueError(
            "text must not have control or invisible characters, or other spaces than the plain one"
        )
    if text != text.strip() or "  " in text:
        raise ValueError("text must not have leading, trailing or double spaces")
    return text


# Letters, signs and marks that show nothing but that Python calls printable (Unicode's
# Default_Ignorable_Code_Point, and the empty braille pattern).
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
)

# Unpadded base64url in its one canonical spelling: what the last letter has no room for must be zero.
_BASE64URL = r"^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$"

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_MAX), AfterValidator(plain_text)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=REASON_MAX), AfterValidator(plain_text)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=NOTE_MAX), AfterValidator(plain_text)]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]{1,200}(:[0-9]{1,5})?$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*/v[1-9][0-9]?$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Bytes = Annotated[str, StringConstraints(max_length=350_000, pattern=_BASE64URL)]
LongBytes = Annotated[str, StringConstraints(max_length=6_700_000, pattern=_BASE64URL)]
Time = Annotated[int, Field(ge=0, le=253_402_300_799)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
JSONObject = Annotated[dict[str, Any], AfterValidator(_plain_object)]


class Named(Part):
    """An id with the name people know it by; the name never authorises."""

    id: Id
    name: Name
