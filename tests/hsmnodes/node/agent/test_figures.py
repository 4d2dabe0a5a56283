"""What a node measures of itself: in its signed heartbeat, and in a file for who watches the machine."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.messages import HeartbeatMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Heartbeat
from hsmnodes.node.protocol.errors import Refused


def heartbeat_of(site) -> Heartbeat:
    [said] = [one for one in site.node.heartbeat() if one.kind == "heartbeat"]
    return Heartbeat.from_bytes(said.envelope.payload_bytes)


def told(file) -> dict[str, float]:
    families = text_string_to_metric_families(file.read_text("utf-8"))
    return {
        ",".join([sample.name, *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def site(make_site, zone):
    return make_site().with_zone(zone)


def test_a_heartbeat_says_how_much_was_done_and_how_the_machine_is(site):
    figures = heartbeat_of(site).figures
    assert figures.operations == site.facts.last_receipt[0] > 0
    assert 0 < figures.disk_free <= figures.disk_size
    assert (figures.held, figures.clock_behind) == (0, 0)


def test_a_node_without_an_endpoint_says_nothing_of_sessions(site):
    figures = heartbeat_of(site).figures.model_dump()
    assert "sessions" not in figures
    assert "applications" not in figures


def test_a_clock_that_is_set_back_is_said(site):
    site.clock.now += 7200
    heartbeat_of(site)
    site.clock.now -= 3600
    said = heartbeat_of(site)
    assert said.figures.clock_behind == 3600


def test_a_heartbeat_of_before_is_read_and_one_that_says_more_is_not(site):
    said = heartbeat_of(site).model_dump(mode="json")
    old = {name: value for name, value in said.items() if name != "figures"}
    assert Heartbeat.from_bytes(canonical.encode(old)).figures is None
    for changed in ({"temperature": 40}, {"load": -1}, {"load": "12"}, {"sessions": 1.5}, {"held": None}):
        with pytest.raises(Refused):
            Heartbeat.from_bytes(canonical.encode(said | {"figures": said["figures"] | changed}))


def test_a_peer_remembers_the_head_that_a_heartbeat_with_figures_shows(make_site):
    from tests.hsmnodes.node.agent.making import Cluster

    cluster = Cluster([make_site(name=name) for name in ("ams-1", "ams-2")])
    first, second = cluster.sites
    [said] = [one for one in first.node.heartbeat() if one.kind == "heartbeat"]
    assert second.deliver(HeartbeatMessage(envelope=said.envelope)).refused is None


def test_the_file_is_what_the_heartbeat_says(site, tmp_path):
    file = tmp_path / "quorate.prom"
    configured(site, file)
    said = heartbeat_of(site)
    found = told(file)
    assert found["quorate_node_state,ready"] == 1
    assert found["quorate_node_state,refusing"] == 0
    assert found["quorate_node_operations_total"] == said.figures.operations
    assert found["quorate_node_keys"] == said.capacity.keys
    assert found["quorate_node_disk_free_bytes"] > 0
    assert [name for name in found if "charter_valid_until" in name]
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.glob(".*")) == []


def test_a_file_that_cannot_be_written_stops_no_heartbeat(site, tmp_path, caplog):
    configured(site, tmp_path / "nowhere" / "quorate.prom")
    assert heartbeat_of(site).state == "ready"
    assert "metrics cannot be written" in caplog.text


def test_whoever_plants_a_link_has_nothing_written_through_it(site, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".quorate.prom.new").symlink_to(victim)
    (tmp_path / "quorate.prom").symlink_to(victim)
    configured(site, tmp_path / "quorate.prom")
    heartbeat_of(site)
    assert victim.read_text() == "precious"


def test_a_name_with_anything_in_it_stays_one_label(site, tmp_path):
    from hsmnodes.node.agent.textfile import write_metrics

    file = tmp_path / "quorate.prom"
    said = heartbeat_of(site)
    library = 'a "quoted\\ one'
    said = said.model_copy(update={"versions": said.versions.model_copy(update={"library": library})})
    write_metrics(file, said, (), peers=0)
    assert any(library in name for name in told(file))


def test_the_setting_is_kept_and_no_file_is_written_without_it(site, tmp_path):
    file = tmp_path / "node.toml"
    config = site.config.model_copy(update={"endpoint": None})
    config.save(file)
    assert Config.load(file).metrics_file is None
    config.model_copy(update={"metrics_file": tmp_path / "quorate.prom"}).save(file)
    assert Config.load(file).metrics_file == tmp_path / "quorate.prom"


def configured(site, file) -> None:
    """Have the running node write its metrics there."""
    from dataclasses import replace

    site.node.parts = replace(site.node.parts, config=site.config.model_copy(update={"metrics_file": file}))
