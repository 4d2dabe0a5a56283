"""Room on the disk: without enough of it a node begins nothing and settles nothing until there is again.

What is full cuts off what is being written, in the journal (where that loses nothing) and in a token that is
made of files. So the node stops while there still is room for what it has begun.
"""

import os
from pathlib import Path

LEAST = 32_000_000
"""Bytes: more than the largest message with all that is written about it."""


class Room:
    """The room on the disk where a folder is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def lack(self) -> str | None:
        """Why there is too little, for people to read; or None."""
        found = os.statvfs(self._folder)
        left = found.f_bavail * found.f_frsize
        if left >= LEAST:
            return None
        return (
            f"The disk of the node is full: of {LEAST / 1e6:.0f} MB that it needs it has "
            f"{left / 1e6:.0f}. What it is sent waits until there is room."
        )
