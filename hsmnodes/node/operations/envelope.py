"""The fields every proposal has around its parameters, described as the parameters are."""

from typing import Any

from hsmnodes.node.operations.fields import FieldTree

_KINDS = [
    {"value": "customer", "label": "customer"},
    {"value": "provider", "label": "provider"},
    {"value": "zone", "label": "Trust Zone"},
]


def _field(name: str, label: str, kind: str, **more: Any) -> FieldTree:
    return {"name": name, "label": label, "kind": kind, **more}


_ID, _NAME = _field("id", "Id", "id"), _field("name", "Name", "text")

ENVELOPE: list[FieldTree] = [
    _field(
        "nodes",
        "Node",
        "list",
        item={"kind": "group", "fields": [_NAME, _ID, _field("identity", "Identity key", "hash")]},
    ),
    _field(
        "authorities",
        "Consent of",
        "list",
        item={
            "kind": "group",
            "fields": [
                _field("kind", "Kind", "choice", choices=_KINDS),
                _NAME,
                _ID,
                _field("version", "Charter version", "integer"),
                _field("hash", "Charter", "hash"),
            ],
        },
    ),
    _field(
        "requester",
        "Requested by",
        "group",
        fields=[_NAME, _ID, _field("organisation", "Organisation", "named")],
    ),
    _field("reason", "Reason", "text"),
    _field("not_before", "Not before", "time"),
    _field("expires_at", "Expires at", "time"),
    _field("previous", "Follows", "hash", nullable=True),
    _field("operation", "Operation", "text"),
    _field("proposal", "Proposal", "id"),
    _field("deployment", "Deployment", "id"),
    _field("demo", "Demo", "boolean"),
    _field("type", "Document", "text"),
]
"""In the order in which they are shown, after the parameters."""
