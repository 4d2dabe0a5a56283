"""How parameters are described: each field has a label and a kind, from which forms and the desk are made.

Kinds: text, id, hash, integer, boolean, time, choice, bytes, words (bytes shown as the eight words of their
SHA-256), named (an id with its name), list (of items of one kind) and group (an object with fields).
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from hsmnodes.node.protocol.documents.base import Bytes, Model

FieldTree = dict[str, Any]

_SCALARS = frozenset(["text", "id", "hash", "integer", "boolean", "time", "choice", "bytes", "words"])
KINDS = _SCALARS | {"named", "list", "group"}
LIMITS = ("minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems")

IdentityPoint = Annotated[Bytes, StringConstraints(min_length=87, max_length=87)]


def shown(label: str, kind: str, *, choices: Mapping[str, str] | None = None, **limits: Any) -> Any:
    """A model field that people see as `label`; `choices` gives each value its words."""
    extra: dict[str, Any] = {"label": label, "kind": kind}
    if choices is not None:
        extra["choices"] = [{"value": value, "label": text} for value, text in choices.items()]
    return Field(json_schema_extra=extra, **limits)


def field_trees(model: type[Model]) -> list[FieldTree]:
    """The fields of `model`, nested as they are, for the catalogue.

    Raises ValueError for a field that is not described, so that none is forgotten.
    """
    schema = model.model_json_schema()
    return _fields(schema, schema.get("$defs", {}))


def _fields(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[FieldTree]:
    return [_field(name, found, definitions) for name, found in schema["properties"].items()]


def _field(name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> FieldTree:
    found = _resolve(schema, definitions)
    kind = found.get("kind")
    if kind not in KINDS or "label" not in found:
        raise ValueError(f"the field {name} has no label or no kind that is known")
    tree: FieldTree = {"name": name, "label": found["label"], "kind": kind}
    tree |= {limit: found[limit] for limit in LIMITS if limit in found}
    if found.get("nullable"):
        tree["nullable"] = True
    if kind == "choice":
        tree["choices"] = found["choices"]
    if kind == "group":
        tree["fields"] = _fields(found, definitions)
    if kind == "list":
        tree["item"] = _item(found["items"], found, definitions)
    return tree


def _item(schema: Mapping[str, Any], parent: Mapping[str, Any], definitions: Mapping[str, Any]) -> FieldTree:
    found = _resolve(schema, definitions)
    if "properties" in found:
        return {"kind": "group", "fields": _fields(found, definitions)}
    if "choices" in parent:
        return {"kind": "choice", "choices": parent["choices"]}
    return {"kind": "text"} | {limit: found[limit] for limit in LIMITS if limit in found}


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` with what it refers to laid under it; of `X | None` the X, marked nullable."""
    found = dict(schema)
    if "anyOf" in found:
        options = [one for one in found.pop("anyOf") if one.get("type") != "null"]
        found = options[0] | found | {"nullable": True}
    if "$ref" in found:
        found = definitions[found.pop("$ref").rsplit("/", 1)[1]] | found
    return found
