"""`quorate-node`: make, run and ask a node, and hand it documents past the console."""

import argparse
import logging
import sys
from collections.abc import Sequence

from hsmnodes.node.agent.commands import (
    accept,
    init,
    run,
    status,
    verify_backup,
    verify_journal,
    verify_statement,
    verify_transcript,
    witness,
)
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.terminal import complain
from hsmnodes.node.drivers.errors import DriverError

COMMANDS = {
    "init": (init, "make a node and show the words of its identity key"),
    "run": (run, "run the node"),
    "status": (status, "show what the node knows and holds"),
    "accept": (accept, "hand the node a message past the console"),
    "witness": (witness, "carry a starting node's question to its peers, past the console"),
    "verify-backup": (verify_backup, "check the file of a backup: no HSM is needed"),
    "verify-journal": (verify_journal, "check the journal and the receipts"),
    "verify-statement": (verify_statement, "check a signed statement of duties"),
    "verify-transcript": (verify_transcript, "check the transcript of a ceremony"),
}
FAILED = 1


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0 done, 1 failed, 2 refused or not yet."""
    options = _parser().parse_args(words)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        return int(options.execute(options))
    except NodeError as error:
        complain(str(error))
    except DriverError as error:
        complain(f"{error}. {error.advice}")
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quorate-node", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (command, text) in COMMANDS.items():
        one = commands.add_parser(name, help=text, description=command.__doc__)
        command.describe(one)
        one.set_defaults(execute=command.execute)
    return parser


if __name__ == "__main__":
    sys.exit(main())
