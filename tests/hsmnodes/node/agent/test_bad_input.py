"""Bad input of any kind is refused and recorded: never a traceback, a partial action or a silent drop."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Heartbeat, Proposal
from hsmnodes.node.protocol.purposes import Purpose
from tests.hsmnodes.node.agent.making import carrying

KINDS = ("warrant", "charters", "peer", "heartbeat", "witness-request", "witness", "cancellation", "other")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
blobs = st.binary(max_size=60).map(canonical.b64u) | st.text(max_size=20)
envelopes = st.fixed_dictionaries(
    {
        "type": st.just("quorate/node-signed/v1"),
        "purpose": st.sampled_from([purpose.value for purpose in Purpose]),
        "node": st.sampled_from(["0" * 32, "b7b7bdc3339aae4f20a0d0946b54ac56"]),
        "payload": blobs,
        "signature": st.binary(min_size=64, max_size=64).map(canonical.b64u),
    }
)
messages = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS)},
    optional={
        "step": st.integers(-1, 70) | st.text(max_size=2),
        "warrant": blobs,
        "charters": st.lists(blobs, max_size=2),
        "proposal": blobs,
        "cancellation": blobs,
        "envelope": envelopes | json_values,
        "extra": json_values,
    },
)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    from tests.cast.deployment import Deployment
    from tests.hsmnodes.node.agent.making import Site

    cast = Deployment()
    site = Site(tmp_path_factory.mktemp("node"), cast).with_zone(cast.zone())
    yield site
    site.stop()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.text(max_size=200) | messages.map(json.dumps) | json_values.map(json.dumps))
def test_whatever_is_delivered_is_refused(node, text):
    acts, head = node.pool.acts, node.head
    report = node.node.deliver(text)
    assert report.refused is not None or '"charters"' in text
    assert report.said == []
    assert (node.pool.acts, node.head) == (acts, head)


@pytest.mark.parametrize(
    "text", ["", "\ud800", "[" * 100_000, "null", "0", '{"kind":"warrant"', "x" * 16_000_001]
)
def test_text_that_is_no_message_is_recorded(site, text):
    report = site.node.deliver(text)
    assert report.refused.code in {"bad-message", "too-long"}
    [(code,)] = site.node.parts.store.rows("SELECT code FROM refusals")
    assert code == report.refused.code


def test_an_error_of_our_own_is_contained(site, cast, zone, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    message = carrying(cast.generate_keys(site.at, zone))
    with monkeypatch.context() as patch:
        patch.setattr("hsmnodes.node.agent.verify.evaluate", broken)
        assert site.deliver(message).refused.code == "internal-error"
    assert "ZeroDivisionError" in caplog.text
    assert site.read(site.deliver(message).said[0]).outcome == "done"


def test_a_heartbeat_says_what_the_node_is_and_has(site, cast, zone):
    site.send(cast.generate_keys(site.at, zone))
    [said] = site.node.heartbeat()
    beat = Heartbeat.from_bytes(site.verified(said.envelope, Purpose.HEARTBEAT))
    assert (beat.node, beat.state, beat.witness, beat.enrolled) == (site.at.node, "ready", "hsm-only", True)
    assert beat.journal == site.head
    assert (beat.capacity.slots, beat.capacity.slots_used, beat.capacity.keys) == (20, 1, 1)
    assert {(head.kind, head.hash) for head in beat.charters} == {
        ("provider", cast.northgate.anchor),
        ("customer", cast.meridian.anchor),
        ("zone", zone.anchor),
    }


def test_a_heartbeat_says_what_the_node_is_carrying_out(site, cast, zone, monkeypatch):
    warrant = cast.generate_keys(site.at, zone)
    beats = []

    def beat():
        [said] = site.node.heartbeat()
        beats.append(Heartbeat.from_bytes(site.verified(said.envelope, Purpose.HEARTBEAT)).at_work)

    attempt = site.node.parts.executor._attempt
    monkeypatch.setattr(site.node.parts.executor, "_attempt", lambda verified: (beat(), attempt(verified))[1])
    beat()
    site.send(warrant)
    beat()
    assert beats == [None, Proposal.from_bytes(warrant.proposal_bytes).proposal, None]
