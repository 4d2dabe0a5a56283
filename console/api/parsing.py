"""Reading requests strictly: JSON without duplicates and of sensible size, no unknown query parameters."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from rest_framework import exceptions, serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

# The largest request that has a sense: a draft whose parameters fill a document (a statement has 8 KiB).
BODY_LIMIT = 262_144


class TooLarge(exceptions.APIException):
    """The content is longer than anything that is accepted here."""

    status_code = 413
    default_code = "too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} bytes are accepted.")


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 without duplicate members, without NaN, and not nested beyond reason."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:  # noqa: ARG002
        """The value of the content."""
        try:
            return json.loads(
                stream.read().decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
            )
        except (ValueError, RecursionError):
            raise exceptions.ParseError(
                "The content is not JSON in UTF-8 without duplicate members.", code="malformed"
            ) from None


class Query(serializers.Serializer[Any]):
    """Query parameters. Subclasses name them; any other, and any given twice, is refused."""

    def to_internal_value(self, data: Any) -> Any:
        """The parameters, checked."""
        unknown = set(data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(
                {name: ["There is no such parameter."] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


def read_query(query: type[Query], given: QueryDict) -> dict[str, Any]:
    """The query parameters as `query` has them. Raises ValidationError."""
    twice = [name for name, values in given.lists() if len(values) > 1]
    if twice:
        raise serializers.ValidationError({name: ["It is given twice."] for name in sorted(twice)})
    reading = query(data=given.dict())
    reading.is_valid(raise_exception=True)
    return dict(reading.validated_data)


def read_body(body: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The content of the request as `body` has it; unknown members are refused. Raises ValidationError."""
    content = request.data
    if not isinstance(content, Mapping):
        raise serializers.ValidationError({"non_field_errors": ["An object is expected."]})
    reading = body(data=content)
    unknown = set(content) - set(reading.fields)
    if unknown:
        raise serializers.ValidationError({name: ["There is no such member."] for name in sorted(unknown)})
    reading.is_valid(raise_exception=True)
    return dict(reading.validated_data)


def check_length(request: Request, limit: int) -> None:
    """Refuse a content that is too long before any of it is read."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise TooLarge(limit)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
