"""How the API refuses: always in problem details, and before anything costs much."""

import logging

import pytest
from django.test import Client

from console.api import limiting, parsing
from tests.cast.people import CLEO, JON
from tests.console.api.conftest import register
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db
DRAFTS = "/api/v1/proposals"


@pytest.fixture
def cleo(world):
    return sign_in(Client(raise_request_exception=False), world.person(CLEO))


def problem(response, status, code):
    """The problem details, which say the same as the status line."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == status
    assert found["code"] == code
    assert found["type"] == f"urn:quorate:problem:{code}"
    assert found["title"]
    assert found["detail"]
    assert len(found["reference"]) == 8
    return found


@pytest.mark.parametrize(
    "address",
    ["nothing", "proposals/1", f"proposals/{'0' * 32}", f"proposals/{'A' * 32}", "log/0", "log/x",
     f"receipts/{'0' * 64}", "operations/key.generate/v99", "operations/x", "me/", "..%2fetc", "log/9%00"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(cleo, address):
    problem(cleo.get(f"/api/v1/{address}"), 404, "not-found")


def test_who_says_nothing_of_themselves_is_told_how(db):
    response = Client().get("/api/v1/me")
    problem(response, 401, "not-authenticated")
    assert response.headers["WWW-Authenticate"] == "Signature"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_not_allowed(cleo, method):
    response = getattr(cleo, method)(DRAFTS)
    problem(response, 405, "method-not-allowed")
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"reason": "a", "reason": "b"}',
        b'{"lifetime": NaN}',
        b'{"lifetime": 1e999}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe{}",
        b'{"lifetime": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda content: content[:12].decode("latin-1") or "nothing",
)
def test_what_is_not_the_json_it_should_be_is_refused(cleo, content):
    response = cleo.post(DRAFTS, content, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["code"] in ("malformed", "invalid")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_content_than_json_is_refused(cleo, kind):
    problem(cleo.post(DRAFTS, b"{}", content_type=kind), 415, "unsupported-media-type")


def test_a_content_is_not_longer_than_it_can_be(cleo):
    long = b" " * (parsing.BODY_LIMIT + 1)
    problem(cleo.post(DRAFTS, long, content_type="application/json"), 413, "too-large")


def test_a_content_that_is_too_long_is_refused_to_strangers_before_it_is_read(db):
    long = b" " * (parsing.BODY_LIMIT + 1)
    problem(Client().post(DRAFTS, long, content_type="application/json"), 413, "too-large")


def test_what_a_client_would_rather_have_is_not_asked(cleo):
    response = cleo.get("/api/v1/me", headers={"Accept": "text/html, image/*"})
    assert response.headers["Content-Type"] == "application/json"
    problem(cleo.get("/api/v1/nothing", headers={"Accept": "text/html"}), 404, "not-found")


def test_a_reference_leads_to_the_log_of_the_console(cleo, caplog):
    with caplog.at_level(logging.INFO, "console.errors"):
        reference = cleo.get("/api/v1/nothing").json()["reference"]
    assert any(reference in str(record.msg) for record in caplog.records)


def test_a_host_that_is_not_the_consoles_is_refused(cleo):
    problem(cleo.get("/api/v1/me", headers={"Host": "other.example"}), 400, "other-host")


def test_what_was_not_foreseen_says_nothing_of_what_it_was(cleo, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("console.api.me.access.roles_of", broken)
    response = cleo.get("/api/v1/me")
    problem(response, 500, "unexpected")
    assert b"swordfish" not in response.content


def test_a_stranger_who_hammers_has_to_wait(world, monkeypatch):
    monkeypatch.setattr(limiting, "STRANGERS_A_MINUTE", 3)
    program = register(world, world.northgate)
    for _ in range(3):
        assert Client().get("/api/v1/me").status_code == 401

    refused = Client().get("/api/v1/me")
    problem(refused, 429, "too-many")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert program.get("/api/v1/me").status_code == 429
    assert Client().get("/api/v1/schema").status_code == 429
    assert sign_in(Client(), world.person(JON)).get("/api/v1/me").status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.7").get("/api/v1/me").status_code == 401


def test_signatures_that_do_not_hold_are_counted_and_those_that_do_are_not(world, monkeypatch):
    monkeypatch.setattr(limiting, "STRANGERS_A_MINUTE", 2)
    program = register(world, world.northgate)
    for _ in range(4):
        assert program.get("/api/v1/me").status_code == 200
    for _ in range(2):
        assert program.get("/api/v1/me", nonce="short").status_code == 401
    assert program.get("/api/v1/me").status_code == 429


def test_behind_a_proxy_the_address_is_the_one_the_proxy_saw(db, settings, monkeypatch):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    monkeypatch.setattr(limiting, "STRANGERS_A_MINUTE", 1)

    def ask(forwarded):
        return Client().get("/api/v1/me", headers={"X-Forwarded-For": forwarded}).status_code

    assert [ask("203.0.113.1, 192.0.2.7"), ask("made up, 192.0.2.7"), ask("192.0.2.8")] == [401, 429, 401]


def test_without_a_proxy_nobody_can_say_where_they_are(db, monkeypatch):
    monkeypatch.setattr(limiting, "STRANGERS_A_MINUTE", 1)
    asked = [Client().get("/api/v1/me", headers={"X-Forwarded-For": made_up}).status_code for made_up in "ab"]
    assert asked == [401, 429]
