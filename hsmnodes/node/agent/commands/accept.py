"""`quorate-node accept FILE`: hand a message to the node directly, past console and broker.

The file holds one message as the console would send it: a warrant, charters, a peer, a cancellation, a
suspension. A node that runs is given it; one that does not is started for it.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from hsmnodes.node.agent.commands import DONE, NOT_DONE
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.handed_over import describe as describe_report
from hsmnodes.node.agent.handed_over import hand_over
from hsmnodes.node.agent.messages import LONGEST, read_from_node
from hsmnodes.node.agent.node import Node
from hsmnodes.node.agent.pools import open_pool
from hsmnodes.node.agent.running import alone, is_running
from hsmnodes.node.agent.terminal import complain, say
from hsmnodes.node.protocol.documents.node import Outcome, Receipt


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="show what the node says as it is sent")
    parser.add_argument("file", type=Path, help="the message")


def execute(options: argparse.Namespace) -> int:
    """Hand it over, and show what came of it."""
    config = Config.load(options.config)
    text = read_message(options.file)
    answer = json.loads(hand_over(config, text) if is_running(config) else deliver(config, text))
    if options.json:
        say(json.dumps(answer))
    return _show(answer)


def read_message(file: Path) -> str:
    """What a file holds. Raises NodeError."""
    try:
        if file.stat().st_size > LONGEST:
            raise NodeError(f"{file} is too long for a message.")
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NodeError(f"Cannot read {file}: {error}.") from None


def deliver(config: Config, text: str) -> str:
    """Start a node that does not run for one message; what comes of it, as `handed_over.describe` puts it."""
    with alone(config):
        pool = open_pool(config)
        try:
            node = Node(config, pool)
            report = node.deliver(text)
            node.close()
        finally:
            pool.close()
    return describe_report(report)


def _show(answer: dict[str, Any]) -> int:
    if answer["refused"] is not None and not answer["said"]:
        complain(f"Refused: {answer['refused']['message']} [{answer['refused']['code']}]")
        return NOT_DONE
    if answer["held"]:
        complain("Not yet: the node must first hear from its peers. Hand it over again when it runs.")
        return NOT_DONE
    status = DONE
    for one in answer["said"]:
        message = read_from_node(json.dumps(one))
        if message.kind == "receipt":
            receipt = Receipt.from_bytes(message.envelope.payload_bytes)
            say(f"{receipt.operation}: {receipt.outcome.value}. {receipt.detail}")
            status = status if receipt.outcome is Outcome.DONE else NOT_DONE
    if not answer["said"]:
        say("Accepted.")
    return status
