"""Who leaves a cluster, or comes into it with zones: the zones agree, and no key is lost to the cluster."""

import pytest

from hsmnodes.node.agent.messages import HeartbeatMessage
from hsmnodes.node.operations.cluster.agree import AGREED_FOR
from hsmnodes.node.operations.cluster.leave import LOST_AFTER
from tests.cast.clusters import formed, joined, left
from tests.cast.people import CUSTODIANS
from tests.hsmnodes.node.agent.clustering import Members, refused
from tests.hsmnodes.node.agent.test_several_nodes import Trio


@pytest.fixture
def trio(make_site, cast):
    """Two members of a cluster, and a node that is in none."""
    trio = Members(make_site, cast).formed()
    trio.others.beat()
    return trio


def test_a_member_that_is_lost_is_taken_out_by_the_others_after_an_hour(trio):
    first, lost = trio.members
    state = left(trio.state(), lost.at)
    lost.stop()
    first.clock.now += LOST_AFTER - 1
    refused(trio.losing(lost, state=state), "not-lost")
    first.clock.now += 1
    assert trio.losing(lost, state=state).carry().outcome == "done"
    assert [one.name for one in trio.state().members] == ["ams-1"]


def test_one_that_has_left_is_taken_out_by_the_others_at_once(trio):
    first, second = trio.members
    leaving = trio.leaving(second)
    assert leaving.take(0).outcome == "done"
    trio.pass_time(5)
    trio.others.beat()
    assert trio.losing(second, state=left(trio.state(), second.at)).carry().outcome == "done"
    assert trio.state(first).revision == 2


def test_a_heartbeat_that_is_shown_again_makes_nobody_seem_alive_or_gone(trio):
    first, second = trio.members
    old = second.node.heartbeat()[0].envelope
    trio.pass_time(10)
    trio.others.beat()
    heard = first.node.parts.hearing.of(second.at.node.id)
    trio.pass_time(LOST_AFTER)
    first.deliver(HeartbeatMessage(envelope=old))
    assert first.node.parts.hearing.of(second.at.node.id) == heard
    assert trio.losing(second).carry().outcome == "done", "what was said long ago is no sign of life"


class Zoned:
    """Three nodes that have a zone with a key; the first two, or all, are to be in a cluster."""

    def __init__(self, make_site, cast, zone, *, count) -> None:
        self.trio, self.zone = Trio(make_site, cast, zone), zone
        assert self.trio.generating(("cards", "ec-p256", ("sign",))).carry().outcome == "done"
        self.trio.cluster.beat()
        self.members = Members.of(self.trio.sites, cast, self.trio.cluster, count=count)

    def agree_all(self, state, change):
        sites = [site for site in self.members.sites if state.has(site.at.node.id)]
        return [self.members.agree(site, self.zone, state, change).outcome for site in sites]


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture
def zoned(make_site, cast, zone):
    """Three members that all have a zone."""
    found = Zoned(make_site, cast, zone, count=3)
    state = formed(found.members.at(*found.members.members))
    assert found.agree_all(state, "form") == ["done"] * 3
    found.members.formed()
    found.trio.cluster.beat()
    return found


def test_a_node_with_a_zone_comes_into_a_cluster_only_if_the_zone_agrees(make_site, cast, zone):
    found = Zoned(make_site, cast, zone, count=2)
    members, state = found.members, formed(found.members.at(*found.members.members))
    refused(members.forming(), "not-agreed")
    assert members.agree(members.sites[0], zone, state, "form").outcome == "done"
    refused(members.forming(), "not-agreed")
    assert members.agree(members.sites[1], zone, state, "form").outcome == "done"
    assert members.forming().carry().outcome == "done"
    refused(members.joining(), "not-agreed")
    assert members.agree(members.newcomer, zone, joined(state, members.newcomer.at), "join").outcome == "done"
    assert members.joining().carry().outcome == "done"


def test_an_agreement_holds_for_one_state_and_for_a_week(make_site, cast, zone):
    found = Zoned(make_site, cast, zone, count=2)
    members = found.members
    state = formed(members.at(*members.members))
    assert found.agree_all(state, "form") == ["done"] * 2
    refused(members.forming(mode="failover"), "not-agreed")
    members.pass_time(AGREED_FOR)
    cast.now += AGREED_FOR
    refused(members.forming(), "not-agreed")


def test_a_zone_agrees_only_to_what_its_node_does(zoned, make_site):
    members = zoned.members
    [first, *_] = members.sites
    state = members.state()
    gone = left(state, first.at)
    for wrong, change, code in (
        (gone, "join", "other-members"),
        (state, "leave", "other-members"),
        (left(gone, members.sites[1].at), "leave", "other-predecessor"),
    ):
        receipt = members.agree(first, zoned.zone, wrong, change)
        assert (receipt.outcome, receipt.code) == ("refused", code), change
    elsewhere = members.agree(first, zoned.zone, gone, "leave", node=members.sites[1].at.node.model_dump())
    assert elsewhere.code == "other-node"


def test_a_node_with_a_zone_leaves_only_if_the_zone_agrees(zoned):
    members = zoned.members
    leaver = members.sites[2]
    refused(members.leaving(leaver), "not-agreed")
    assert members.agree(leaver, zoned.zone, left(members.state(), leaver.at), "leave").outcome == "done"
    assert members.leaving(leaver).carry().outcome == "done"
    assert leaver.facts.holdings.cluster is None
    assert leaver.facts.holdings.slots, "no key goes by it"


def test_no_node_leaves_with_keys_that_no_other_member_has(zoned, cast):
    members = zoned.members
    leaver = members.sites[2]
    made = leaver.send(cast.generate_keys(leaver.at, zoned.zone, ("late", "ec-p256", ("sign",))))
    assert made.outcome == "done"
    members.others.beat()
    assert members.agree(leaver, zoned.zone, left(members.state(), leaver.at), "leave").outcome == "done"
    refused(members.leaving(leaver), "held-nowhere-else")


def test_no_node_is_given_up_for_lost_with_keys_that_no_other_member_has(zoned, cast):
    members = zoned.members
    lost = members.sites[2]
    assert (
        lost.send(cast.generate_keys(lost.at, zoned.zone, ("late", "ec-p256", ("sign",)))).outcome == "done"
    )
    members.others.beat()
    lost.stop()
    for site in members.sites[:2]:
        site.clock.now += LOST_AFTER
    refused(members.losing(lost, state=left(members.state(), lost.at)), "held-nowhere-else")
