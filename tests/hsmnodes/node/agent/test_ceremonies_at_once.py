"""Ceremonies and changes of custody at once on one zone, contributions in every order, and altered shares."""

import itertools

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.contributions import contributed_context
from hsmnodes.node.protocol.documents import Contribution
from hsmnodes.node.protocol.sealing import seal
from tests.cast.contributing import contribute
from tests.cast.people import CUSTODIANS, DINA
from tests.hsmnodes.node.agent.gathering import give, open_ceremony, read_answer, split
from tests.hsmnodes.node.agent.making import carrying
from tests.hsmnodes.node.agent.test_ceremonies import refusal


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture
def site(make_site, zone):
    return make_site().with_zone(zone)


@pytest.fixture
def shares(site, cast, zone):
    return split(site, cast.share_backup_key(site.at, zone), zone)[1]


def drill(site, cast, zone, **options):
    return open_ceremony(site, cast.hold_drill(site.at, zone, **options), zone)


@pytest.mark.parametrize(
    "order", list(itertools.permutations([("one", 1), ("one", 2), ("two", 2), ("two", 3)]))
)
def test_two_ceremonies_of_one_zone_end_well_in_whatever_order_shares_come(site, cast, zone, shares, order):
    ceremonies = {name: drill(site, cast, zone) for name in ("one", "two")}
    receipts = {}
    for name, index in order:
        _, *ending = give(site, ceremonies[name], shares, (index,))
        if ending:
            receipts[name] = site.read(ending[0])
    assert {name: receipt.outcome for name, receipt in receipts.items()} == {"one": "done", "two": "done"}
    assert [one["index"] for one in receipts["one"].results["contributors"]] == [1, 2]
    assert [one["index"] for one in receipts["two"].results["contributors"]] == [2, 3]


@pytest.mark.parametrize("given", [(), (1,)])
def test_a_drill_of_a_set_that_is_replaced_meanwhile_is_not_mixed_with_the_next(
    site, cast, zone, shares, given
):
    ceremony = drill(site, cast, zone)
    give(site, ceremony, shares, given)
    _, newer = split(site, cast.share_backup_key(site.at, zone, share_set=2), zone)
    rest = [index for index in (1, 2) if index not in given]
    assert refusal(site, contribute(ceremony, DINA, newer[1], nonce="5" * 32)) in {
        "stale-share",
        "given-already",
    }
    for index in rest[:-1]:
        give(site, ceremony, shares, (index,))
    [answer, ending] = give(site, ceremony, shares, rest[-1:])
    assert read_answer(site, answer).outcome == "accepted"
    assert site.read(ending).outcome in {"refused", "failed"}
    again = drill(site, cast, zone, share_set=2)
    assert site.read(give(site, again, newer, (1, 3))[1]).outcome == "done"


def test_a_drill_does_not_prove_a_key_that_was_rotated_out_meanwhile(site, cast, zone, shares):
    ceremony = drill(site, cast, zone)
    give(site, ceremony, shares, (1,))
    kcv = site.facts.holdings.slots[zone.current.authority.id].kcv
    [said] = site.deliver(carrying(cast.rotate_backup_key(site.at, zone, retired_kcv=kcv), zone)).said
    assert site.read(said).outcome == "done"
    [_, ending] = give(site, ceremony, shares, (2,))
    assert site.read(ending).outcome in {"refused", "failed"}


def test_every_byte_of_a_share_that_is_altered_is_detected_and_its_owner_named(site, cast, zone, shares):
    ceremony = drill(site, cast, zone)
    raw = shares[1].raw
    for place in range(len(raw)):
        site.clock.now += 0.3  # so that each refusal is still signed
        message = contribute(ceremony, DINA, shares[1])
        contribution = Contribution.from_bytes(canonical.b64u_decode(message.contribution))
        altered = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        sealed = seal(altered, canonical.b64u_decode(ceremony.public_key), contributed_context(contribution))
        report = site.deliver(message.model_copy(update={"sealed": canonical.b64u(sealed)}))
        assert report.refused is None, (place, report.refused)
        answer = read_answer(site, report.said[0])
        assert answer.outcome == "refused", (place, raw[: place + 1])
        assert "Dina" in answer.detail, (place, answer)
    assert site.read(give(site, ceremony, shares, (1, 2))[1]).outcome == "done"
