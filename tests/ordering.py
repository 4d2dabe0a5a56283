"""The order of a run that several processes share: what takes long begins first, in each of them.

pytest-xdist gives every process an equal share of the list, as it is ordered, and what is left at the end of
one's share to those that are done. So what takes long stands at the beginning of every share.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

import pytest

T = TypeVar("T")


def deal(items: Sequence[T], *, workers: int, seconds: Callable[[T], float]) -> list[T]:
    """The items so that `workers` equal shares of them each begin with their part of those that take long.

    `seconds` says how long an item may take, and 0 of one that does not take long.
    """
    long = sorted((item for item in items if seconds(item)), key=seconds, reverse=True)
    short = iter([item for item in items if not seconds(item)])
    ordered: list[T] = []
    for worker in range(workers):
        share = (len(items) - len(ordered)) // (workers - worker)
        mine = long[worker::workers]
        ordered += mine + list(islice(short, max(0, share - len(mine))))
    return ordered + list(short)


def seconds_of(item: pytest.Item) -> float:
    """The time limit of a test that is marked as slow and will run; of any other 0."""
    if not item.get_closest_marker("slow") or item.get_closest_marker("skip"):
        return 0
    limit = item.get_closest_marker("timeout")
    return float(limit.args[0] if limit else item.config.getini("timeout"))
