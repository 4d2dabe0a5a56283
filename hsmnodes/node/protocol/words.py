"""Fingerprints as words that people compare over the phone: eight of 2048 words, 88 bits of a SHA-256.

The list is the English one of BIP-39: no two of its words share their first four letters.
"""

from functools import cache
from importlib import resources

WORDS = 8
_BITS = 11


@cache
def word_list() -> tuple[str, ...]:
    """The 2048 words in their fixed order."""
    text = resources.files(__package__).joinpath("words.txt").read_text("ascii")
    words = tuple(text.split())
    if len(set(words)) != 2048:
        raise RuntimeError("words.txt must hold 2048 distinct words")
    return words


def fingerprint(hash_hex: str) -> tuple[str, ...]:
    """The eight words for a SHA-256 given as 64 hexadecimal digits: its first 88 bits, eleven a word.

    Raises ValueError if it is not a SHA-256.
    """
    digest = bytes.fromhex(hash_hex)
    if len(digest) != 32:
        raise ValueError("a fingerprint is made of a SHA-256")
    number = int.from_bytes(digest[:11], "big")
    words = word_list()
    return tuple(words[number >> _BITS * place & 2047] for place in reversed(range(WORDS)))
