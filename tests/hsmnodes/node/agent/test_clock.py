"""The node's clock, whatever becomes of its host's."""

import pytest

from hsmnodes.node.agent.clock import Clock
from hsmnodes.node.agent.store import Store
from tests.cast.signing import DAY

NOON, HOUR = 1_800_000_000, 3600


class Host:
    """A host whose clock can be set; time passes on both its clocks."""

    def __init__(self) -> None:
        self.told, self.steady = float(NOON), 1000.0

    def pass_time(self, seconds: float) -> None:
        self.told += seconds
        self.steady += seconds


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def start(tmp_path, host):
    """Starts the clock, as often as asked."""
    stores = []

    def begin() -> Clock:
        stores.append(Store(tmp_path / "journal.sqlite3"))
        return Clock(stores[-1], lambda: host.told, lambda: host.steady)

    yield begin
    for store in stores:
        store.close()


def test_it_follows_the_host(start, host):
    clock = start()
    assert clock.now() == NOON
    host.pass_time(HOUR)
    assert clock.now() == NOON + HOUR


def test_it_does_not_stand_still_when_the_host_s_clock_is_set_back(start, host):
    """Else whoever sets it back, once an hour, has a warrant never expire."""
    clock = start()
    clock.now()
    for _ in range(24):
        host.told -= HOUR
        for _ in range(60):
            host.pass_time(60)
            clock.now()
    assert clock.now() >= NOON + DAY // 2


def test_it_comes_back_to_the_right_time_after_the_host_was_ahead(start, host):
    clock = start()
    host.told += HOUR
    assert clock.now() == NOON + HOUR
    host.told -= HOUR
    for _ in range(4 * 60):
        host.pass_time(60)
        clock.now()
    assert clock.now() == NOON + 4 * HOUR


def test_it_never_goes_below_what_was_kept(start, host):
    clock = start()
    host.told += HOUR
    clock.keep()
    host.told -= HOUR
    again = start()
    assert again.now() == NOON + HOUR
    host.pass_time(60)
    assert again.now() > NOON + HOUR
