"""Canonical JSON: only one spelling of a document is ever accepted, and it is RFC 8785's."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.errors import DocumentRefused

names = st.text(st.characters(codec="ascii"), max_size=8)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integers = st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5),
    max_leaves=25,
)

REFUSED = {
    "a duplicate name": b'{"a":1,"a":1}',
    "a duplicate name deep inside": b'{"a":[{"b":1,"b":2}]}',
    "a duplicate name by an escape": b'{"a":1,"\\u0061":1}',
    "a float": b"1.5",
    "a float without a fraction": b"1.0",
    "an integer in exponent form": b"1e0",
    "a negative exponent": b"10E-1",
    "minus zero": b"-0",
    "not a number": b"NaN",
    "infinity": b"[Infinity]",
    "a float beyond infinity": b"1e999",
    "an integer beyond 2^53 - 1": b"9007199254740992",
    "an integer below -(2^53 - 1)": b"-9007199254740992",
    "an integer of thirty digits": b"9" * 30,
    "an integer of five thousand digits": b"9" * 5000,
    "a leading zero": b"01",
    "a plus sign": b"+1",
    "a hexadecimal integer": b"0x10",
    "an escaped lone surrogate": b'"\\ud800"',
    "an escaped lone low surrogate": b'"\\udc00x"',
    "a lone surrogate as a name": b'{"\\ud800":1}',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "an escaped surrogate pair": b'"\\ud83d\\ude00"',
    "an overlong encoding": b'"\xc0\x80"',
    "a byte that is not UTF-8": b'"\xff"',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "a space before": b" 1",
    "a line end after": b"1\n",
    "a space between": b'{"a": 1}',
    "names out of order": b'{"b":1,"a":2}',
    "a name that is not ASCII": '{"é":1}'.encode(),
    "an escape that is not needed": b'"\\u0041"',
    "an escaped slash": b'"\\/"',
    "an upper-case escape": b'"\\u001F"',
    "a long escape for a short one": b'"\\u000a"',
    "a raw control character": b'"\x01"',
    "a second value": b"1 2",
    "a comma too many": b"[1,]",
    "a comment": b"1//",
    "single quotes": b"'a'",
    "nothing": b"",
    "cut short": b'{"a":',
    "a capital True": b"True",
    "nesting of 17 levels": b"[" * 17 + b"]" * 17,
    "nesting of a hundred thousand levels": b"[" * 100_000,
    "objects nested too deep": b'{"a":' * 17 + b"1" + b"}" * 17,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_bytes_that_are_not_canonical_are_refused(data):
    with pytest.raises(DocumentRefused):
        canonical.decode(data)


def test_what_is_longer_than_the_limit_is_refused_before_it_is_parsed():
    with pytest.raises(DocumentRefused, match="too-long"):
        canonical.decode(b"!" * (canonical.MAX_BYTES + 1))
    assert canonical.decode(b'"abc"', limit=5) == "abc"
    with pytest.raises(DocumentRefused, match="too-long"):
        canonical.decode(b'"abcd"', limit=5)


def test_sixteen_levels_and_the_largest_integers_are_accepted():
    assert canonical.decode(b"[" * 16 + b"]" * 16)
    assert canonical.decode(b"[-9007199254740991,9007199254740991]") == [-(2**53) + 1, 2**53 - 1]


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        b"bytes",
        {1, 2},
        {1: 2},
        {"é": 1},
        2**53,
        pytest.param(object(), id="an object"),
        "\ud800",
        {"a": ["\udfff"]},
    ],
    ids=repr,
)
def test_values_that_are_not_plain_json_are_not_encoded(value):
    with pytest.raises(DocumentRefused):
        canonical.encode(value)


@given(values)
def test_the_bytes_are_those_of_rfc_8785_and_read_back_to_the_same_value(value):
    data = canonical.encode(value)
    assert data == rfc8785.dumps(value)
    assert canonical.decode(data) == value


@given(values, st.data())
def test_a_changed_byte_gives_another_value_or_is_refused(value, data):
    good = canonical.encode(value)
    place = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[place] ^= data.draw(st.integers(1, 255))
    try:
        other = canonical.decode(bytes(bad))
    except DocumentRefused:
        return
    assert canonical.encode(other) == bytes(bad)


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_whatever_is_read_encodes_to_the_same_bytes_and_anything_else_is_refused(data):
    try:
        value = canonical.decode(data)
    except DocumentRefused:
        return
    assert canonical.encode(value) == data


@given(st.binary(max_size=100))
def test_base64url_round_trips(data):
    assert canonical.b64u_decode(canonical.b64u(data)) == data


@given(st.text(max_size=12) | st.text("AQgwxyz01-_=+/ \n", max_size=12))
def test_base64url_has_one_spelling(text):
    try:
        data = canonical.b64u_decode(text)
    except DocumentRefused:
        return
    assert canonical.b64u(data) == text


@pytest.mark.parametrize(
    "text", ["YQ==", "YR", "Y", "+/+/", "YQ\n", " YQ", "ÄÄÄÄ", "YQ=", "====", "!!!!", "YWJj\x00"]
)
def test_other_spellings_of_base64url_are_refused(text):
    with pytest.raises(DocumentRefused):
        canonical.b64u_decode(text)
