"""`quorate-node run`: the agent itself, until it is told to end."""

import argparse
import logging
from pathlib import Path

from hsmnodes.node.agent.app import run
from hsmnodes.node.agent.commands import DONE
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.node import Node
from hsmnodes.node.agent.pools import open_pool
from hsmnodes.node.agent.running import alone
from hsmnodes.node.agent.serving import serving


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("--config", type=Path, required=True)


def execute(options: argparse.Namespace) -> int:
    """Run the node."""
    logging.getLogger("hsmnodes").setLevel(logging.INFO)
    config = Config.load(options.config)
    with alone(config):
        pool = open_pool(config)
        try:
            node = Node(config, pool)
            with serving(config, node):
                run(config, node)
            node.close()
        finally:
            pool.close()
    return DONE
