"""Shares in their boxes: whose they are, what they say, and that nothing in them can be altered unnoticed."""

import itertools
import json
import secrets

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import Custodian, KeyAtStake, box_context, open_box, share_out
from hsmnodes.node.protocol.errors import DocumentRefused, Refused, ShareRefused
from hsmnodes.node.protocol.sealing import open_sealed, seal
from hsmnodes.node.protocol.sharing import Share
from tests.cast.people import CUSTODIANS, make_id, named
from tests.hsmnodes.node.protocol.samples import VECTORS

SEALED = json.loads((VECTORS / "sealing.json").read_text())["sealed"]
KEY = bytes(range(100, 132))
AT_STAKE = KeyAtStake(
    deployment=make_id("deployment"),
    demo=True,
    zone=named("Payments"),
    provider_founding="aa" * 32,
    zone_founding="bb" * 32,
    backup_key="TBK",
    epoch=1,
    kcv="0a1b2c",
)


def custodian(member) -> Custodian:
    return Custodian(named(member.name), member.key.credential_id, member.key.share_key(member).key_bytes)


def shared(number: int = 1, threshold: int = 2):
    people = [custodian(one) for one in CUSTODIANS]
    return share_out(AT_STAKE, KEY, people, number=number, threshold=threshold, draw=secrets.token_bytes)


def context(index: int, number: int = 1) -> dict:
    """What a box is opened as, from what is known of it without opening it."""
    return {
        "purpose": "quorate/sealed-share/v1",
        "deployment": AT_STAKE.deployment,
        "zone": AT_STAKE.zone.id,
        "epoch": 1,
        "share_set": number,
        "index": index,
        "credential_id": CUSTODIANS[index - 1].key.credential_id,
    }


def opened(made, index: int):
    box = made.boxes[index - 1]
    return open_box(box.sealed, CUSTODIANS[index - 1].key.share_private, context(index, made.number))


def share_of(document) -> Share:
    return Share(document.index, canonical.b64u_decode(document.value))


def test_each_custodian_opens_their_own_share_and_any_two_rebuild_the_key():
    made = shared()
    documents = [opened(made, index) for index in (1, 2, 3)]
    assert [one.custodian for one in documents] == [named(one.name) for one in CUSTODIANS]
    for some in itertools.combinations(documents, 2):
        shares = [share_of(one) for one in some]
        assert AT_STAKE.rebuild(shares, threshold=2, commitment=made.commitment) == KEY


def test_a_share_says_from_which_charters_everything_else_is_to_be_verified():
    one = opened(shared(), 2)
    assert (one.provider_founding, one.zone_founding) == ("aa" * 32, "bb" * 32)
    assert (one.threshold, one.count, one.index, one.share_set, one.kcv) == (2, 3, 2, 1, "0a1b2c")


def test_the_commitments_are_to_the_shares_and_the_same_to_the_key_in_every_set():
    one, other = shared(1), shared(2)
    assert one.commitment == other.commitment == AT_STAKE.commitment(KEY)
    for made in (one, other):
        for box in made.boxes:
            share = share_of(opened(made, box.index))
            assert AT_STAKE.share_commitment(made.number, share) == box.commitment
    assert not {box.commitment for box in one.boxes} & {box.commitment for box in other.boxes}


def test_no_box_holds_the_key_or_a_share_in_clear():
    made = shared()
    for box in made.boxes:
        share = share_of(opened(made, box.index)).value
        for secret in (KEY, share):
            for form in (secret, secret.hex().encode(), canonical.b64u(secret).encode()):
                assert form not in box.sealed


def test_nobody_else_opens_a_box():
    box = shared().boxes[0]
    for member in CUSTODIANS[1:]:
        with pytest.raises(ShareRefused, match="cannot-open"):
            open_box(box.sealed, member.key.share_private, context(1))


@pytest.mark.parametrize("what", sorted(context(1)))
def test_a_box_opens_in_no_other_context(what):
    wrong = context(1)
    wrong[what] = 2 if isinstance(wrong[what], int) else "another"
    with pytest.raises(ShareRefused, match="cannot-open"):
        open_box(shared().boxes[0].sealed, CUSTODIANS[0].key.share_private, wrong)


def test_every_byte_of_a_box_counts():
    box = shared().boxes[0]
    for place in range(len(box.sealed)):
        bad = bytearray(box.sealed)
        bad[place] ^= 1 + place % 255
        if place == 31 and bad[31] ^ box.sealed[31] == 0x80:
            continue  # X25519 ignores the last bit of a point (RFC 7748 section 5)
        with pytest.raises(ShareRefused, match="cannot-open"):
            open_box(bytes(bad), CUSTODIANS[0].key.share_private, context(1))


def test_a_box_that_holds_another_share_than_it_says_is_refused():
    made = shared()
    inner = opened(made, 2)
    forged = seal(inner.raw, custodian(CUSTODIANS[0]).share_key, context(1))
    with pytest.raises(ShareRefused, match="other-share"):
        open_box(forged, CUSTODIANS[0].key.share_private, context(1))
    assert box_context(inner) == context(2)


@pytest.mark.parametrize("plain", [b"", b"{}", b"\xff", b'{"type":"quorate/key-share/v1"}'])
def test_a_box_that_holds_no_share_is_refused(plain):
    forged = seal(plain, custodian(CUSTODIANS[0]).share_key, context(1))
    with pytest.raises(DocumentRefused):
        open_box(forged, CUSTODIANS[0].key.share_private, context(1))


@pytest.mark.parametrize("changes", [{"threshold": 1}, {"threshold": 4}])
def test_a_set_that_makes_no_sense_is_not_made(changes):
    with pytest.raises(Refused):
        shared(**changes)


@pytest.mark.parametrize("changes", [{"threshold": 4}, {"index": 4}, {"index": 0}, {"threshold": 1}])
def test_a_share_that_does_not_fit_its_set_is_none(changes):
    one = opened(shared(), 1)
    with pytest.raises(ValueError, match="validation error"):
        one.model_copy(update=changes)


@pytest.mark.parametrize("case", SEALED, ids=lambda case: case["name"])
def test_sealing_opens_the_golden_boxes(case):
    """The desk opens the same (tests/console/desk/js/share_keys.test.mjs)."""
    opened = open_sealed(bytes.fromhex(case["sealed"]), bytes.fromhex(case["private_key"]), case["context"])
    assert opened.hex() == case["plain"]
