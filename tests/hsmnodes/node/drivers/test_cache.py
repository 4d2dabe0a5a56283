"""Finding keys does not get slower with their number, once the token is open."""

import time

import pytest

from hsmnodes.node.drivers.values import Algorithm
from tests.hsmnodes.node.drivers.cast import LABEL, USER_PIN, key_id, spec

KEYS = 1000


@pytest.mark.slow
def test_a_thousand_keys_are_found_through_the_cache(process):
    for number in range(1, KEYS + 1):
        process.generate_key(spec(number, Algorithm.AES_128))
    process.close()
    process.open(LABEL, lambda: USER_PIN)
    began = time.perf_counter()
    for number in range(1, KEYS + 1):
        assert process.find_key(key_id(number)).label == f"key {number}"
    each = (time.perf_counter() - began) / KEYS
    assert len(process.list_keys()) == KEYS
    assert each < 0.003  # a search takes SoftHSM2 12 ms among a thousand
