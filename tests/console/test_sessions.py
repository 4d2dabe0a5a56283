"""A person's sessions: they see all of them, nobody else does, and each can be ended from any other."""

from datetime import timedelta

import pytest
from django.test import Client

from console import sessions
from console.models import BrowserSession
from tenants import clock, people, tokens
from tenants.models import LogEntry
from tests.cast.people import DINA, EMIL
from tests.world.signing_in import sign_in

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def dina(world):
    return world.person(DINA)


def in_browser(person) -> tuple[Client, BrowserSession]:
    client = sign_in(Client(), person)
    return client, BrowserSession.objects.get(pk=client.session[sessions.RECORD])


def is_in(client: Client) -> bool:
    return client.get("/settings").status_code == 200


def end(client: Client, record: BrowserSession) -> int:
    return client.post(f"/settings/sessions/{record.pk}/end").status_code


def test_all_of_them_are_listed(dina):
    here, mine = in_browser(dina)
    _there, other = in_browser(dina)
    BrowserSession.objects.filter(pk=other.pk).update(browser="Firefox on Windows")
    page = here.get("/settings").content.decode()
    assert f"/settings/sessions/{other.pk}/end" in page
    assert f"/settings/sessions/{mine.pk}/end" not in page
    assert "End the session in Firefox on Windows" in page


def test_one_is_ended_from_another_at_once_and_the_others_stay(dina):
    here, _mine = in_browser(dina)
    there, other = in_browser(dina)
    third, _third = in_browser(dina)
    assert end(here, other) == 302
    assert not is_in(there)
    assert is_in(here)
    assert is_in(third)
    entry = LogEntry.objects.filter(event="session.signed-out").latest("sequence")
    assert entry.actor == dina.pk


def test_nobody_ends_or_sees_a_session_of_somebody_else(dina, world):
    hers, record = in_browser(dina)
    emil, _his = in_browser(world.person(EMIL))
    assert end(emil, record) == 404
    assert record.pk not in emil.get("/settings").content.decode()
    assert is_in(hers)


@pytest.mark.parametrize("record", [None, "", "0" * 32])
def test_a_session_without_its_record_is_none(dina, record):
    client, _record = in_browser(dina)
    session = client.session
    session[sessions.RECORD] = record
    session.save()
    assert not is_in(client)


def test_a_session_from_before_there_were_records_is_none(dina):
    client, _record = in_browser(dina)
    session = client.session
    del session[sessions.RECORD]
    session.save()
    BrowserSession.objects.all().delete()
    assert not is_in(client)


def test_a_session_does_not_live_by_the_record_of_somebody_else(dina, world):
    client, _mine = in_browser(dina)
    _emil, his = in_browser(world.person(EMIL))
    session = client.session
    session[sessions.RECORD] = his.pk
    session.save()
    assert not is_in(client)


def test_what_has_ended_otherwise_is_not_listed(dina, settings):
    long_ago = clock.now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS + 120)
    _client, idle = in_browser(dina)
    BrowserSession.objects.filter(pk=idle.pk).update(seen_at=long_ago)
    out, _record = in_browser(dina)
    out.post("/sign-out")
    assert not sessions.live_sessions(dina).exists()
    in_browser(dina)
    people.sign_out_everywhere(person=dina, by=dina)
    dina.refresh_from_db()
    assert not sessions.live_sessions(dina).exists()
    in_browser(dina)
    assert sessions.live_sessions(dina).exists()
    tokens.suspend_token(token=dina.tokens.first(), reason="Lost.", by=None)
    assert not sessions.live_sessions(dina).exists()


def test_records_are_forgotten_when_they_can_be_of_no_use(dina, settings):
    _client, record = in_browser(dina)
    sessions.forget_old_records()
    assert BrowserSession.objects.filter(pk=record.pk).exists()
    before = clock.now() - timedelta(seconds=3 * settings.SESSION_SECONDS)
    BrowserSession.objects.filter(pk=record.pk).update(began_at=before)
    sessions.forget_old_records()
    assert not BrowserSession.objects.filter(pk=record.pk).exists()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome on Linux"),
        (FIREFOX, "Firefox on Windows"),
        (EDGE, "Edge on Windows"),
        (SAFARI, "Safari on iOS"),
        ("curl/8.0", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)
def test_a_browser_is_named_as_its_user_knows_it(agent, words):
    assert sessions.browser_of(agent) == words
