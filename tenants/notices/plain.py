"""What may leave the console of a text: everything but the words of fingerprints.

Sentences name a public key by eight words. They prove something where two people read them to each other from
two desks; in an e-mail, which comes from the console, they would prove nothing and look as if they did.
"""

import re
from collections.abc import Iterator
from functools import cache

from django.utils.translation import gettext as _

from hsmnodes.node.protocol.words import word_list

FEWEST = 8
WORD = re.compile(r"[a-z]+")
BETWEEN = re.compile(r"[\s,·-]+")


def without_fingerprints(text: str) -> str:
    """The text with a note in the place of every row of eight or more words from the list."""
    told, end = [], 0
    for start, stop in _rows(text):
        told += [text[end:start], _("(its words stand on the page)")]
        end = stop
    return "".join([*told, text[end:]])


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """Where rows of words from the list begin and end."""
    row: list[re.Match[str]] = []
    for word in WORD.finditer(text):
        goes_on = bool(row) and BETWEEN.fullmatch(text, row[-1].end(), word.start()) is not None
        if word[0] in _known() and (goes_on or not row):
            row.append(word)
            continue
        yield from _whole(row)
        row = [word] if word[0] in _known() else []
    yield from _whole(row)


def _whole(row: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    if len(row) >= FEWEST:
        yield row[0].start(), row[-1].end()


@cache
def _known() -> frozenset[str]:
    return frozenset(word_list())
