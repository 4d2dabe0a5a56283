"""A node knows which others are in its cluster, by warrants alone, each bound to the state it succeeds."""

import pytest

from hsmnodes.node.protocol.documents import Named
from tests.cast.clusters import after, form_cluster, formed, left
from tests.cast.deployment import NodeOfCast
from tests.cast.people import named
from tests.hsmnodes.node.agent.clustering import Members, refused
from tests.hsmnodes.node.agent.killing import deliver_and_kill
from tests.hsmnodes.node.agent.making import real_drivers

STRANGER = NodeOfCast(named("mars-1"), b"\x04" + bytes(64))


@pytest.fixture
def trio(make_site, cast):
    """Two members of a cluster, and a node that is in none."""
    trio = Members(make_site, cast).formed()
    trio.others.beat()
    return trio


def test_every_member_notes_the_cluster_and_says_so(trio):
    for site in trio.members:
        state = trio.state(site)
        assert [one.name for one in state.members] == ["ams-1", "fra-1"]
        said = site.node.heartbeat()[0].envelope.payload_bytes
        assert state.sha256.encode() in said
    assert trio.newcomer.facts.holdings.cluster is None


def test_it_is_known_again_after_a_start(trio):
    before = trio.state()
    trio.members[0].start()
    assert trio.state() == before


def test_a_node_joins_and_leaves_and_can_join_again(trio):
    for revision in (2, 4):
        assert trio.joining().carry().outcome == "done"
        assert {trio.state(site).revision for site in trio.sites} == {revision}
        trio.members.append(trio.newcomer)
        assert trio.leaving(trio.newcomer).carry().outcome == "done"
        trio.members.remove(trio.newcomer)
        assert trio.newcomer.facts.holdings.cluster is None
        assert {trio.state(site).revision for site in trio.members} == {revision + 1}


def test_the_mode_and_the_order_are_changed(trio):
    first, second = trio.members
    assert trio.changing(order=[second, first]).carry().outcome == "done"
    for site in trio.members:
        assert trio.state(site).mode == "failover"
        assert [one.name for one in trio.state(site).members] == ["fra-1", "ams-1"]


def test_the_last_to_leave_dissolves_it(trio):
    first, second = trio.members
    assert trio.leaving(first).carry().outcome == "done"
    trio.members.remove(first)
    assert trio.leaving(second).carry().outcome == "done"
    assert second.facts.holdings.cluster is None


def other(trio):
    return named("Another cluster").model_dump()


def renamed(trio):
    return trio.state().cluster.model_dump() | {"name": "Amsterdam alone"}


NOT_FORMED = {
    "a node that is in a cluster already": (
        "in-a-cluster",
        lambda m: m.forming(
            [m.newcomer, m.sites[0]],
            state=formed(m.at(m.newcomer, m.sites[0]), cluster=named("Another cluster")),
        ),
    ),
    "a node that the provider has not enrolled": (
        "unknown-node",
        lambda m: m.forming([_Site(STRANGER), m.newcomer]),
    ),
    "other members than it is for": (
        "other-node",
        lambda m: m.carrier(form_cluster(m.cast, formed(m.at(*m.members)), m.at(m.newcomer, m.members[0]))),
    ),
    "another order than it is for": (
        "other-node",
        lambda m: m.carrier(form_cluster(m.cast, formed(m.at(*m.members)), m.at(*reversed(m.members)))),
    ),
}
NOT_JOINED = {
    "a state that this does not succeed": (
        "other-predecessor",
        lambda m: m.joining(succeeds="ab" * 32),
    ),
    "a revision that is not the next": ("other-predecessor", lambda m: m.joining(revision=7)),
    "a cluster of another id": ("other-cluster", lambda m: m.joining(cluster=other(m))),
    "a cluster by another name": ("other-name", lambda m: m.joining(cluster=renamed(m))),
    "another mode on the way": ("other-cluster", lambda m: m.joining(mode="failover")),
    "another node than it says": (
        "other-node",
        lambda m: m.joining(joined=m.members[1].at.node.model_dump()),
    ),
    "one who is a member already": (
        "in-a-cluster",
        lambda m: m.joining(state=after(m.state(), m.state().members), nodes=m.at(*m.members), joined=fra(m)),
    ),
    "a member left out on the way": (
        "other-members",
        lambda m: m.joining(state=after(m.state(), [m.sites[0].at.at, m.newcomer.at.at])),
    ),
    "members in another order": (
        "other-cluster",
        lambda m: m.joining(state=after(m.state(), [*m.state().members[::-1], m.newcomer.at.at])),
    ),
    "begun on another member than the first": (
        "other-node",
        lambda m: m.joining(nodes=m.at(m.members[1], m.newcomer, m.members[0])),
    ),
    "a member's identity that it has not": (
        "unknown-node",
        lambda m: m.joining(state=after(m.state(), [*m.state().members, forged(m.newcomer)])),
    ),
}
NOT_LEFT = {
    "one who is no member": (
        "not-a-member",
        lambda m: m.leaving(m.newcomer, [*m.members], state=left(m.state(), m.newcomer.at)),
    ),
    "one of those that stay, left out": (
        "other-members",
        lambda m: m.leaving(m.sites[0], state=after(m.state(), [])),
    ),
    "an earlier state": ("other-predecessor", lambda m: m.leaving(m.sites[0], succeeds="cd" * 32)),
    "one who was heard a moment ago and is not asked": ("not-lost", lambda m: m.losing(m.sites[1])),
    "those that stay in another order than they are named": (
        "other-node",
        lambda m: m.leaving(m.sites[0], [m.sites[1], m.sites[0]]),
    ),
}
NOT_CHANGED = {
    "nothing": ("no-change", lambda m: m.changing(mode="active")),
    "a member less": ("other-members", lambda m: m.changing(order=[m.sites[0]])),
    "an earlier state": ("other-predecessor", lambda m: m.changing(succeeds="ab" * 32)),
    "a member twice": ("member-twice", lambda m: m.changing(members=twice(m))),
}


class _Site:
    """A node of which there is nothing but its name."""

    def __init__(self, at):
        self.at = at


def fra(members):
    return members.members[1].at.node.model_dump()


def forged(site):
    return site.at.at.model_copy(update={"identity": "ef" * 32})


def twice(members):
    [one, _] = members.state().members
    return [{"node": {"id": one.id, "name": one.name}, "identity": one.identity}] * 2


@pytest.mark.parametrize("case", NOT_FORMED)
def test_no_cluster_is_formed_with(trio, case):
    code, make = NOT_FORMED[case]
    refused(make(trio), code)


@pytest.mark.parametrize("case", NOT_JOINED)
def test_no_node_joins_with(trio, case):
    code, make = NOT_JOINED[case]
    refused(make(trio), code)


@pytest.mark.parametrize("case", NOT_LEFT)
def test_no_node_leaves_with(trio, case):
    code, make = NOT_LEFT[case]
    refused(make(trio), code)


@pytest.mark.parametrize("case", NOT_CHANGED)
def test_no_mode_is_changed_with(trio, case):
    code, make = NOT_CHANGED[case]
    refused(make(trio), code)


def test_a_name_is_never_given_to_another_cluster(trio):
    assert trio.leaving(trio.members[0]).carry().outcome == "done"
    again = [trio.newcomer, trio.members[0]]
    name = trio.state(trio.members[1]).cluster.name.upper()
    other = Named(id="0" * 32, name=name)
    refused(trio.forming(again, state=formed(trio.at(*again), cluster=other)), "name-in-use")


def test_the_id_of_a_cluster_is_not_used_again(trio):
    assert trio.leaving(trio.members[0]).carry().outcome == "done"
    refused(trio.forming([trio.newcomer, trio.members[0]]), "id-in-use")


def test_of_two_joins_that_race_one_is_done_and_the_other_nowhere(make_site, cast):
    four = Members(make_site, cast, count=3)
    four.members = four.sites[:2]
    four.formed()
    one, other = (four.joining(four.sites[place]) for place in (2, 3))
    assert [carrier.take(0).outcome for carrier in (one, other)] == ["done", "done"], "both can"
    assert one.take(1).outcome == "done"
    lost = other.take(1)
    assert (lost.outcome, lost.code) == ("refused", "other-predecessor")
    assert one.carry().outcome == "done"
    assert {four.state(site).sha256 for site in four.sites[:3]} == {four.state().sha256}
    assert four.state(four.sites[3]) is None


def test_a_step_does_not_follow_on_what_another_warrant_brought_about(make_site, cast):
    four = Members(make_site, cast, count=3)
    four.members = four.sites[:2]
    four.formed()
    one, other = (four.joining(four.sites[place]) for place in (2, 3))
    assert one.carry().outcome == "done"
    other.said[0] = one.said[0]
    receipt = other.take(1)
    assert (receipt.outcome, receipt.code) == ("refused", "wrong-node")


def test_an_older_form_is_no_way_back(trio):
    forming = trio.forming(state=trio.state())
    assert trio.leaving(trio.members[0]).carry().outcome == "done"
    refused(forming, "id-in-use")


def test_a_member_that_missed_a_change_takes_it_before_the_next(trio):
    first, second = trio.members
    changing = trio.changing()
    assert changing.take(0).outcome == "done"
    joining = trio.joining()
    assert joining.take(0).outcome == "done"
    assert joining.take(1).outcome == "done"
    step = next(n for n, one in enumerate(joining.steps) if one.node == 2)
    early = joining.take(step)
    assert (early.outcome, early.code) == ("refused", "other-predecessor")
    assert changing.take(1).outcome == "done"
    assert joining.take(step).outcome == "done"
    assert trio.state(second) == trio.state(first)


def test_a_node_that_is_down_follows_when_it_is_back(trio):
    joining, (_, away) = trio.joining(), trio.members
    away.stop()
    for step, planned in enumerate(joining.steps):
        if planned.node != 2:
            assert joining.take(step).outcome == "done"
    away.start()
    trio.others.beat()
    assert joining.carry().outcome == "done"
    assert trio.state(away) == trio.state()


@pytest.mark.parametrize("moment", ["after the intent", "before the outcome", "after the outcome"])
def test_a_member_that_is_killed_between_the_steps_of_a_join_has_noted_it_once(make_site, cast, moment):
    trio = Members(make_site, cast, drivers=real_drivers).formed()
    joining = trio.joining()
    assert joining.take(0).outcome == "done"
    [first, _] = trio.members
    first.stop()
    deliver_and_kill(first, joining.message(1).text(), moment)
    first.start()
    trio.others.beat()
    assert joining.carry().outcome == "done"
    assert {trio.state(site).sha256 for site in trio.sites} == {trio.state().sha256}
    assert trio.state().revision == 2
