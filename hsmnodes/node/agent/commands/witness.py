"""`quorate-node witness`: carry a node's question to its peers, and an answer back, past console and broker.

A node that starts asks its peers what they know of its journal, and carries out and serves nothing before.
While console or broker are away, people carry it, as files: `ask` on the node that waits, `answer` on a peer,
and `take` on the node again. Each is signed, and is verified as if it had come by the broker.
"""

import argparse
import json
from pathlib import Path

from hsmnodes.node.agent.commands import DONE, NOT_DONE
from hsmnodes.node.agent.commands.accept import deliver, read_message
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.handed_over import hand_over, read_question
from hsmnodes.node.agent.messages import WitnessMessage, WitnessRequestMessage, read_from_node, read_to_node
from hsmnodes.node.agent.running import is_running
from hsmnodes.node.agent.terminal import complain, say
from hsmnodes.node.protocol.errors import DocumentRefused


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("what", choices=["ask", "answer", "take"])
    parser.add_argument("file", type=Path, nargs="?", help="the question to answer, or the answer to take")


def execute(options: argparse.Namespace) -> int:
    """Show the question or the answer, or take one."""
    config = Config.load(options.config)
    if options.what == "ask":
        say(_question(config))
        return DONE
    if options.file is None:
        raise NodeError("Give the file that was carried here.")
    text = read_message(options.file)
    return _answer(config, text) if options.what == "answer" else _take(config, text)


def _question(config: Config) -> str:
    if not is_running(config):
        raise NodeError("The node does not run: each start asks a question of its own. Start it, then ask.")
    question = read_question(config)
    if question is None:
        raise NodeError("The node asks nothing: it has heard from enough of its peers, or refuses.")
    return question


def _answer(config: Config, text: str) -> int:
    _require(text, WitnessRequestMessage)
    answer = json.loads(hand_over(config, text) if is_running(config) else deliver(config, text))
    said = [read_from_node(json.dumps(one)) for one in answer["said"]]
    for one in said:
        if one.kind == "witness":
            say(WitnessMessage(envelope=one.envelope).text())
            return DONE
    return _refused(answer, "The node did not answer.")


def _take(config: Config, text: str) -> int:
    if not is_running(config):
        raise NodeError("The node does not run, so it has asked nothing. Start it, and ask anew.")
    _require(text, WitnessMessage)
    answer = json.loads(hand_over(config, text))
    if answer["refused"] is not None:
        return _refused(answer, "")  # it says why
    say("Taken. As long as `quorate-node status` says that it waits, carry answers of further peers.")
    return DONE


def _require(text: str, kind: type[WitnessRequestMessage | WitnessMessage]) -> None:
    try:
        message = read_to_node(text)
    except DocumentRefused as refused:
        raise NodeError(refused.message) from None
    if not isinstance(message, kind):
        raise NodeError(f"The file holds another message ({message.kind}).")


def _refused(answer: dict[str, dict[str, str] | None], otherwise: str) -> int:
    refused = answer["refused"]
    complain(f"Refused: {refused['message']} [{refused['code']}]" if refused is not None else otherwise)
    return NOT_DONE
