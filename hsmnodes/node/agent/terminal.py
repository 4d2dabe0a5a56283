"""Talking to the person at the node's terminal, in clear text."""

import sys


def say(*lines: str) -> None:
    """Write lines to the terminal."""
    sys.stdout.write("".join(line + "\n" for line in lines))


def complain(*lines: str) -> None:
    """Write lines about what went wrong."""
    sys.stderr.write("".join(line + "\n" for line in lines))
