"""Writes the cases of both verifiers: `python -m tests.verifier [folder]`, the same in every run."""

import sys
from itertools import count
from pathlib import Path
from unittest import mock

from tests.cast.ids import make_id
from tests.verifier.book import VECTORS


def write(folder: Path) -> None:
    """Write every file. Ids that the cast would draw at random follow from how many were drawn before."""
    drawn = (make_id(f"drawn {number}") for number in count())
    with mock.patch("secrets.token_hex", side_effect=drawn):
        from tests.verifier.books import books

        for book in books():
            book.write(folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS)
