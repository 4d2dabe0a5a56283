"""What a kit may say, field by field: the same as a node may say, and nothing that could mean more elsewhere.

A kit comes from a node that may be in wrong hands, and what it says goes into the configuration of programs
on this host. So each value is held against a pattern here, though its signature holds.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from .refused import Refused

HOST = r"[A-Za-z0-9][A-Za-z0-9.:-]{0,252}"
SERVER_NAME = r"[0-9a-f]{32}\.zones\.quorate\.internal"
ID, HASH, BYTES = "[0-9a-f]{32}", "[0-9a-f]{64}", "[A-Za-z0-9_-]{87}"
FILES = ("node.crt", "readme.md")
LONGEST_NAME, MOST_NODES = 80, 16
LAST_TIME = 253_402_300_799

Check = Callable[[Any], bool]


def fit(kit: Any) -> None:
    """Raise Refused unless a kit has just the fields that there are, each as it may be."""
    if not isinstance(kit, dict) or not set(KIT) - OPTIONAL <= set(kit) <= set(KIT):
        raise Refused("This is not a connection kit.")
    for field in kit:
        if not KIT[field](kit[field]):
            raise Refused(f"The kit is refused: what it says of {field} cannot be.")


def _text(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _number(least: int, most: int) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def _object(fields: Mapping[str, Check]) -> Check:
    return lambda value: (
        isinstance(value, dict)
        and set(value) == set(fields)
        and all(check(value[name]) for name, check in fields.items())
    )


def _name(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_NAME and value.isprintable()


def _files(value: Any) -> bool:
    one = _object({"name": _name, "sha256": _text(HASH)})
    return isinstance(value, list) and all(map(one, value)) and tuple(file["name"] for file in value) == FILES


def _nodes(value: Any) -> bool:
    one = _object({"id": _text(ID), "name": _name, "identity": _text(HASH)})
    return isinstance(value, list) and 2 <= len(value) <= MOST_NODES and all(map(one, value))


_named = _object({"id": _text(ID), "name": _name})
KIT: dict[str, Check] = {
    "type": _text("quorate/kit/v1"),
    "deployment": _text(ID),
    "demo": lambda value: isinstance(value, bool),
    "node": _named,
    "identity": _text(BYTES),
    "zone": _named,
    "application": _named,
    "certificate": _text(HASH),
    "node_certificate": _text(HASH),
    "host": _text(HOST),
    "port": _number(1, 65_535),
    "server_name": _text(SERVER_NAME),
    "token": _text(ID),
    "files": _files,
    "made_at": _number(0, LAST_TIME),
    "nodes": _nodes,
    "failover": lambda value: isinstance(value, list) and all(map(_text(HASH), value)),
}
OPTIONAL = {"nodes", "failover"}
