"""`quorate-node verify-journal`: rebuild the chain of the journal from its bytes, check every receipt."""

import argparse
from pathlib import Path
from typing import cast

from hsmnodes.node.agent.commands import DONE
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.installing import check_beginning
from hsmnodes.node.agent.journal import Journal
from hsmnodes.node.agent.store import Store, open_store
from hsmnodes.node.agent.terminal import say
from hsmnodes.node.protocol.documents.node import NodeSigned
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.nodesigning import verify
from hsmnodes.node.protocol.purposes import Purpose


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("--config", type=Path, required=True)


def execute(options: argparse.Namespace) -> int:
    """Verify, and show the head that others can be asked about."""
    config = Config.load(options.config)
    with open_store(config.database) as store:
        journal = Journal(store)
        identity = check_beginning(config, journal)
        facts = Facts.of(journal.verify())
        receipts = check_receipts(store, facts, identity, node=config.node.id)
    say(
        f"The journal of {config.node.name} holds: {journal.head.sequence} entries, {receipts} receipts.",
        f"Head: {journal.head.sequence} {journal.head.hash}",
    )
    return DONE


def check_receipts(store: Store, facts: Facts, identity: bytes, *, node: str) -> int:
    """How many receipts there are, each signed by the node over what its journal says. Raises NodeError."""
    rows = store.rows("SELECT proposal, step, envelope FROM receipts")
    for proposal, step, raw in rows:
        try:
            signed = NodeSigned.from_bytes(cast("bytes", raw))
            payload = verify(signed, identity=identity, purpose=Purpose.RECEIPT, node=node)
        except Refused as refused:
            raise NodeError(f"The receipt for {proposal} does not hold: {refused.message}") from None
        if facts.outcomes.get((str(proposal), cast("int", step))) != payload:
            raise NodeError(f"The receipt for {proposal} is not what the journal says.")
    return len(rows)
