"""M of N shares rebuild a key, in any order, and nothing else does."""

import itertools
import secrets
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsmnodes.node.protocol.errors import ShareRefused
from hsmnodes.node.protocol.sharing import Share, commit, rebuild, split

KEY = bytes(range(32))
CONTEXT = b"key payments, epoch 1"
OURS = commit(KEY, CONTEXT)
ALL = [(m, n) for n in range(2, 8) for m in range(2, n + 1)]


def make(m: int, n: int, draw=secrets.token_bytes) -> list[Share]:
    return split(KEY, threshold=m, count=n, draw=draw)


def join(shares, m: int, commitment: str = OURS) -> bytes:
    return rebuild(shares, threshold=m, commitment=commitment, context=CONTEXT)


@pytest.mark.parametrize(("m", "n"), ALL)
def test_every_subset_of_m_shares_or_more_rebuilds_the_key_and_none_of_fewer_does(m, n):
    shares = make(m, n)
    for size in range(1, n + 1):
        for some in itertools.combinations(shares, size):
            if size >= m:
                assert join(some, m) == join(some[::-1], m) == KEY
            else:
                with pytest.raises(ShareRefused, match="too-few-shares"):
                    join(some, m)


@pytest.mark.parametrize(("m", "n"), [one for one in ALL if one[0] > 2])
def test_who_says_that_fewer_are_enough_does_not_get_the_key(m, n):
    for some in itertools.combinations(make(m, n), m - 1):
        with pytest.raises(ShareRefused, match="other-key"):
            join(some, m - 1)


def test_a_share_of_which_one_byte_was_altered_does_not_rebuild_anything():
    shares = make(3, 5)
    for place in range(32):
        bad = bytearray(shares[1].value)
        bad[place] ^= 1 + place
        with pytest.raises(ShareRefused, match="other-key"):
            join([shares[0], Share(2, bytes(bad)), shares[4]], 3)


def test_shares_of_two_sharings_of_one_key_do_not_mix():
    one, other = make(2, 3), make(2, 3)
    with pytest.raises(ShareRefused, match="other-key"):
        join([one[0], other[1]], 2)


@pytest.mark.parametrize(
    ("shares", "m", "code"),
    [
        ([Share(1, KEY), Share(1, KEY)], 2, "share-twice"),
        ([Share(0, KEY), Share(1, KEY)], 2, "bad-index"),
        ([Share(1, KEY), Share(17, KEY)], 2, "bad-index"),
        ([Share(1, KEY), Share(2, KEY[1:])], 2, "bad-length"),
        ([Share(1, b""), Share(2, b"")], 2, "bad-length"),
        ([Share(1, KEY)], 1, "too-few-shares"),
        ([], 2, "too-few-shares"),
        ([Share(1, KEY), Share(2, KEY)], 0, "too-few-shares"),
    ],
)
def test_what_are_no_shares_of_one_key_is_refused(shares, m, code):
    with pytest.raises(ShareRefused, match=code):
        join(shares, m)


@pytest.mark.parametrize(("m", "n"), [(1, 3), (0, 3), (4, 3), (2, 17), (-1, 2)])
def test_numbers_that_make_no_sense_are_refused(m, n):
    with pytest.raises(ShareRefused, match="bad-threshold"):
        make(m, n)


def test_a_generator_that_runs_dry_makes_no_shares():
    with pytest.raises(ShareRefused, match="no-random"):
        make(2, 3, draw=lambda length: bytes(length - 1))


def test_the_key_is_looked_for_in_the_context_it_was_made_for():
    with pytest.raises(ShareRefused, match="other-key"):
        rebuild(make(2, 3), threshold=2, commitment=OURS, context=b"key payments, epoch 2")


@given(st.binary(min_size=1, max_size=64), st.integers(2, 5), st.integers(0, 4), st.randoms())
def test_any_secret_comes_back(secret, m, more, random):
    shares = split(secret, threshold=m, count=m + more, draw=secrets.token_bytes)
    random.shuffle(shares)
    assert rebuild(shares, threshold=m, commitment=commit(secret, CONTEXT), context=CONTEXT) == secret


def test_too_few_shares_say_nothing_of_the_key():
    """Over all coefficients, each share alone takes every value equally often, whatever the secret."""
    for secret in (0x00, 0x5A, 0xFF):
        for index in (1, 2, 3):
            seen = Counter(
                split(bytes([secret]), threshold=2, count=3, draw=lambda _, one=one: bytes([one]))[
                    index - 1
                ].value[0]
                for one in range(256)
            )
            assert set(seen.values()) == {1}
            assert len(seen) == 256


def test_shares_are_those_of_the_polynomial_that_was_drawn():
    """Golden values, worked out by hand: 0x42 + 0x53 x + 0xCA x² over GF(2^8) at 1, 2 and 3."""
    drawn = iter([b"\x53", b"\xca"])
    shares = split(b"\x42", threshold=3, count=3, draw=lambda _: next(drawn))
    assert [one.value.hex() for one in shares] == ["db", "e1", "78"]


def test_a_share_does_not_print_its_value():
    assert KEY.hex() not in repr(Share(1, KEY))
    assert "value" not in repr(Share(1, KEY))
