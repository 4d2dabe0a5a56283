"""Pages of long lists, and cursors that somebody made up."""

import base64
import json

import pytest

from tenants.errors import Invalid
from tenants.listing import page_of
from tenants.models import LogEntry, Proposal

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]

NOW = "2026-11-23T12:00:00+00:00"


def cursor(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def test_pages_lead_through_the_whole_log_and_back(world):
    everything = list(LogEntry.objects.order_by("-sequence"))
    rows, seen, at = LogEntry.objects.all(), [], None
    while True:
        page = page_of(rows, cursor=at, size=7, by="sequence")
        seen += page.rows
        at = page.older
        if at is None:
            break
    assert seen == everything

    before = page_of(rows, cursor=page.newer, size=7, by="sequence")
    assert before.rows == everything[-len(page.rows) - 7 : -len(page.rows)]


@pytest.mark.parametrize("by", ["event", "actor_name", "at", "sequence"])
@pytest.mark.parametrize("ascending", [True, False])
def test_by_any_column_either_way_every_row_comes_once_there_and_back(world, by, ascending):
    rows = LogEntry.objects.all()
    sign = "" if ascending else "-"
    everything = list(rows.order_by(f"{sign}{by}", f"{sign}pk"))
    there, back, at = [], [], None
    while not there or at:
        page = page_of(rows, cursor=at, size=11, by=by, ascending=ascending)
        there += page.rows
        at = page.older
    assert there == everything
    at = page.newer
    while at:
        earlier = page_of(rows, cursor=at, size=11, by=by, ascending=ascending)
        back, at = [*earlier.rows, *back], earlier.newer
    assert back == everything[: -len(page.rows)]


@pytest.mark.parametrize("made_up", [5, None, ["a"], "a\0", "\ud800", "a\n"])
def test_a_cursor_whose_text_is_none_is_refused(made_up):
    with pytest.raises(Invalid):
        page_of(LogEntry.objects.all(), cursor=cursor(["older", made_up, 1]), by="event")


@pytest.mark.parametrize(
    "made_up",
    [
        "!",
        "bm90IGpzb24",
        cursor("older"),
        cursor(["older", NOW]),
        cursor(["sideways", NOW, "a"]),
        cursor(["older", 5, "a"]),
        cursor(["older", True, "a"]),
        cursor(["older", "2026-11-23T12:00:00", "a"]),
        cursor(["older", NOW, 5]),
        cursor(["older", NOW, "a\0"]),
        cursor(["older", NOW, ["a"]]),
        cursor(["older", NOW, None]),
        cursor({"older": NOW}),
    ],
)
def test_a_cursor_that_was_made_up_is_refused(made_up):
    with pytest.raises(Invalid) as refused:
        page_of(Proposal.objects.all(), cursor=made_up)
    assert refused.value.code == "bad-cursor"


@pytest.mark.parametrize(
    "made_up",
    [["older", NOW, 1], ["older", 2**63, 1], ["older", 1, "1"], ["older", True, 1], ["older", 1, 10**30]],
)
def test_a_cursor_for_another_kind_of_column_is_refused(made_up):
    with pytest.raises(Invalid):
        page_of(LogEntry.objects.all(), cursor=cursor(made_up), by="sequence")
