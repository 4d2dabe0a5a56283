"""The fake is for tests, says so, and can play a crash."""

import pytest

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.drivers.fake.driver import FakeDriver, FakeDrivers
from tests.hsmnodes.node.drivers.cast import LABEL, SO_PIN, USER_PIN, key_id, spec


def test_the_fake_is_refused_to_whoever_does_not_say_that_this_is_a_test(tmp_path):
    with pytest.raises(DriverError, match="tests only"):
        FakeDriver(tmp_path)
    with pytest.raises(DriverError, match="tests only"):
        FakeDrivers().get(tmp_path)


def test_the_fake_can_lose_half_a_key(tmp_path):
    driver = FakeDrivers(for_tests_only=True).get(tmp_path)
    driver.initialise(LABEL, SO_PIN, USER_PIN)
    driver.open(LABEL, lambda: USER_PIN)
    driver.generate_key(spec(1))
    driver.lose_public_half(key_id(1))
    found = driver.find_key(key_id(1))
    assert (found.complete, found.public_key) == (False, None)


def test_a_pool_of_fakes_keeps_tokens_in_their_directories(tmp_path):
    drivers = FakeDrivers(for_tests_only=True)
    drivers.get(tmp_path / "a").initialise(LABEL, SO_PIN, USER_PIN)
    drivers.close()
    again = FakeDrivers(for_tests_only=True).get(tmp_path / "a")
    again.open(LABEL, lambda: USER_PIN)
    assert again.info().label == LABEL
