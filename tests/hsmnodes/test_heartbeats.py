"""Heartbeats: what the console shows of a node, and what it does when the node is not in step."""

import time
from datetime import timedelta

import pytest

from hsmnodes import incoming, relay
from hsmnodes.models import Node, NodeStatus
from hsmnodes.node.protocol.documents import WitnessRequest
from hsmnodes.node.protocol.purposes import Purpose
from tenants import access, clock, deployment
from tenants.models import LogEntry, State
from tests.cast.people import ADA, BEN, GUS, LEA
from tests.world.clusters import bare

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


def head(charter, *, version=None, hash_=None):
    return {
        "kind": charter.kind,
        "id": charter.authority,
        "version": version or charter.version,
        "hash": hash_ or charter.hash,
    }


def test_a_node_that_is_not_enrolled_is_shown_so(world):
    assert world.node("ams-9", enrolled=False).row.status == NodeStatus.ADMITTING


def test_silence_makes_a_node_late_and_then_offline(node, settings, monkeypatch):
    assert node.row.status == NodeStatus.OFFLINE
    incoming.receive(node.heartbeat_message())
    assert node.row.status == NodeStatus.ONLINE
    now = clock.now()
    for seconds, status in (
        (settings.NODE_LATE_SECONDS + 1, NodeStatus.LATE),
        (settings.NODE_OFFLINE_SECONDS + 1, NodeStatus.OFFLINE),
    ):
        monkeypatch.setattr(clock, "now", lambda seconds=seconds: now + timedelta(seconds=seconds))
        assert node.row.status == status


@pytest.mark.parametrize(
    ("ahead", "said"),
    [(1800, "Its clock is 30 minutes ahead"), (-4 * 3600, "4 hours older when it came"), (30, ""), (-30, "")],
)
def test_a_clock_that_is_wrong_is_told(node, ahead, said):
    incoming.receive(node.heartbeat_message(at=int(time.time()) + ahead))
    assert said in node.row.status_reason
    assert node.row.status == (NodeStatus.OUT_OF_STEP if said else NodeStatus.ONLINE)


def test_a_node_that_refuses_says_why(node):
    incoming.receive(node.heartbeat_message(state="refusing", reason="An older state was restored."))
    assert (node.row.status, node.row.status_reason) == (
        NodeStatus.OUT_OF_STEP,
        "An older state was restored.",
    )


def test_a_forged_heartbeat_changes_nothing(world, node):
    other = world.node("ams-2")
    other.id = node.id
    incoming.receive(other.heartbeat_message())
    assert node.row.last_seen_at is None
    assert LogEntry.objects.filter(event="node.message-refused").exists()


def test_an_old_heartbeat_replayed_does_not_wind_back(node):
    old = node.heartbeat_message(state="refusing", reason="Long ago.", at=clock.unix_now() - 100)
    incoming.receive(node.heartbeat_message())
    incoming.receive(old)
    assert node.row.status == NodeStatus.ONLINE


def test_a_heartbeat_dated_far_ahead_tells_of_the_clock_and_those_that_follow_are_taken(node):
    incoming.receive(node.heartbeat_message(at=clock.unix_now() + 90_000))
    assert node.row.status == NodeStatus.OUT_OF_STEP
    assert "25 hours ahead" in node.row.status_reason
    time.sleep(0.01)
    incoming.receive(node.heartbeat_message(at=clock.unix_now() + 1))
    assert node.row.status == NodeStatus.ONLINE


def test_a_node_with_another_charter_is_out_of_step_and_gets_the_one_in_force(
    world, node, no_broker, django_capture_on_commit_callbacks
):
    charter = access.charter_in_force(world.northgate.id)
    with django_capture_on_commit_callbacks(execute=True):
        incoming.receive(node.heartbeat_message(charters=(head(charter, hash_="0" * 64),)))
    assert node.row.status == NodeStatus.OUT_OF_STEP
    assert len(no_broker.to(node.id, "charters")) == 1

    with django_capture_on_commit_callbacks(execute=True):
        incoming.receive(node.heartbeat_message(charters=(head(charter),)))
    assert node.row.status == NodeStatus.ONLINE


def test_a_journal_that_goes_back_raises_an_alarm(node):
    incoming.receive(node.heartbeat_message(journal={"sequence": 9, "hash": "a" * 64}))
    incoming.receive(node.heartbeat_message(journal={"sequence": 5, "hash": "b" * 64}))
    assert LogEntry.objects.filter(event="node.journal-went-back", severity="alarm").exists()


def test_the_head_of_a_journal_is_shown_to_the_peers_when_it_moves(world, node, no_broker):
    peer = world.node("ams-2")
    message = node.heartbeat_message()
    incoming.receive(message)
    incoming.receive(message)
    assert len(no_broker.to(peer.id, "heartbeat")) == 1
    assert no_broker.to(node.id, "heartbeat") == []


def test_of_many_peers_a_circle_is_shown_the_head_and_the_whole_cluster(world, node, no_broker):
    row, cluster = node.row, in_cluster(world, node)
    fields = {one.attname: getattr(row, one.attname) for one in Node._meta.concrete_fields}
    Node.objects.bulk_create(
        Node(
            **fields
            | {
                "id": f"{n:032x}",
                "name": f"n-{n}",
                "identity": f"{n}",
                "cluster_id": cluster.pk if n == 1 else None,
            }
        )
        for n in range(1, 60)
    )
    incoming.receive(node.heartbeat_message())
    shown = [n for n in range(1, 60) if no_broker.to(f"{n:032x}", "heartbeat")]
    assert len(shown) in (relay.CIRCLE, relay.CIRCLE + 1)
    assert 1 in shown
    assert not no_broker.to(node.id, "heartbeat")


def test_only_its_cluster_is_shown_a_heartbeat_that_says_nothing_new(world, node, no_broker):
    member, other = world.node("ams-2"), world.node("ams-3")
    in_cluster(world, node, member)
    incoming.receive(node.heartbeat_message())
    counted = [len(no_broker.to(one.id, "heartbeat")) for one in (member, other)]
    for _ in range(2):
        Node.objects.update(shown_at=clock.now() - timedelta(seconds=21))
        incoming.receive(node.heartbeat_message())
        incoming.receive(node.heartbeat_message())  # too soon after
    assert [len(no_broker.to(one.id, "heartbeat")) for one in (member, other)] == [counted[0] + 2, counted[1]]


def test_a_question_that_a_node_repeats_is_asked_of_its_peers_again_only_after_a_while(
    world, node, no_broker, monkeypatch
):
    """So many starts at a time, of so many nodes, are a message to and from each of them and not a flood."""
    peer, moment = world.node("ams-2"), [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    monkeypatch.setattr(relay, "QUESTIONS_A_SECOND", 0.1)

    def ask(nonce):
        question = WitnessRequest(
            deployment=deployment.current().id, node=node.row.named(), nonce=nonce * 32, at=clock.unix_now()
        )
        incoming.receive(node.sign(Purpose.WITNESS_REQUEST, question, kind="witness-request"))
        return len(no_broker.to(peer.id, "witness-request"))

    assert [ask("a") for _ in range(3)] == [1, 1, 1]
    assert ask("b") == 2  # it was started again: that is another question
    moment[0] += timedelta(seconds=9)
    assert ask("b") == 2
    moment[0] += timedelta(seconds=2)
    assert ask("b") == 3
    assert not no_broker.to(node.id, "witness-request")


def in_cluster(world, *nodes):
    """A cluster that these are in, for whom it is shown to."""
    cluster = bare(world.northgate.pk, "Elsewhere")
    cluster.save()
    Node.objects.filter(pk__in=[one.id for one in nodes]).update(cluster=cluster)
    return cluster


def test_nodes_of_different_providers_are_not_introduced(world, node, no_broker):
    assert world.lumen.provider == world.northgate
    outsider = world.node("ams-3", enrolled=False)
    incoming.receive(node.heartbeat_message())
    assert no_broker.to(outsider.id, "heartbeat") == []


def test_an_enrolled_node_and_its_peers_get_each_others_enrolment(
    world, node, no_broker, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        other = world.node("ams-2")
    assert len(no_broker.to(node.id, "peer")) == 1
    assert len(no_broker.to(other.id, "peer")) == 1


def test_a_node_at_work_is_shown_so_until_its_receipt(world, node):
    proposal = world.approve(world.propose_service(node), ADA, BEN, GUS, LEA)
    incoming.receive(node.heartbeat_message(at_work=proposal.pk))
    proposal.refresh_from_db()
    assert proposal.state == State.EXECUTING
    node.answer(proposal)
    incoming.receive(node.heartbeat_message(at_work=proposal.pk, at=int(time.time()) + 1))
    proposal.refresh_from_db()
    assert proposal.state == State.DONE


def test_what_another_node_says_it_works_on_changes_nothing(world, node):
    proposal = world.approve(world.propose_service(node), ADA, BEN, GUS, LEA)
    before = proposal.state
    incoming.receive(world.node("ams-2").heartbeat_message(at_work=proposal.pk))
    proposal.refresh_from_db()
    assert proposal.state == before != State.EXECUTING
