"""Making a share key, as the console sees it: its own token, its own deployment, and no secret on the way."""

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Role, ShareKeyRequest
from tenants import charter_drafts
from tenants.charter_drafts import Duty
from tenants.models import LogEntry
from tests.cast.people import DINA, EMIL, make_id, named
from tests.console.desk_backend.desk import fetch, go, post, share_key, ticket_of
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def dina(world, client):
    sign_in(client, world.person(DINA))
    return world.person(DINA)


def token_of(person):
    return person.tokens.get()


def path(person) -> str:
    return f"/desk/share-key/{token_of(person).pk}"


def test_a_share_key_is_kept_with_its_token_and_logged(client, dina):
    assert go(client, path(dina), DINA.key).status_code == 302
    assert token_of(dina).share_key_document.stated.person == dina.named()
    entry = LogEntry.objects.get(event="token.share-key-made")
    assert bytes(entry.document) == token_of(dina).share_key_document.stated.raw


def test_the_desk_is_told_which_token_and_asks_for_no_other(client, dina):
    ticket = ticket_of(client.post(path(dina)))
    asked = fetch(client, ticket)
    assert asked["credentials"] == [DINA.key.credential_id]
    assert asked["purpose"] == "quorate/share-key/v1"


def test_making_it_again_changes_nothing(client, dina):
    go(client, path(dina), DINA.key)
    first = token_of(dina).share_key
    go(client, path(dina), DINA.key)
    assert token_of(dina).share_key == first


def answer(client, dina, made: dict):
    ticket = ticket_of(client.post(path(dina)))
    fetch(client, ticket)
    answered = post(client, "answer", {"ticket": ticket, **made})
    assert answered.status_code == 200, answered.content
    return client.get("/desk/return", {"code": answered.json()["code"]})


def request_of(client, dina) -> ShareKeyRequest:
    return ShareKeyRequest.from_bytes(
        canonical.b64u_decode(fetch(client, ticket_of(client.post(path(dina))))["document"])
    )


WRONG = {
    "of another deployment": lambda asked: share_key(DINA.key, asked, deployment=make_id("other")),
    "of production": lambda asked: share_key(DINA.key, asked, demo=False),
    "in the name of another person": lambda asked: share_key(DINA.key, asked, person=named("Emil")),
    "by somebody else's token": lambda asked: share_key(EMIL.key, asked),
    "certified by another signature": lambda asked: (
        share_key(DINA.key, asked) | {"assertion": share_key(DINA.key, asked, at=1)["assertion"]}
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_share_key_that_is_not_this_person_s_is_not_kept(client, dina, case):
    made = WRONG[case](request_of(client, dina))
    assert answer(client, dina, made).status_code in {403, 422}
    assert token_of(dina).share_key is None


@pytest.mark.parametrize("leak", [{"prf": {"results": {}}}, {"clientExtensionResults": {"prf": 1}}])
def test_what_a_token_computes_is_refused_with_an_alarm_wherever_it_stands(client, dina, leak):
    made = share_key(DINA.key, request_of(client, dina))
    ticket = ticket_of(client.post(path(dina)))
    fetch(client, ticket)
    response = post(client, "answer", {"ticket": ticket, **made, "assertion": made["assertion"] | leak})
    assert response.status_code == 400
    alarm = LogEntry.objects.get(event="desk.secret-leaked")
    assert (alarm.severity, alarm.subject, alarm.customer) == ("alarm", dina.pk, dina.organisation_id)
    assert token_of(dina).share_key is None


def test_a_charter_admits_the_share_keys_of_custodians_alone(client, world, dina):
    go(client, path(dina), DINA.key)
    duties = [
        Duty(world.person(DINA), frozenset({Role.CUSTODIAN, Role.KEY_MANAGER})),
        Duty(world.person(EMIL), frozenset({Role.KEY_MANAGER})),
    ]
    stated = [charter_drafts._person(duty, charter_drafts.DEFAULT_TERMS) for duty in duties]
    assert [bool(token.share_key) for person in stated for token in person.tokens] == [True, False]
    manager = Duty(world.person(DINA), frozenset({Role.KEY_MANAGER}))
    without = charter_drafts._person(manager, charter_drafts.DEFAULT_TERMS)
    assert without.tokens[0].share_key is None
