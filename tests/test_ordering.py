"""What takes long begins first, in every process of a run, and nothing is left out."""

import pytest

from tests.ordering import deal

SECONDS = {"browser": 900, "walk": 600, "kills": 3600, "access": 300}
NAMES = ["a", "browser", "b", "c", "walk", "d", "kills", "e", "f", "access", "g"]


def dealt(names, workers):
    return deal(names, workers=workers, seconds=lambda name: SECONDS.get(name, 0))


@pytest.mark.parametrize("workers", range(1, 12))
@pytest.mark.parametrize("count", range(len(NAMES) + 1))
def test_every_test_is_dealt_once(workers, count):
    assert sorted(dealt(NAMES[:count], workers)) == sorted(NAMES[:count])


def test_every_share_begins_with_its_part_of_what_takes_long():
    first, second = dealt(NAMES, 2)[:5], dealt(NAMES, 2)[5:]
    assert first == ["kills", "walk", "a", "b", "c"]
    assert second == ["browser", "access", "d", "e", "f", "g"]


def test_what_does_not_take_long_keeps_its_order():
    assert [name for name in dealt(NAMES, 3) if name not in SECONDS] == list("abcdefg")
