"""How a node was: charts, the same as a table and as a file, and what of it is its provider's business."""

import csv
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from console.pages.charts import SPANS, history_of
from hsmnodes.models import Sample, Span, Standing
from tenants import clock
from tests.cast.people import CLEO, DINA
from tests.world.clusters import formed
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
    assert "Zones out of step" not in page
    assert "Zones behind" not in page
    assert "Waiting" not in page.split('id="history"')[1]
    [first, *_] = rows(client.get(f"/hsms/{remembered.id}/history.csv"))
    assert set(first) == {"at", "standing", "heard"}


def test_a_node_that_is_new_is_counted_from_its_enrolment(remembered):
    Sample.objects.filter(at__lt=clock.now() - timedelta(minutes=45)).delete()
    row = remembered.row
    row.enrolled_at = clock.now() - timedelta(days=40)
    [share] = re.findall(r"Heard of for (\d+) %", history_of([row], "24h", whole=True).courses[0].in_words)
    assert share in ("3", "4")  # 45 minutes touch five or six of the 144 points, by where they begin
    row.enrolled_at = clock.now() - timedelta(minutes=30)
    assert "Heard of for 100 % of the time" in history_of([row], "24h", whole=True).courses[0].in_words


def test_while_a_node_was_still_starting_is_not_held_against_it(remembered):
    row = remembered.row
    row.enrolled_at = clock.now()
    assert history_of([row], "24h", whole=True).courses[0].in_words == "It was enrolled only now."
    row.enrolled_at = clock.now() - timedelta(minutes=25)
    begun = row.enrolled_at.replace(minute=row.enrolled_at.minute // 10 * 10, second=0, microsecond=0)
    before = Sample.objects.filter(node=row, at__gte=begun, at__lt=row.enrolled_at)
    before.update(standing=Standing.BEHIND)
    assert "at least 100 %" in history_of([row], "24h", whole=True).courses[0].in_words


@pytest.mark.parametrize(("mib", "unit", "last"), [(900, "MiB", 900), (50 * 1024, "GiB", 50)])
def test_a_large_disk_is_told_in_gib(remembered, mib, unit, last):
    Sample.objects.update(disk_free=mib)
    charts = history_of([remembered.row], "24h", whole=True).charts
    disk = next(one for one in charts if one.title == "Free disk")
    assert (disk.unit, disk.last) == (unit, last)


def test_a_time_of_which_nothing_is_known_is_a_gap_and_no_zero(remembered):
    history = history_of([remembered.row], "24h", whole=True)
    load = next(chart for chart in history.charts if chart.unit == "%")
    assert len(load.lines) == 2
    assert "Not heard of" in {band.label for band in history.courses[0].bands}


@pytest.fixture
def other(world, remembered, once):
    def make():
        other = world.node("ams-2")
        make_history(other.row)
        return other

    return once(make, remembered)


def test_several_nodes_are_shown_as_one(remembered, other):
    [alone] = history_of([remembered.row], "1h", whole=True).points[-1:]
    [both] = history_of([remembered.row, other.row], "1h", whole=True).points[-1:]
    assert both["sessions"] == 2 * alone["sessions"]
    assert both["load"] == alone["load"]
    assert both["keys"] == alone["keys"]
    assert both["operations"] == 2 * alone["operations"]


def test_what_one_of_several_did_is_not_counted_again_when_the_other_is_back(remembered, other):
    """Their counts since they were made are not added up where one is missing: it would look like a burst."""
    Sample.objects.filter(node=other.row, at__gt=clock.now() - timedelta(minutes=40)).filter(
        at__lt=clock.now() - timedelta(minutes=20)
    ).delete()
    history = history_of([remembered.row, other.row], "1h", whole=True)
    done = next(chart for chart in history.charts if chart.title == "Operations carried out")
    alone = history_of([remembered.row], "1h", whole=True)
    one = next(chart for chart in alone.charts if chart.title == "Operations carried out")
    assert 0 < one.most <= done.most <= 2 * one.most
    assert None in {point["operations"] for point in history.points}


class TestOfACluster:
    @pytest.fixture
    def cluster(self, world, remembered, other, once):
        return once(lambda: formed(world, remembered, other), remembered, other)

    def test_its_page_has_a_line_for_each_member_and_charts_of_all(self, client, world, cluster):
        sign_in(client, world.person(CLEO))
        page = client.get(f"/clusters/{cluster.pk}").content.decode()
        for name in ("ams-1", "ams-2"):
            assert f'aria-label="{name}: Heard of for' in page
        assert "Load, where it is most" in page
        assert "Keys, where most are" in page
        found = rows(client.get(f"/clusters/{cluster.pk}/history.csv?span=1h"))
        assert len(found) == 60
        assert {row["heard"] for row in found} >= {"24"}

    def test_a_customer_sees_the_members_that_carry_its_services_and_nothing_of_what_others_do(
        self, client, world, cluster
    ):
        sign_in(client, world.person(DINA))
        page = client.get(f"/clusters/{cluster.pk}").content.decode()
        assert 'aria-label="ams-1: Heard of for' in page
        assert "ams-2" not in page
        assert "Load" not in page
        assert "Sessions of applications" not in page
        [first, *_] = rows(client.get(f"/clusters/{cluster.pk}/history.csv"))
        assert set(first) == {"at", "standing", "heard"}
        assert {row["heard"] for row in rows(client.get(f"/clusters/{cluster.pk}/history.csv?span=1h"))} <= {
            "0",
            "12",
        }


def test_a_node_that_was_never_heard_of_has_a_history_of_nothing(client, world, node):
    sign_in(client, world.person(CLEO))
    page = client.get(f"/hsms/{node.id}?span=nonsense").content.decode()
    assert "Nothing was heard" in page


def test_an_hours_sample_stands_in_the_month_and_not_in_the_day(remembered):
    Sample.objects.filter(span=Span.MINUTE).delete()
    assert not history_of([remembered.row], "24h", whole=True).told
    month = history_of([remembered.row], "30d", whole=True)
    assert month.told[0]["at"] > clock.now() - timedelta(hours=9)
