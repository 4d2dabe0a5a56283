"""The simulation of docs/scale.md, small: all are heard, and no page asks for more than it may."""

import pytest

from tests.bench.scale import simulate

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(400)]

MOST_QUERIES = {
    "provider: overview": 60,
    "provider: overview asked again, nothing new": 14,
    "provider: HSMs": 16,
    "provider: an HSM": 16,
    "provider: Trust Zones": 16,
    "provider: a Trust Zone": 36,
    "provider: HSMs of a zone compared": 12,
    "provider: search": 14,
    "customer: overview": 140,  # twenty charters are looked through, however many there are
    "/metrics": 24,
}


def test_a_crowd_of_nodes_is_heard_and_shown(tmp_path, postgres_server, rabbitmq_server, monkeypatch):
    """Sixty zones are more than a page looks through one by one, and forty-two nodes more than are drawn."""
    monkeypatch.setenv("QUORATE_BENCH_SECONDS", "2")
    found = simulate(tmp_path, 42, 60, 600)
    assert found["taken by one worker meanwhile"][0] > 0
    assert found["at half of that: from signed to committed, median"][0] > 0
    for page, most in MOST_QUERIES.items():
        assert found[f"{page}: queries"][0] <= most, page
    assert found["history of a node, with its indexes"][0] < 2048
