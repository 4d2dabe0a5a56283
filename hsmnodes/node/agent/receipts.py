"""Receipts: the signed statements of what the node did, chained by hash.

Only what was carried out takes a place in the chain. A refusal is a receipt too, but stands beside it: its
`sequence` and `previous` are those of the last receipt in the chain, so that nobody can lengthen the chain by
sending nonsense.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.identity import Identity
from hsmnodes.node.agent.journal import Key
from hsmnodes.node.agent.messages import CarriedAttachment, FromNode, in_loads
from hsmnodes.node.agent.store import Store, Write
from hsmnodes.node.operations.base import Attachment
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.node import NodeSigned, Outcome, Receipt
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.purposes import Purpose

LONGEST_DETAIL = 2000


@dataclass(frozen=True)
class Ending:
    """How a step ended: the outcome, a code where it is not done, words, results and attachments."""

    outcome: Outcome
    code: str | None
    detail: str
    results: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


def make_receipt(
    config: Config, proposal: Proposal, step: int, ending: Ending, *, after: tuple[int, str], at: int
) -> Receipt:
    """The receipt for `ending`, after the receipt with that (sequence, hash)."""
    sequence, previous = after
    return Receipt(
        deployment=config.deployment,
        node=config.node,
        proposal=proposal.proposal,
        proposal_hash=proposal.sha256,
        operation=proposal.operation,
        step=step,
        outcome=ending.outcome,
        code=ending.code,
        detail=ending.detail[:LONGEST_DETAIL],
        results=dict(ending.results),
        sequence=sequence if ending.outcome is Outcome.REFUSED else sequence + 1,
        previous=previous,
        at=at,
    )


class Receipts:
    """The receipts of what was carried out, kept so that a repeated question gets the same answer."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store = store
        self._identity = identity

    def sign(self, receipt: Receipt) -> NodeSigned:
        """The receipt in its envelope. Raises DriverError."""
        return self._identity.sign(Purpose.RECEIPT, receipt)

    def keeper(self, key: Key, signed: NodeSigned | None, attachments: Sequence[Attachment]) -> Write:
        """Writes a receipt, if it is signed already, and what travels beside it, to be sent again."""

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO attachments VALUES (?, ?, ?, ?, ?)",
                [(*key, place, one.name, one.data) for place, one in enumerate(attachments)],
            )
            if signed is not None:
                _insert(connection, key, signed)

        return write

    def issue(self, key: Key, payload: bytes) -> list[FromNode]:
        """The receipt whose bytes are `payload`, in as many messages as what is beside it takes.

        It is signed once, and then the very same. Raises DriverError.
        """
        envelope = self._kept(key)
        if envelope is None:
            envelope = self.sign(Receipt.from_bytes(payload))
            with self._store.transaction() as connection:
                _insert(connection, key, envelope)
        loads = in_loads(self._attachments(key), lambda one: len(one.data) * 3 // 4)
        last = len(loads) - 1
        return [
            FromNode(kind="receipt", envelope=envelope, attachments=tuple(load), more=number < last)
            for number, load in enumerate(loads)
        ]

    def _kept(self, key: Key) -> NodeSigned | None:
        rows = self._store.rows("SELECT envelope FROM receipts WHERE proposal = ? AND step = ?", *key)
        return NodeSigned.from_bytes(cast("bytes", rows[0][0])) if rows else None

    def _attachments(self, key: Key) -> tuple[CarriedAttachment, ...]:
        rows = self._store.rows(
            "SELECT name, data FROM attachments WHERE proposal = ? AND step = ? ORDER BY place", *key
        )
        return tuple(
            CarriedAttachment(
                name=str(name),
                sha256=canonical.sha256_hex(cast("bytes", data)),
                data=canonical.b64u(cast("bytes", data)),
            )
            for name, data in rows
        )


def _insert(connection: sqlite3.Connection, key: Key, envelope: NodeSigned) -> None:
    connection.execute("INSERT INTO receipts VALUES (?, ?, ?)", (*key, envelope.raw))
