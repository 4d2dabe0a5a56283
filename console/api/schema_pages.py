"""The OpenAPI document taken apart for a page: resources, their operations, and the fields of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """A parameter or member as a row of a table."""

    name: str
    kind: str
    place: str
    is_required: bool
    text: str


@dataclass(frozen=True)
class Answer:
    """What a status means."""

    status: str
    text: str


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    takes: tuple[Field, ...]
    gives: tuple[Field, ...]
    answers: tuple[Answer, ...]


def resources_of(document: Schema) -> dict[str, list[Operation]]:
    """The operations by resource, in the order of the document."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append(_operation(document, path, method, operation))
    return found


def _operation(document: Schema, path: str, method: str, operation: Schema) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    given = next(iter(good.get("content", {"": {}}).values())).get("schema")
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        text=operation.get("description", ""),
        takes=(*_parameters(operation), *_members(document, body, "body")),
        gives=tuple(_members(document, given, "")),
        answers=tuple(
            Answer(status, answer["description"]) for status, answer in sorted(operation["responses"].items())
        ),
    )


def _parameters(operation: Schema) -> Iterator[Field]:
    for parameter in operation.get("parameters", ()):
        yield Field(
            parameter["name"],
            _kind(parameter["schema"]),
            parameter["in"],
            parameter.get("required", False),
            parameter.get("description", ""),
        )


def _members(document: Schema, schema: Schema | None, place: str) -> Iterator[Field]:
    found = _resolve(document, schema or {})
    required = found.get("required", ())
    for name, member in found.get("properties", {}).items():
        yield Field(name, _kind(member), place, name in required, _text(document, member))


def _resolve(document: Schema, schema: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return document["components"]["schemas"][reference.rpartition("/")[2]]


def _kind(schema: Schema) -> str:
    """What kind of value it is, in a word or two; shapes by their names."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    for combined in ("allOf", "oneOf", "anyOf"):
        if combined in schema:
            return " or ".join(_kind(one) for one in schema[combined])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or "any")


def _text(document: Schema, schema: Schema) -> str:
    return str(schema.get("description") or _resolve(document, schema).get("description", ""))
