"""What is left of a warrant is given up: by a quorum, for what this node has not begun, and for good."""

import pytest

from tests.cast.moving import abandon
from tests.cast.people import CUSTODIANS
from tests.hsmnodes.node.agent.moving import Pair, has_zone, one_time_keys
from tests.hsmnodes.node.agent.stepping import Carrier


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture
def pair(make_site, cast, zone):
    pair = Pair(make_site, cast, zone)
    assert pair.extending().carry().outcome == "done"
    return pair


def making(pair) -> Carrier:
    """A key that ams-1 has made and fra-1 has not copied yet."""
    warrant = pair.cast.generate_keys(
        pair.first.at, pair.zone, ("late", "ec-p256", ("sign",)), others=[pair.second.at]
    )
    carrier = Carrier(warrant, pair.sites, [pair.zone])
    assert carrier.take(0).outcome == "done"
    return carrier


def test_what_is_abandoned_is_never_done(pair, cast, zone):
    left = making(pair)
    receipt = pair.second.send(abandon(cast, pair.second.at, zone, left.warrant))
    assert receipt.outcome == "done", receipt
    pair.second.start()
    pair.cluster.beat()
    assert left.take(1).code == "abandoned"
    assert len(pair.second.facts.holdings.keys_of(zone.current.authority.id)) == 3


def test_it_takes_the_consent_that_the_operation_takes(pair, cast, zone):
    """An extension needs the provider's consent, too: the zone alone cannot give it up."""
    extending = pair.withdrawing()
    assert extending.take(0).outcome == "done"
    warrant = abandon(cast, pair.first.at, zone, extending.warrant)
    receipt = pair.first.send(warrant)
    assert (receipt.outcome, receipt.code) == ("refused", "wrong-authorities")


def test_what_was_done_here_is_not_undone_and_says_so(pair, cast, zone):
    left = making(pair)
    receipt = pair.first.send(abandon(cast, pair.first.at, zone, left.warrant))
    assert (receipt.outcome, receipt.code) == ("refused", "too-late")
    assert left.take(1).outcome == "done"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"abandoned": "0" * 32}, "evidence"),
        ({"proposal_hash": "0" * 64}, "evidence"),
        ({"operation": "key.destroy/v1"}, "evidence"),
    ],
)
def test_it_is_about_the_warrant_that_comes_with_it(pair, cast, zone, changes, code):
    receipt = pair.second.send(abandon(cast, pair.second.at, zone, making(pair).warrant, **changes))
    assert (receipt.outcome, receipt.code) == ("refused", code)


def test_another_zone_gives_up_nothing_of_this_one(pair, cast, zone, make_site):
    other = cast.zone(members=CUSTODIANS)
    warrant = abandon(cast, pair.second.at, other, making(pair).warrant)
    assert pair.second.send(warrant, other).outcome == "refused"


def test_a_one_time_key_goes_with_what_it_was_for(make_site, cast, zone):
    pair = Pair(make_site, cast, zone)
    extending = pair.extending()
    assert extending.take(0).outcome == "done"
    assert len(one_time_keys(pair.second)) == 1
    pair.second.facts.holdings.abandoned.add(extending.proposal.sha256)
    pair.second.node.advance()
    assert one_time_keys(pair.second) == []
    assert not has_zone(pair.second, zone)
