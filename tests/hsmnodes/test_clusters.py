"""Clusters in the console are what receipts say, whatever anybody typed in."""

import pytest

from hsmnodes import clusters, incoming, standing
from hsmnodes.models import Cluster, Node, OutboxMessage
from hsmnodes.standing import Stands
from tenants import clock, tags
from tenants.errors import Invalid
from tenants.models import Proposal
from tests.cast.people import ADA, BEN, DINA, EMIL, FAY
from tests.world import clusters as making
from tests.world.clusters import answer, carry, formed, join, leave, membership, propose_cluster

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def first(node):
    return node


@pytest.fixture
def second(world, once):
    return once(lambda: world.node("fra-1"))


@pytest.fixture
def third(world, once):
    return once(lambda: world.node("lon-1"))


@pytest.fixture
def pair(world, first, second, once):
    return once(lambda: formed(world, first, second), first, second)


def of(node):
    return Node.objects.get(pk=node.id).cluster


def test_a_proposal_makes_no_cluster(world, first, second):
    world.approve(propose_cluster(world, first, second), ADA, BEN)
    assert not Cluster.objects.exists()


def test_it_comes_to_be_with_the_first_members_receipt_and_each_notes_it_by_its_own(world, first, second):
    proposal = world.approve(propose_cluster(world, first, second, mode="failover"), ADA, BEN)
    answer(proposal, first, second, only=[0, 1])
    cluster = Cluster.objects.get()
    assert (cluster.mode, cluster.revision, cluster.member_ids) == ("failover", 1, [first.id, second.id])
    assert (of(first), of(second)) == (cluster, None)
    done = answer(proposal, first, second, only=[2])
    assert of(second) == cluster
    assert done.state == "done"


def test_a_receipt_about_another_state_changes_nothing(world, first, second):
    proposal = world.approve(propose_cluster(world, first, second), ADA, BEN)
    answer(proposal, first, second, only=[0])
    said = {"cluster": proposal.document.parameters["cluster"], "state": "ab" * 32, "revision": 1}
    first.answer(proposal, step=1, results=said)
    assert not Cluster.objects.exists()


def test_a_node_joins_and_leaves(world, pair, first, second, third):
    carry(world, join(world, pair, third, first, second), first, second, third)
    pair.refresh_from_db()
    assert pair.member_ids == [first.id, second.id, third.id]
    assert of(third) == pair
    carry(world, leave(world, pair, second, first, third), first, second, third)
    pair.refresh_from_db()
    assert (pair.revision, pair.member_ids) == (3, [first.id, third.id])
    assert of(second) is None


def test_a_member_that_is_not_asked_is_out_when_the_others_say_so(world, pair, first, second):
    carry(world, leave(world, pair, second, first, asked=False), first)
    pair.refresh_from_db()
    assert pair.member_ids == [first.id]
    assert of(second) is None


def test_a_late_receipt_does_not_bring_an_earlier_state_back(world, pair, first, second, third):
    joining = world.approve(join(world, pair, third, first, second), ADA, BEN)
    answer(joining, first, second, third, only=[0, 1, 2])
    pair.refresh_from_db()
    carry(world, leave(world, pair, third, first, second), first, second, third)
    answer(joining, first, second, third, only=[3])
    pair.refresh_from_db()
    assert (pair.revision, pair.member_ids) == (3, [first.id, second.id])


def test_the_mode_is_changed(world, pair, first, second):
    members = [
        {"node": {"id": one["id"], "name": one["name"]}, "identity": one["identity"]}
        for one in pair.members[::-1]
    ]
    changing = making.succeed(
        world, tags.CHANGE_MODE, pair, [first, second], mode="failover", members=members
    )
    carry(world, changing, first, second)
    pair.refresh_from_db()
    assert (pair.is_failover, pair.member_ids) == (True, [second.id, first.id])


def test_what_nodes_would_refuse_for_certain_is_said_before(world, pair, first, second, third):
    with pytest.raises(Invalid, match="in cluster Pair already"):
        propose_cluster(world, third, first, name="Another")
    with pytest.raises(Invalid, match="never used again"):
        propose_cluster(world, third, world.node("par-1"), name="PAIR")
    carry(world, join(world, pair, third, first, second), first, second, third)
    with pytest.raises(Invalid, match="another by now"):
        join(world, pair, world.node("osl-1"), first, second)


def sent(proposal):
    rows = OutboxMessage.objects.filter(proposal=proposal, kind="warrant", settled_at=None)
    return sorted(rows.values_list("step", flat=True))


def test_what_a_node_refused_is_sent_again_when_a_zone_on_it_has_agreed(world, pair, first, second, third):
    zone = world.ready_zone(third)
    joining = world.approve(join(world, pair, third, first, second), ADA, BEN)
    third.answer(joining, step=0, outcome="refused", code="not-agreed")
    assert sent(joining) == []
    asked = joining.document.parameters
    parameters = {name: asked[name] for name in ("cluster", "mode", "members", "revision", "succeeds")} | {
        "zone": zone.named().model_dump(),
        "node": third.row.named().model_dump(),
        "change": "join",
    }
    agreeing = world.propose(tags.AGREE_TO_CLUSTER, parameters, by=DINA, nodes=[third])
    agreeing = world.approve(agreeing, EMIL, FAY)
    state = clusters.state_of(tags.JOIN_CLUSTER, asked)
    third.answer(agreeing, results={"state": state.sha256, "agreed_until": clock.unix_now() + 9})
    assert sent(joining) == [0]


def zones_of(zone, **changes):
    return ({"id": zone.pk, "keys": 1, "digest": "ab" * 32, "epoch": 1, "kcv": "a1b2c3"} | changes,)


class TestStanding:
    @pytest.fixture
    def zone(self, world, pair, first, once):
        def make():
            zone = world.ready_zone(first)
            world.key(zone, first)
            return zone

        return once(make, first)

    def stands(self, zone, *nodes):
        return [one.state for one in standing.standings(zone, [node.row for node in nodes])]

    def test_a_zone_is_missing_where_it_has_no_slot(self, zone, first, second):
        assert self.stands(zone, first, second) == [Stands.SILENT, Stands.MISSING]

    def test_it_is_in_step_where_nothing_is_said_against_it(self, zone, pair, first, second):
        incoming.receive(first.heartbeat_message(zones=zones_of(zone), member_of=membership(pair)))
        assert self.stands(zone, first, second) == [Stands.IN_STEP, Stands.MISSING]

    @pytest.mark.parametrize("state", ["waiting", "behind", "out", "unheard"])
    def test_what_a_node_says_of_itself_is_shown(self, zone, first, second, state):
        peer = second.row.named()
        said = {"zone": zone.pk, "state": state, "since": 1_700_000_000, "peer": peer}
        incoming.receive(first.heartbeat_message(zones=zones_of(zone), standings=(said,)))
        [found] = standing.standings(zone, [first.row])
        assert (found.state, found.peer, found.serves) == (
            Stands(state),
            "fra-1",
            state in ("behind", "unheard"),
        )
        [noticed] = standing.not_in_step([first.row], [zone])
        assert noticed.state == found.state

    def test_it_says_no_more_of_a_zone_that_it_is_back_in_step_with(self, zone, first):
        said = {"zone": zone.pk, "state": "out", "since": 1_700_000_000}
        incoming.receive(first.heartbeat_message(zones=zones_of(zone), standings=(said,)))
        incoming.receive(first.heartbeat_message(zones=zones_of(zone), at=clock.unix_now() + 5))
        assert standing.not_in_step([first.row], [zone]) == []


def test_who_starts_is_shown_what_its_members_said_last(world, pair, first, second, no_broker):
    incoming.receive(second.heartbeat_message(member_of=membership(pair)))
    no_broker.take()
    incoming.receive(first.heartbeat_message(state="starting"))
    assert [one.envelope.node for one in no_broker.to(first.id, "heartbeat")] == [second.id]


def test_a_proposal_that_is_not_there_any_more_is_waited_for_by_nobody(world, pair, first):
    assert not Proposal.objects.filter(operation=tags.GENERATE_KEYS).exists()
    zone = world.ready_zone(first)
    assert clusters.waiting_for(zone, first.row) == []
