"""Alarms stay in the overview until somebody says that they have read them, and in the log for ever."""

import re
from datetime import timedelta

import pytest

from tenants import clock, log
from tenants.log import Event
from tenants.models import LogEntry, Person
from tests.cast.people import DINA, GUS, IVO

pytestmark = pytest.mark.django_db

ALARMS = "/log?severity=alarm"


@pytest.fixture
def alarm(world):
    """Raises an alarm about Meridian's people; what is to be read of it is its number."""

    def raised(summary: str) -> int:
        about = log.about_within(world.meridian, "person", DINA.id)
        return log.alarm(Event.MESSAGE_REFUSED, summary, about=about).sequence

    return raised


def concern(browser) -> str:
    """What the overview says of alarms."""
    found = re.search(r"(\d+) alarms? that you have not read", browser.get("/").content.decode())
    return found[0] if found else ""


def test_an_alarm_stands_in_the_overview_until_it_was_read(as_, alarm):
    gus = as_(GUS)
    alarm("A forged receipt came.")
    alarm("Another came.")
    assert concern(gus) == "2 alarms that you have not read"
    page = gus.get(ALARMS).content.decode()
    assert "2 alarms of the last 7 days that you have not read" in page
    [upto] = re.findall(r'name="upto" value="(\d+)"', page)
    alarm("A third came while they read.")
    assert gus.post("/log/alarms-read", {"upto": upto}).headers["Location"] == ALARMS
    assert concern(gus) == "1 alarm that you have not read"
    assert "1 alarm of the last 7 days" in gus.get(ALARMS).content.decode()


def test_what_one_has_read_another_has_not_and_the_log_keeps_it(as_, alarm):
    gus, dina = as_(GUS), as_(DINA)
    gus.post("/log/alarms-read", {"upto": alarm("A forged receipt came.")})
    assert (concern(gus), concern(dina)) == ("", "1 alarm that you have not read")
    page = gus.get(ALARMS).content.decode()
    assert "A forged receipt came." in page
    assert "Mark as read" not in page


def test_what_was_read_stays_read(as_, alarm):
    gus = as_(GUS)
    first, second = alarm("A forged receipt came."), alarm("Another came.")
    for upto in (second, first):
        gus.post("/log/alarms-read", {"upto": upto})
    assert concern(gus) == ""


@pytest.mark.parametrize("upto", ["", "x", "-1", "1e3", "9" * 18, "9" * 4000, "¹"])
def test_nobody_has_read_what_is_still_to_come(as_, alarm, upto):
    alarm("A forged receipt came.")
    gus = as_(GUS)
    assert gus.post("/log/alarms-read", {"upto": upto}).status_code == 404
    assert concern(gus) == "1 alarm that you have not read"


def test_others_entries_are_no_news_of_one_s_own(as_, alarm):
    upto = alarm("A forged receipt came.")
    assert as_(IVO).post("/log/alarms-read", {"upto": upto}).status_code == 404
    assert Person.objects.get(pk=IVO.id).alarms_read == 0


def test_an_alarm_of_last_week_is_looked_up_in_the_log(as_, alarm, monkeypatch):
    alarm("A forged receipt came.")
    later = clock.now() + timedelta(days=7, seconds=1)
    gus = as_(GUS)
    monkeypatch.setattr("tenants.unread_alarms.clock.now", lambda: later)
    assert concern(gus) == ""
    assert LogEntry.objects.filter(severity="alarm").exists()
