"""What a node has of a zone, so that nodes can be compared: its keys by digest, and its backup key."""

from collections.abc import Iterable
from typing import Any

from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.protocol import canonical

KeyLine = tuple[str, str, str]
"""The id, label and algorithm of a key."""


def inventory(holdings: Holdings, zone: str) -> dict[str, Any]:
    """How many living keys, the digest over id, label and algorithm of each, and which backup key."""
    keys = [(key.id, key.label, key.algorithm) for key in holdings.keys_of(zone)]
    slot = holdings.slots[zone]
    return {
        "keys": len(keys),
        "digest": digest_of(keys),
        "backup_key": {"epoch": slot.epoch, "kcv": slot.kcv},
    }


def digest_of(keys: Iterable[KeyLine]) -> str:
    """The digest over some keys, whatever their order: the same on every node that has just these."""
    return canonical.sha256_hex(canonical.encode([list(key) for key in sorted(keys)]))
