"""How a node was: charts, the same as a table and as a file, and what of it is its provider's business."""

import csv
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from console.pages.charts import SPANS, history_of
from hsmnodes.models import Sample, Span
from tenants import clock
from tests.cast.people import CLEO, DINA
from tests.world.history import make_history
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def remembered(world, node, once):
    def make():
        world.service(node)
        make_history(node.row)
        return node

    return once(make, node)


def rows(answer):
    return list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))


@pytest.mark.parametrize("span", SPANS)
def test_each_chart_is_a_drawing_with_words_and_the_same_as_a_table(client, world, remembered, span):
    sign_in(client, world.person(CLEO))
    page = client.get(f"/hsms/{remembered.id}?span={span}").content.decode()
    drawings = [
        ET.fromstring("<svg" + one.split("</svg>")[0] + "</svg>")
        for one in page.split("<svg")[1:]
        if 'role="img"' in one.split(">")[0]
    ]
    assert len(drawings) == 8
    assert all(one.get("aria-label") for one in drawings)
    assert " style=" not in page
    assert "Load of its machine" in page
    assert "Sessions" in page


def test_the_file_has_the_points_of_the_charts(client, world, remembered):
    sign_in(client, world.person(CLEO))
    found = rows(client.get(f"/hsms/{remembered.id}/history.csv?span=30d"))
    assert len(found) == 30 * 24 / 4
    assert {row["standing"] for row in found} >= {"In step", "Behind"}
    assert max(int(row["load"]) for row in found if row["load"]) <= 55


def test_a_customer_sees_whether_it_was_in_step_and_nothing_of_what_others_do_there(
    client, world, remembered
):
    sign_in(client, world.person(DINA))
    page = client.get(f"/hsms/{remembered.id}").content.decode()
    assert "in step for" in page
    assert "Load of its machine" not in page
    assert "Sessions of applications" not in page
    [first, *_] = rows(client.get(f"/hsms/{remembered.id}/history.csv"))
    assert set(first) == {"at", "standing", "behind", "waiting", "heard"}


def test_a_node_that_is_new_is_counted_from_its_enrolment(remembered):
    Sample.objects.filter(at__lt=clock.now() - timedelta(minutes=45)).delete()
    row = remembered.row
    row.enrolled_at = clock.now() - timedelta(days=40)
    assert "Heard of for 3 % of the time" in history_of([row], "24h", whole=True).in_words
    row.enrolled_at = clock.now() - timedelta(minutes=30)
    assert "Heard of for 100 % of the time" in history_of([row], "24h", whole=True).in_words


def test_a_time_of_which_nothing_is_known_is_a_gap_and_no_zero(remembered):
    history = history_of([remembered.row], "24h", whole=True)
    load = next(chart for chart in history.charts if chart.unit == "%")
    assert len(load.lines) == 2
    assert "Not heard of" in {band.label for band in history.bands}


def test_several_nodes_are_shown_as_one(world, remembered):
    other = world.node("ams-2")
    make_history(other.row)
    [alone] = history_of([remembered.row], "1h", whole=True).points[-1:]
    [both] = history_of([remembered.row, other.row], "1h", whole=True).points[-1:]
    assert both["sessions"] == 2 * alone["sessions"]
    assert both["load"] == alone["load"]


def test_a_node_that_was_never_heard_of_has_a_history_of_nothing(client, world, node):
    sign_in(client, world.person(CLEO))
    page = client.get(f"/hsms/{node.id}?span=nonsense").content.decode()
    assert "Nothing was heard" in page


def test_an_hours_sample_stands_in_the_month_and_not_in_the_day(remembered):
    Sample.objects.filter(span=Span.MINUTE).delete()
    assert not history_of([remembered.row], "24h", whole=True).told
    month = history_of([remembered.row], "30d", whole=True)
    assert month.told[0]["at"] > clock.now() - timedelta(hours=9)
