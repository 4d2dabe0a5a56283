"""Rewind: a node acts only when its peers agree with its journal, and never once one of them does not."""

import pytest

from hsmnodes.node.agent.messages import (
    HeartbeatMessage,
    PeerMessage,
    WitnessMessage,
    WitnessRequestMessage,
)
from hsmnodes.node.protocol import canonical
from tests.cast.people import ADA, CLEO, EMIL
from tests.cast.signing import make_warrant
from tests.hsmnodes.node.agent.making import Cluster, Site, carrying
from tests.hsmnodes.node.agent.test_refusals import proposed

NAMES = ("ams-1", "ams-2", "fra-1")


@pytest.fixture
def cluster(make_site, zone) -> Cluster:
    """Three nodes, the first with a zone."""
    cluster = Cluster([make_site(name=name) for name in NAMES])
    first, cast = cluster.sites[0], cluster.sites[0].cast
    assert first.send(cast.start_service(first.at), cast.northgate, cast.meridian).outcome == "done"
    assert first.send(cast.create_slot(first.at, zone), zone).outcome == "done"
    cluster.beat()
    return cluster


def later(site: Site, seconds: int) -> None:
    site.clock.now += seconds
    site.node.advance()


def test_alone_a_node_says_that_it_relies_on_the_hsm(make_site):
    site = make_site().enrolled()
    assert (site.state, site.node.summary.witness) == ("ready", "hsm-only")


def test_after_a_start_a_warrant_waits_for_the_peers_and_is_then_carried_out(cluster, cast, zone):
    site = cluster.sites[0].start()
    message = carrying(cast.generate_keys(site.at, zone))
    report = site.deliver(message)
    assert (site.state, report.said, report.held) == ("starting", [], True)
    assert site.deliver(message).held
    assert not site.facts.holdings.keys
    said = cluster.relay(site, site.node.heartbeat())
    assert [site.read(one).outcome for one in said] == ["done"]
    assert (site.state, site.node.held) == ("ready", 0)


def test_what_was_done_is_answered_even_before_the_peers_have(cluster, cast, zone):
    site = cluster.sites[0]
    message = carrying(cast.generate_keys(site.at, zone))
    first = site.deliver(message).said
    cluster.beat()
    assert site.start().deliver(message).said == first
    assert site.state == "starting"


def test_half_of_the_peers_suffice_after_some_patience(cluster):
    site, gone = cluster.sites[0], cluster.sites[2]
    gone.stop()
    site.start()
    cluster.relay(site, site.node.heartbeat())
    assert site.state == "starting"
    later(site, 60)
    assert site.state == "ready"


def test_without_any_peer_patience_does_not_help(cluster):
    site = cluster.sites[0]
    for other in cluster.sites[1:]:
        other.stop()
    site.start()
    later(site, 10_000)
    assert site.state == "starting"


def answers(cluster, site):
    """Every peer's answer to the question the node asks now."""
    [question] = [one for one in site.node.heartbeat() if one.kind == "witness-request"]
    return [
        other.deliver(WitnessRequestMessage(envelope=question.envelope)).said[0]
        for other in cluster.others(site)
    ]


def test_an_answer_to_an_earlier_question_does_not_count(cluster):
    site = cluster.sites[0].start()
    old = answers(cluster, site)
    site.start()
    for one in old:
        assert site.deliver(WitnessMessage(envelope=one.envelope)).refused.code == "other-question"
    assert site.state == "starting"


def test_one_peer_counts_once(cluster):
    site = cluster.sites[0].start()
    for _ in range(3):
        site.deliver(WitnessMessage(envelope=answers(cluster, site)[0].envelope))
    assert site.state == "starting"


def test_an_altered_answer_does_not_count(cluster):
    site = cluster.sites[0].start()
    one = answers(cluster, site)[0].envelope
    payload = canonical.b64u(one.payload_bytes.replace(b'"sequence":', b'"sequence":1'))
    for changed in (
        one.model_copy(update={"payload": payload}),
        one.model_copy(update={"node": site.at.node.id}),
    ):
        assert site.deliver(WitnessMessage(envelope=changed)).refused is not None
    assert site.node.parts.witnesses.testimony.agreed == set()
    assert site.node.parts.readiness.against is None


def test_an_answer_is_no_heartbeat_and_a_heartbeat_no_answer(cluster):
    site = cluster.sites[0].start()
    answer = answers(cluster, site)[0].envelope
    assert site.deliver(HeartbeatMessage(envelope=answer)).refused.code == "wrong-purpose"
    beat = cluster.sites[1].node.heartbeat()[0].envelope
    assert site.deliver(WitnessMessage(envelope=beat)).refused.code == "wrong-purpose"


def test_a_peer_that_knows_more_stops_the_node_at_any_time(cluster, cast, zone):
    site, other = cluster.sites[0], cluster.sites[1]
    with other.node.parts.store.transaction() as connection:
        connection.execute("UPDATE witnessed SET sequence = sequence + 5 WHERE node = ?", (site.at.node.id,))
    site.start()
    cluster.relay(site, site.node.heartbeat())
    assert site.state == "refusing"
    assert site.send(cast.generate_keys(site.at, zone)).code == "rewound"
    assert "restored" in site.node.summary.reason


def test_a_node_that_refuses_is_no_witness_for_others(cluster):
    site, other = cluster.sites[0], cluster.sites[1]
    site.node.parts.witnesses.testimony.against = "A test says so."
    other.start()
    [question] = [one for one in other.node.heartbeat() if one.kind == "witness-request"]
    assert site.deliver(WitnessRequestMessage(envelope=question.envelope)).refused.code == "rewound"


def test_a_peers_journal_is_remembered_only_forward(cluster, cast, zone):
    site, other = cluster.sites[0], cluster.sites[1]
    old = site.node.heartbeat()[0]
    site.send(cast.generate_keys(site.at, zone))
    new = site.node.heartbeat()[0]
    for one in (new, old):
        other.deliver(HeartbeatMessage(envelope=one.envelope))
    [(sequence, digest)] = other.node.parts.store.rows(
        "SELECT sequence, hash FROM witnessed WHERE node = ?", site.at.node.id
    )
    assert (sequence, digest) == (site.head.sequence, site.head.hash)


def test_a_heartbeat_of_a_stranger_is_not_remembered(cluster, make_site):
    stranger = make_site(name="fra-2")
    report = cluster.sites[0].deliver(HeartbeatMessage(envelope=stranger.node.heartbeat()[0].envelope))
    assert report.refused.code == "unknown-peer"


def test_who_is_not_enrolled_by_the_provider_is_no_peer(cluster, make_site, cast):
    stranger = make_site(name="fra-2")
    site = cluster.sites[0]
    for approvers in ((ADA,), (ADA, EMIL), (ADA, CLEO)):
        forged = make_warrant(proposed(cast.enrol(stranger.at)), CLEO, approvers)
        report = site.deliver(PeerMessage(warrant=canonical.b64u(forged.raw)))
        assert report.refused.code == "not-authorised"
    assert len(site.facts.peers) == 2


def test_the_hsms_own_record_stops_a_node_that_is_behind_it(make_site, cast, zone):
    site = make_site().with_zone(zone)
    site.node.parts.executor._hsm_head.write(site.head.model_copy(update={"sequence": 99}))
    site.start()
    assert site.state == "refusing"
    assert site.send(cast.generate_keys(site.at, zone)).code == "rewound"


def test_the_hsms_own_record_stops_a_node_with_another_journal(make_site, zone):
    site = make_site().with_zone(zone)
    site.node.parts.executor._hsm_head.write(site.head.model_copy(update={"hash": "ab" * 32}))
    assert site.start().state == "refusing"


def test_what_the_hsm_knows_is_kept_by_a_node_it_speaks_against(make_site, zone):
    site = make_site().with_zone(zone)
    ahead = site.head.model_copy(update={"sequence": 99})
    site.node.parts.hsm_head.write(ahead)
    site.start().node.advance()
    assert site.node.parts.hsm_head.read() == ahead
