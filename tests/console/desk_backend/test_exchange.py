"""Between console and desk: a ticket works once, and only in the browser it was made in."""

from datetime import timedelta

import pytest
from django.test import Client

from console import leaks
from tenants import clock
from tenants.models import Approval, DeskTicket, LogEntry
from tests.cast.people import ADA, BEN
from tests.console.desk_backend.desk import ORIGIN, answer_for, fetch, go, post, ticket_of
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposal(world, node, once):
    return once(lambda: world.propose_service(node), node)


@pytest.fixture
def ada(client, world):
    return sign_in(client, world.person(ADA))


@pytest.fixture
def ticket(ada, proposal):
    """Ada's ticket to approve."""
    return ticket_of(ada.post(f"/desk/approve/{proposal.id}"))


def approvals():
    """How many approvals there are, but for those of the node's enrolment."""
    return Approval.objects.exclude(proposal__operation="node.enrol/v1").count()


def test_an_approval_goes_out_and_comes_back(ada, proposal):
    returned = go(ada, f"/desk/approve/{proposal.id}", ADA.key, {"next": f"/proposals/{proposal.id}"})
    assert (returned.status_code, returned["Location"]) == (302, f"/proposals/{proposal.id}")
    assert Approval.objects.get(proposal=proposal).person_id == ADA.id


@pytest.mark.parametrize("errand", ["reject", "cancel"])
def test_stopping_needs_a_statement_and_works(ada, proposal, errand):
    go(ada, f"/desk/{errand}/{proposal.id}", ADA.key)
    proposal.refresh_from_db()
    assert proposal.state == {"reject": "rejected", "cancel": "cancelled"}[errand]


def test_the_desk_gets_the_exact_bytes(ada, ticket, proposal):
    from hsmnodes.node.protocol import canonical

    asked = fetch(ada, ticket)
    assert set(asked) == {"purpose", "document", "attached", "credentials", "person", "ceremony"}
    assert canonical.b64u_decode(asked["document"]) == bytes(proposal.raw)
    assert asked["credentials"] == [ADA.key.credential_id]
    assert len(asked["attached"]) == 2  # those that decide; one is the founding charter it names, too


def test_a_ticket_is_fetched_once(ada, ticket):
    fetch(ada, ticket)
    again = post(ada, "ticket", {"ticket": ticket})
    assert (again.status_code, again.json()["code"]) == (409, "ticket-used")


def test_a_ticket_is_answered_once(ada, ticket):
    content = answer_for(fetch(ada, ticket), ticket, ADA.key)
    assert post(ada, "answer", content).status_code == 200
    assert post(ada, "answer", content).json()["code"] == "ticket-used"


def test_a_ticket_that_was_not_fetched_is_not_answered(ada, ticket):
    content = {
        "ticket": ticket,
        "assertion": dict.fromkeys(("credential_id", "authenticator_data", "client_data", "signature"), ""),
    }
    assert post(ada, "answer", content).status_code == 409


def test_a_ticket_that_nobody_made_is_unknown(ada):
    response = post(ada, "ticket", {"ticket": "A" * 43})
    assert (response.status_code, response.json()["code"]) == (404, "ticket-unknown")


def test_an_old_ticket_is_refused(ada, ticket, monkeypatch):
    moment = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: moment)
    response = post(ada, "ticket", {"ticket": ticket})
    assert (response.status_code, response.json()["code"]) == (410, "ticket-expired")


def code_for(ada, ticket):
    return post(ada, "answer", answer_for(fetch(ada, ticket), ticket, ADA.key)).json()["code"]


def test_in_another_browser_nothing_happens_and_the_ticket_is_forgotten(ada, ticket, world):
    code = code_for(ada, ticket)
    other = sign_in(Client(), world.person(ADA))

    assert other.get("/desk/return", {"code": code}).status_code == 403
    assert ada.get("/desk/return", {"code": code}).status_code == 404
    assert approvals() == 0
    assert not DeskTicket.objects.exists()


def test_a_code_works_once(ada, ticket):
    code = code_for(ada, ticket)
    assert ada.get("/desk/return", {"code": code}).status_code == 302
    assert ada.get("/desk/return", {"code": code}).status_code == 409
    assert approvals() == 1


def test_a_code_works_for_a_minute(ada, ticket, monkeypatch):
    code = code_for(ada, ticket)
    moment = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert ada.get("/desk/return", {"code": code}).status_code == 409
    assert approvals() == 0


def test_who_signed_out_meanwhile_does_not_sign(ada, ticket):
    code = code_for(ada, ticket)
    ada.cookies.pop("quorate")
    assert ada.get("/desk/return", {"code": code}).status_code == 403
    assert approvals() == 0


def test_somebody_elses_token_signs_nothing(ada, proposal):
    returned = go(ada, f"/desk/approve/{proposal.id}", BEN.key)
    assert returned.status_code == 422
    assert approvals() == 0


def test_leaving_without_signing_leads_back_to_the_page(ada, proposal):
    ada.post(f"/desk/approve/{proposal.id}", {"next": "/proposals/here"})
    assert ada.get("/desk/return")["Location"] == "/proposals/here"


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "x"])
def test_the_way_back_never_leads_elsewhere(ada, proposal, path):
    ada.post(f"/desk/approve/{proposal.id}", {"next": path})
    assert ada.get("/desk/return")["Location"] == "/"


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:8000", "null", "http://localhost:8002"])
def test_only_the_desks_origin_is_answered(ada, ticket, origin):
    response = post(ada, "ticket", {"ticket": ticket}, origin=origin)
    assert (response.status_code, response.json()["code"]) == (403, "other-origin")


def test_the_preflight_names_the_desk_alone_and_no_credentials(client):
    response = client.options("/desk/answer", headers={"Origin": ORIGIN})
    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert response["Access-Control-Allow-Methods"] == "POST"
    assert response["Access-Control-Allow-Headers"] == "content-type"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{",
        b"\xff",
        '{"ticket": 1}',
        '{"ticket": "short"}',
        {"more": 1},
        '{"ticket": "' + "A" * 43 + '", "ticket": "' + "A" * 43 + '"}',
        "[" * 100_000,
    ],
)
def test_anything_but_the_exact_json_is_malformed(ada, content):
    response = post(ada, "ticket", content)
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


def test_an_answer_with_more_in_it_is_malformed(ada, ticket):
    content = answer_for(fetch(ada, ticket), ticket, ADA.key)
    assert post(ada, "answer", content | {"comment": "hello"}).status_code == 400


@pytest.mark.parametrize("member", ["clientExtensionResults", "prf"])
def test_a_secret_of_the_token_is_refused_and_raises_an_alarm(ada, ticket, member):
    content = answer_for(fetch(ada, ticket), ticket, ADA.key)
    content["assertion"][member] = {"results": {"first": "secret-value"}}

    assert post(ada, "answer", content).status_code == 400

    entry = LogEntry.objects.get(event="desk.secret-leaked")
    assert entry.severity == "alarm"
    assert b"secret-value" not in bytes(entry.raw) + bytes(entry.document)


def test_who_has_no_ticket_raises_no_alarm(client):
    assert post(client, "answer", {"ticket": "A" * 43, "prf": 1}).status_code == 404
    assert post(client, "answer", [{"prf": 1}]).status_code == 400
    assert not LogEntry.objects.filter(event="desk.secret-leaked").exists()


def test_a_flood_of_leaks_does_not_fill_the_log(ada, ticket):
    leaking = answer_for(fetch(ada, ticket), ticket, ADA.key) | {"prf": 1}
    for _ in range(2 * leaks.ALARMS_A_MINUTE):
        assert post(ada, "answer", leaking).status_code == 400
    assert LogEntry.objects.filter(event="desk.secret-leaked").count() == leaks.ALARMS_A_MINUTE


def test_depth_neither_hides_a_leak_nor_multiplies_the_work():
    """Every level above a member was gone through for each member: seconds for a megabyte, then an error."""
    content = {"prf": 1}
    for _ in range(5_000):
        content = [content]
    assert list(leaks.member_names(content)) == ["prf"]


def test_a_form_of_another_site_begins_nothing(world, proposal):
    strict = sign_in(Client(enforce_csrf_checks=True), world.person(ADA))
    response = strict.post(f"/desk/approve/{proposal.id}", headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    assert not DeskTicket.objects.exists()


def test_a_stranger_finds_nothing_to_sign(client, world, proposal):
    from tests.cast.people import IVO

    ivo = sign_in(client, world.person(IVO))
    assert ivo.post(f"/desk/approve/{proposal.id}").status_code == 404
    assert not DeskTicket.objects.exists()


def test_who_is_not_asked_does_not_get_a_ticket(client, world, proposal):
    from tests.cast.people import JON

    jon = sign_in(client, world.person(JON))
    assert jon.post(f"/desk/approve/{proposal.id}").status_code == 403
