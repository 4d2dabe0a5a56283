"""A zone that is withdrawn from a node is gone there, and nothing goes that no other node has."""

import pytest

from hsmnodes.node.drivers.errors import DriverError
from tests.cast.moving import FURTHER_SLOT, extend_zone
from tests.cast.people import CUSTODIANS, named
from tests.hsmnodes.node.agent.making import CountingDrivers, real_drivers
from tests.hsmnodes.node.agent.moving import KEYS, Pair, has_zone, keys_in
from tests.hsmnodes.node.agent.rotating import slot_of, stated_key
from tests.hsmnodes.node.agent.stepping import Carrier


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def drivers(request):
    return request.param


@pytest.fixture
def pair(make_site, cast, zone):
    return Pair(make_site, cast, zone)


def test_the_zone_is_gone_from_one_node_and_lives_on_at_the_other(make_site, cast, zone, drivers):
    pair = Pair(make_site, cast, zone, drivers)
    assert pair.extending().carry().outcome == "done"
    before = keys_in(pair.first, zone)
    receipt = pair.withdrawing().carry()
    assert receipt.outcome == "done", receipt
    assert not has_zone(pair.first, zone)
    assert list((pair.first.config.state / "zones").glob("*")) == []
    assert pair.first.node.parts.zones._vault.names("zone/") == []
    assert keys_in(pair.second, zone) == before
    pair.first.start()
    pair.cluster.beat()
    assert not has_zone(pair.first, zone)


def test_it_can_come_back(pair, zone, cast):
    assert pair.extending().carry().outcome == "done"
    assert pair.withdrawing().carry().outcome == "done"
    stated = stated_key(pair.second, zone)
    warrant = extend_zone(
        cast, pair.first.at, pair.second.at, zone, **stated, slot=named("Slot 9").model_dump()
    )
    assert Carrier(warrant, pair.sites, [zone]).carry().outcome == "done"
    assert keys_in(pair.first, zone) == keys_in(pair.second, zone)


def test_nothing_goes_that_the_other_node_has_not(pair, zone, cast):
    assert pair.extending().carry().outcome == "done"
    assert (
        pair.first.send(cast.generate_keys(pair.first.at, zone, ("late", "ec-p256", ("sign",)))).outcome
        == "done"
    )
    receipt = pair.withdrawing().carry()
    assert (receipt.outcome, receipt.code) == ("refused", "not-in-step")
    assert has_zone(pair.first, zone)
    assert len(keys_in(pair.first, zone)) == len(KEYS) + 1


def test_the_last_node_cannot_be_left(pair):
    receipt = pair.withdrawing().carry()
    assert (receipt.outcome, receipt.code) == ("refused", "not-pinned")


def test_a_node_does_not_confirm_for_itself(pair):
    with pytest.raises(ValueError, match="node"):
        pair.withdrawing(keeper=pair.first, left=pair.first)


def test_two_withdrawals_that_cross_do_not_leave_the_zone_nowhere(pair, zone):
    """The console keeps the end of one back until the node that was to keep the zone has left it, too."""
    assert pair.extending().carry().outcome == "done"
    first = pair.withdrawing(keeper=pair.second, left=pair.first)
    slot = slot_of(pair.second, zone)
    other = pair.withdrawing(keeper=pair.first, left=pair.second, slot=named(slot.name))
    assert [first.take(0).outcome, other.take(0).outcome] == ["done", "done"]
    assert other.take(1).code == "is-keeper"
    assert first.take(1).code == "is-keeper"
    for site in pair.sites:
        site.clock.now += 25 * 3600
    pair.cluster.beat()
    assert [first.take(1).code, other.take(1).code] == ["too-late", "too-late"]
    assert has_zone(pair.first, zone)
    assert has_zone(pair.second, zone)
    assert pair.withdrawing().carry().outcome == "done"


def test_another_slot_than_is_named_is_not_deleted(pair):
    assert pair.extending().carry().outcome == "done"
    receipt = pair.withdrawing(slot=FURTHER_SLOT).carry()
    assert (receipt.outcome, receipt.code) == ("refused", "other-slot")


@pytest.mark.parametrize("method", ["destroy_key", "list_keys"])
def test_one_that_breaks_off_is_finished(pair, zone, method):
    assert pair.extending().carry().outcome == "done"
    carrier, broke = pair.withdrawing(), []
    assert carrier.take(0).outcome == "done"

    def break_once(called):
        if called == method and not broke:
            broke.append(called)
            raise DriverError("out of order")

    pair.first.pool.fault = break_once
    assert carrier.take(1).outcome == "done"
    assert broke
    assert not has_zone(pair.first, zone)
