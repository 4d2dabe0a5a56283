"""Finding keys does not get slower with their number, once the token is open."""

import time
from statistics import median

import pytest

from hsmnodes.node.drivers.values import Algorithm
from tests.hsmnodes.node.drivers.cast import LABEL, USER_PIN, key_id, spec

FEW, MANY = 10, 1000


def typical_time_to_find(driver, keys: int) -> float:
    """The median, over a thousand searches, in seconds."""
    times = []
    for number in range(1000):
        began = time.perf_counter()
        found = driver.find_key(key_id(number % keys + 1))
        times.append(time.perf_counter() - began)
        assert found.label == f"key {number % keys + 1}"
    return median(times)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_keys_are_found_as_quickly_as_ten(process):
    for number in range(1, FEW + 1):
        process.generate_key(spec(number, Algorithm.AES_128))
    among_few = typical_time_to_find(process, FEW)
    for number in range(FEW + 1, MANY + 1):
        process.generate_key(spec(number, Algorithm.AES_128))
    process.close()
    process.open(LABEL, lambda: USER_PIN)
    assert len(process.list_keys()) == MANY
    assert typical_time_to_find(process, MANY) < 5 * among_few  # searching the token: 12 ms, some 100 times
