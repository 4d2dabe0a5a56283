"""Extensions in authenticator data are exactly one well-formed map, whatever they say."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsmnodes.node.protocol.cbor import is_one_map

keys = st.text(max_size=5) | st.integers(-(2**63), 2**63)
leaves = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5) | st.binary(max_size=300)
)


def _nested(inner):
    return inner | st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)


values = _nested(_nested(_nested(leaves | st.floats())))  # far from the depth that is refused


@given(st.dictionaries(keys, leaves | st.lists(values, max_size=2), max_size=30).map(cbor2.dumps), st.data())
def test_a_map_is_one_and_neither_more_nor_less_of_it_is(data, draw):
    assert is_one_map(data)
    assert not is_one_map(data + draw.draw(st.binary(min_size=1, max_size=3)))
    assert not any(is_one_map(data[:length]) for length in range(len(data)))


@given(values.filter(lambda value: not isinstance(value, dict)).map(cbor2.dumps))
def test_what_is_not_a_map_is_none(data):
    assert not is_one_map(data)


REFUSED = {
    "nothing": "",
    "an indefinite map": "bfff",
    "an indefinite text inside": "a1617f7f6161ff",
    "an indefinite list inside": "a161619fff",
    "a reserved length": "bc",
    "a value missing": "a16161",
    "a length cut short": "b9ff",
    "a text cut short": "a16261",
    "a map of 2^64 - 1": "bbffffffffffffffff",
    "a text of 2^64 - 1": "a17bffffffffffffffff",
    "nested nine deep": "a16161" * 9 + "a0",
    "a break alone": "a16161ff",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_a_malformed_map_is_none(data):
    assert not is_one_map(bytes.fromhex(data))


def test_a_tagged_value_and_eight_levels_are_accepted():
    assert is_one_map(bytes.fromhex("a16161c001"))
    assert is_one_map(bytes.fromhex("a16161" * 8 + "a0"))
