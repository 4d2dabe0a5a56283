"""`/metrics`: for who has the token alone, computed from the database, and as the documents say."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured
from prometheus_client.parser import text_string_to_metric_families

from console import environment
from hsmnodes import conditions, incoming, outbox
from hsmnodes.models import Application, MessageKind, Node
from tenants import clock, log
from tenants.log import Event
from tenants.models import CharterVersion, State
from tests.cast.deployment import Deployment
from tests.hsmnodes.node.agent.making import Site
from tests.hsmnodes.node.agent.test_figures import configured, heartbeat_of
from tests.hsmnodes.node.agent.test_figures import told as told_by_a_node
from tests.world.applications import admit
from tests.world.history import FIGURES

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-more-than-thirty-two-letters"

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture(autouse=True)
def token(settings):
    settings.METRICS_TOKEN = TOKEN


@pytest.fixture
def ask(client):
    def ask() -> dict[str, float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        families = list(text_string_to_metric_families(answer.content.decode()))
        return {
            ",".join([sample.name, *(sample.labels[one] for one in sorted(sample.labels) if one != "id")]): (
                sample.value
            )
            for family in families
            for sample in family.samples
        }

    return ask


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": TOKEN},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer ä"},
    ],
)
def test_whoever_has_not_the_token_is_told_nothing(client, world, shown):
    answer = client.get("/metrics", headers=shown)
    assert answer.status_code == 403
    assert b"quorate_" not in answer.content


@pytest.mark.parametrize("shown", ["Bearer ", "Bearer None", ""])
def test_without_a_token_set_nobody_is(client, settings, shown):
    settings.METRICS_TOKEN = environment.secret("QUORATE_METRICS_TOKEN")
    assert client.get("/metrics", headers={"Authorization": shown}).status_code == 403


@pytest.mark.parametrize("value", ["", " ", "short", "x" * 31, "x" * 40 + " y", "ä" * 40])
def test_a_token_that_could_be_guessed_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("QUORATE_METRICS_TOKEN", value)
    with pytest.raises(ImproperlyConfigured):
        environment.secret("QUORATE_METRICS_TOKEN")


def test_proposals_are_told_by_state_and_states_without_any_as_none(world, node, ask):
    world.propose_service(node)
    found = ask()
    assert found["quorate_proposals,proposed"] == 1
    assert found["quorate_proposals,failed"] == 0
    assert sum(name.startswith("quorate_proposals,") for name in found) == len(State)


def test_a_node_is_told_as_its_last_heartbeat_said(node, ask):
    incoming.receive(node.heartbeat_message(figures=FIGURES))
    found = ask()
    assert found["quorate_node_up,ams-1,Northgate"] == 1
    assert found["quorate_node_heartbeat_age_seconds,ams-1,Northgate"] < 60
    assert found["quorate_node_sessions,ams-1,Northgate"] == FIGURES["sessions"]
    assert found["quorate_node_operations_total,ams-1,Northgate"] == FIGURES["operations"]
    assert found["quorate_node_load_ratio,ams-1,Northgate"] == 0.12
    assert found["quorate_nodes,online"] == 1


def test_a_node_of_which_nothing_is_known_has_no_figures_that_would_be_made_up(node, ask):
    found = ask()
    assert found["quorate_node_up,ams-1,Northgate"] == 0
    assert "quorate_node_heartbeat_age_seconds,ams-1,Northgate" not in found
    assert "quorate_node_disk_free_bytes,ams-1,Northgate" not in found


def test_the_outbox_is_told_with_the_age_of_the_oldest(node, ask, monkeypatch):
    outbox.put(node=node.row, kind=MessageKind.PEER, message="{}")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=5))
    found = ask()
    assert found["quorate_outbox_messages,peer"] == 1
    assert found["quorate_outbox_oldest_seconds"] >= 299
    assert found["quorate_sweep_delay_seconds"] > 200


def test_alarms_are_told_those_of_the_log_and_those_that_last(node, ask, settings):
    before = ask()["quorate_log_alarms_total"]
    log.alarm(Event.MESSAGE_REFUSED, "Somebody forged something.")
    settings.NODE_ALARM_SECONDS = 0
    incoming.receive(node.heartbeat_message(figures=FIGURES | {"disk_free": 1}))
    conditions.look()
    found = ask()
    assert found["quorate_log_alarms_total"] == before + 1
    assert found["quorate_alarms,node.disk-nearly-full"] == 1


def test_what_ends_is_told_in_days(world, node, ask):
    zone = world.ready_zone(node)
    world.key(zone, node)
    admit(world, zone, node)
    Application.objects.update(valid_until=clock.now() + timedelta(days=3))
    CharterVersion.objects.filter(zone=zone).update(valid_until=clock.now() - timedelta(days=1))
    found = ask()
    assert found["quorate_certificate_days_left,webshop"] == pytest.approx(3, abs=0.01)
    assert found["quorate_charter_days_left,zone,Payments"] == pytest.approx(-1, abs=0.01)


def test_a_scrape_takes_as_many_queries_however_many_nodes_there_are(
    world, node, ask, django_assert_max_num_queries
):
    Node.objects.bulk_create(
        Node(**{**fields_of(node.row), "id": f"{n:032x}", "name": f"n{n}", "identity": f"{n}"})
        for n in range(1, 200)
    )
    with django_assert_max_num_queries(24):
        assert ask()["quorate_nodes,offline"] == 200


def fields_of(row):
    return {one.attname: getattr(row, one.attname) for one in Node._meta.concrete_fields}


def documented() -> set[str]:
    return set(re.findall(r"`(quorate_\w+)`", (ROOT / "docs" / "metrics.md").read_text()))


def test_what_is_told_is_what_the_documents_list(world, node, client, tmp_path):
    zone = world.ready_zone(node)
    world.key(zone, node)
    admit(world, zone, node)
    incoming.receive(node.heartbeat_message(figures=FIGURES))
    told = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    site = Site(tmp_path / "site", Deployment()).enrolled()
    configured(site, tmp_path / "node.prom")
    heartbeat_of(site)
    site.stop()
    of_console = {
        line.split()[2].removesuffix("_total") for line in told.splitlines() if line.startswith("# TYPE")
    }
    of_node = {name.split(",")[0].removesuffix("_total") for name in told_by_a_node(tmp_path / "node.prom")}
    served_only = {"quorate_node_applications"}
    assert {one.removesuffix("_total") for one in documented()} == of_console | of_node | served_only


def test_the_example_alerts_ask_for_nothing_that_is_not_told():
    rules = yaml.safe_load((ROOT / "docs/examples/prometheus/quorate-alerts.yml").read_text())
    alerts = [one for group in rules["groups"] for one in group["rules"]]
    asked = {name for one in alerts for name in re.findall(r"quorate_\w+", one["expr"])}
    assert len(alerts) >= 10
    assert asked <= documented()
    assert all({"summary", "action"} == set(one["annotations"]) for one in alerts)
    scrape = yaml.safe_load((ROOT / "docs/examples/prometheus/prometheus.yml").read_text())
    assert scrape["scrape_configs"][0]["authorization"]["type"] == "Bearer"
