"""Messages handed to a running node directly, past console and broker: files in a folder of its state.

`hand_over` is the terminal's side, `take_in` the node's. What a node says to a message stands in a file
beside it, and is also sent to the console as if the message had come from there.
"""

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.node import Node, Report

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1


def hand_over(config: Config, text: str) -> str:
    """Give a message to the running node, and wait for what it says, as `describe` puts it.

    Raises NodeError if it does not answer in a minute; the message stays and will be read.
    """
    folder = _folder(config)
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{time.time_ns()}-{secrets.token_hex(4)}.message"
    written = file.with_suffix(".new")
    written.write_text(text, "utf-8")
    written.rename(file)
    answer, until = file.with_suffix(".answer"), time.monotonic() + PATIENCE_SECONDS
    while not answer.exists():
        if time.monotonic() > until:
            raise NodeError(f"The node has not answered yet; the message is kept in {file}.")
        time.sleep(POLL_SECONDS)
    said = answer.read_text("utf-8")
    answer.unlink()
    return said


def take_in(config: Config, node: Node) -> Iterator[Report]:
    """Handle every message that waits in the folder, and answer it there."""
    for file in sorted(_folder(config).glob("*.message")):
        report = node.deliver(file.read_text("utf-8", errors="replace"))
        answer = file.with_suffix(".part")
        answer.write_text(describe(report), "utf-8")
        answer.rename(file.with_suffix(".answer"))
        file.unlink()
        yield report


def keep_question(config: Config, text: str | None) -> None:
    """Keep the question that a node asks its peers, for whoever carries it there; None: it asks nothing."""
    file = _question(config)
    if text is None:
        file.unlink(missing_ok=True)
        return
    written = file.with_suffix(".new")
    written.write_text(text, "utf-8")
    written.rename(file)


def read_question(config: Config) -> str | None:
    """The question of a node that waits for its peers."""
    try:
        return _question(config).read_text("utf-8")
    except FileNotFoundError:
        return None


def describe(report: Report) -> str:
    """What came of a message, as JSON."""
    refused = report.refused
    return json.dumps(
        {
            "said": [one.model_dump(mode="json") for one in report.said],
            "held": report.held,
            "refused": None if refused is None else {"code": refused.code, "message": refused.message},
        }
    )


def _question(config: Config) -> Path:
    return config.state / "question.json"


def _folder(config: Config) -> Path:
    return config.state / "inbox"
