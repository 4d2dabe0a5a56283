"""Shares of a backup key: M of N of them rebuild it, fewer say nothing about it (Shamir, CACM 22/11, 1979).

Over GF(2^8) with the polynomial of AES, byte by byte; a share is an index from 1 and one byte for each of
the secret's. Nothing in a share shows whether it was altered, so whoever makes shares publishes a commitment
to each and to the key, and whoever rebuilds compares: `rebuild` refuses what it is not told to expect. Python
has no constant time; shares are made and joined on the node alone, inside the HSM's boundary.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hsmnodes.node.protocol.errors import ShareRefused

MOST_SHARES = 16
LEAST_THRESHOLD = 2

Draw = Callable[[int], bytes]
"""Draws so many random bytes."""


@dataclass(frozen=True)
class Share:
    """One share: its index, from 1, and its bytes, which are as secret as the key."""

    index: int
    value: bytes = field(repr=False)


def split(secret: bytes, *, threshold: int, count: int, draw: Draw) -> list[Share]:
    """Make `count` shares of `secret`, any `threshold` of which rebuild it.

    `draw` gives the coefficients, so it must be the HSM's generator. Raises ShareRefused for numbers that
    make no sense.
    """
    if not LEAST_THRESHOLD <= threshold <= count <= MOST_SHARES or not secret:
        raise ShareRefused(
            "bad-threshold",
            f"Of 2 to {MOST_SHARES} shares at least two must be needed, and no more than there are.",
        )
    rows = [secret, *(_drawn(draw, len(secret)) for _ in range(threshold - 1))]
    return [Share(index, _at(rows, index)) for index in range(1, count + 1)]


def rebuild(shares: Sequence[Share], *, threshold: int, commitment: str, context: bytes) -> bytes:
    """The secret that `threshold` of `shares` make, if it is the one that `commitment` is of.

    Raises ShareRefused if there are too few, or what they make is something else.
    """
    by_index = {share.index: share for share in shares}
    if len(by_index) != len(shares):
        raise ShareRefused("share-twice", "A share is there twice.")
    if not LEAST_THRESHOLD <= threshold <= len(shares):
        raise ShareRefused("too-few-shares", f"{threshold} shares are needed; there are {len(shares)}.")
    if any(not 1 <= share.index <= MOST_SHARES for share in shares):
        raise ShareRefused("bad-index", "A share has an index that no share can have.")
    if len({len(share.value) for share in shares}) != 1 or not shares[0].value:
        raise ShareRefused("bad-length", "The shares are not of one key.")
    secret = _at_zero(shares[:threshold])
    if not hmac.compare_digest(commit(secret, context), commitment):
        raise ShareRefused("other-key", "The shares do not make the key that they are said to be of.")
    return secret


def commit(value: bytes, context: bytes) -> str:
    """The commitment to a key or share in a context: SHA-256 in hexadecimal.

    It says nothing about a value of 32 random bytes, and of a short one it would say all.
    """
    inner = hashlib.sha256(context).digest()
    return hashlib.sha256(b"quorate/commitment/v1\0" + inner + value).hexdigest()


def _drawn(draw: Draw, length: int) -> bytes:
    drawn = draw(length)
    if len(drawn) != length:
        raise ShareRefused("no-random", "The generator gave other than was asked for.")
    return drawn


def _at(rows: Sequence[bytes], x: int) -> bytes:
    """The polynomials whose coefficients are `rows`, lowest first, at `x`, byte by byte (Horner)."""
    result = bytes(len(rows[0]))
    for row in reversed(rows):
        result = bytes(_times(one, x) ^ other for one, other in zip(result, row, strict=True))
    return result


def _at_zero(shares: Sequence[Share]) -> bytes:
    """Lagrange's interpolation at zero."""
    result = bytes(len(shares[0].value))
    for share in shares:
        factor = 1
        for other in shares:
            if other is not share:
                factor = _times(factor, _over(other.index, other.index ^ share.index))
        result = bytes(total ^ _times(one, factor) for total, one in zip(result, share.value, strict=True))
    return result


def _times(one: int, other: int) -> int:
    """The product in GF(2^8), x^8 + x^4 + x^3 + x + 1 (FIPS 197 section 4.2)."""
    product = 0
    for bit in range(8):
        product ^= -(other >> bit & 1) & one
        one = (one << 1) ^ (-(one >> 7) & 0x11B)
    return product


def _over(one: int, other: int) -> int:
    """The quotient in GF(2^8): `other` to the 254th power is its inverse."""
    inverse, power = 1, other
    for _ in range(7):
        power = _times(power, power)
        inverse = _times(inverse, power)
    return _times(one, inverse)
