"""What a signature is for is part of what is signed, in the encoding of DSSE, without ambiguity."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsmnodes.node.protocol.purposes import NODE_PURPOSES, Purpose, challenge, pae
from hsmnodes.node.protocol.words import fingerprint, word_list

purposes = st.sampled_from(list(Purpose))


def test_the_encoding_is_that_of_dsse():
    assert pae(Purpose.APPROVE, b"hello") == b"DSSEv1 18 quorate/approve/v1 5 hello"
    assert challenge(Purpose.APPROVE, b"hello") == hashlib.sha256(pae(Purpose.APPROVE, b"hello")).digest()


@given(purposes, st.binary(max_size=40), purposes, st.binary(max_size=40))
def test_two_documents_or_two_purposes_never_sign_alike(one, data, other, more):
    assert (pae(one, data) == pae(other, more)) == ((one, data) == (other, more))


def test_people_and_nodes_sign_for_different_purposes():
    assert {one.value for one in Purpose if one not in NODE_PURPOSES} == {
        f"quorate/{what}/v1"
        for what in (
            *("sign-in", "enrol", "propose", "approve", "reject", "cancel", "found"),
            *("share-key", "contribute", "suspend"),
        )
    }


def test_a_fingerprint_is_eight_words_of_the_first_88_bits():
    assert fingerprint("00" * 32) == ("abandon",) * 8
    assert fingerprint("ff" * 32) == ("zoo",) * 8
    assert fingerprint("00" * 11 + "ff" * 21) == ("abandon",) * 8
    assert fingerprint("0020040080100200400801" + "00" * 21) == ("ability",) * 8


@given(st.binary(min_size=32, max_size=32))
def test_a_fingerprint_tells_88_bits_apart(digest):
    places = [word_list().index(word) for word in fingerprint(digest.hex())]
    assert sum(place << 11 * (7 - n) for n, place in enumerate(places)) == int.from_bytes(digest[:11], "big")


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "zz" * 32])
def test_only_a_sha_256_has_a_fingerprint(text):
    with pytest.raises(ValueError, match=r"SHA-256|hexadecimal"):
        fingerprint(text)


def test_no_two_words_share_their_first_four_letters():
    assert len({word[:4] for word in word_list()}) == len(word_list()) == 2048
