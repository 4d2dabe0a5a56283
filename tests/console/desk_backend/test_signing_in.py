"""Signing in and enrolling: by token alone, once, for the right person."""

from datetime import timedelta

import pytest
from django.test import Client

from tenants import clock, people
from tenants.models import Invitation, Person, Token
from tests.cast.people import ADA, JON
from tests.cast.tokens import SoftwareToken
from tests.console.desk_backend.desk import answer_for, fetch, go, post, registration, ticket_of
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db


def signed_in(client):
    """The id of the person signed in, or None."""
    return client.session.get("person") if client.get("/desk/return").wsgi_request.person else None


def test_a_token_signs_its_person_in(world, client):
    returned = go(client, "/desk/sign-in", ADA.key, {"next": "/proposals"})
    assert returned["Location"] == "/proposals"
    assert signed_in(client) == ADA.id


def test_a_session_ends_with_the_suspension_of_the_token_that_began_it(world, client):
    """Whoever has a lost token signed in with it before it was missed, and could enrol another."""
    go(client, "/desk/sign-in", ADA.key)
    Token.objects.filter(person=ADA.id).update(suspended_at=clock.now())
    assert signed_in(client) is None


def test_a_token_nobody_enrolled_signs_nobody_in(world, client):
    assert go(client, "/desk/sign-in", SoftwareToken("stranger")).status_code == 422
    assert signed_in(client) is None


def test_a_sign_in_begins_a_new_session(world, client):
    client.get("/")
    go(client, "/desk/sign-in", ADA.key)
    before = client.session.session_key
    go(client, "/desk/sign-in", ADA.key)
    assert client.session.session_key != before


def test_raising_the_epoch_ends_every_session(world, client):
    ada = world.person(ADA)
    browsers = [sign_in(Client(), ada) for _ in range(2)]
    people.sign_out_everywhere(person=ada, by=world.person(JON))
    assert [signed_in(browser) for browser in browsers] == [None, None]


@pytest.mark.parametrize(
    ("setting", "name"), [("SESSION_SECONDS", "began"), ("SESSION_IDLE_SECONDS", "seen")]
)
def test_sessions_end_by_themselves(world, client, settings, setting, name):
    sign_in(client, world.person(ADA))
    session = client.session
    session[name] -= getattr(settings, setting) + 1
    session.save()
    assert signed_in(client) is None


@pytest.fixture
def new(world):
    """A new administrator, with the secret of the link."""
    person = Person.objects.create(organisation=world.northgate, name="Nora")
    return people.invite_person(person=person, by=world.person(JON))


@pytest.mark.parametrize("algorithm", [-7, -8])
def test_a_link_enrols_a_token_once(client, new, algorithm):
    token = SoftwareToken("nora", algorithm)
    go(client, "/desk/enrol", token, {"invitation": new.secret, "label": "My key"})

    enrolled = Token.objects.get(person=new.invitation.person)
    assert (enrolled.credential_id, enrolled.public_key) == (token.credential_id, token.public_key)
    assert (enrolled.label, enrolled.simulated, enrolled.attestation_format) == ("My key", True, "none")
    again = client.post("/desk/enrol", {"invitation": new.secret, "label": "Another"})
    assert again.status_code == 409


def test_a_link_begun_twice_enrols_once(client, new):
    data = {"invitation": new.secret, "label": "My key"}
    tickets = [ticket_of(client.post("/desk/enrol", data)) for _ in range(2)]
    codes = [
        post(
            client, "answer", answer_for(fetch(client, ticket), ticket, SoftwareToken(f"nora {ticket}"))
        ).json()
        for ticket in tickets
    ]
    answers = [client.get("/desk/return", code).status_code for code in codes]
    assert answers == [302, 409]
    assert Token.objects.filter(person=new.invitation.person).count() == 1


def test_an_old_link_enrols_nothing(client, new, monkeypatch):
    moment = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert client.post("/desk/enrol", {"invitation": new.secret, "label": "Key"}).status_code == 409


def test_a_new_link_replaces_the_old_one(client, world, new):
    people.invite_person(person=new.invitation.person, by=world.person(JON))
    assert client.post("/desk/enrol", {"invitation": new.secret, "label": "Key"}).status_code == 409


def test_only_the_secrets_hash_is_kept(new):
    assert new.secret not in str(Invitation.objects.values().get(pk=new.invitation.pk))


@pytest.mark.parametrize(
    "lie",
    [
        {"flags": 0x41},  # the user was not verified
        {"origin": "http://127.0.0.1:8000"},
        {"crossOrigin": True},
        {"topOrigin": "http://127.0.0.1:8000"},
        {"challenge": "AAAA"},
        {"type": "webauthn.get"},
    ],
    ids=str,
)
def test_a_registration_made_in_another_way_is_refused(client, new, lie):
    ticket = ticket_of(client.post("/desk/enrol", {"invitation": new.secret, "label": "Key"}))
    content = answer_for(fetch(client, ticket), ticket, SoftwareToken("nora"), **lie)
    code = post(client, "answer", content).json()
    assert client.get("/desk/return", code).status_code == 422
    assert not Token.objects.filter(person=new.invitation.person).exists()


def test_a_registration_for_another_person_is_refused(client, new, world):
    ticket = ticket_of(client.post("/desk/enrol", {"invitation": new.secret, "label": "Key"}))
    fetch(client, ticket)
    content = {"ticket": ticket, "registration": registration(SoftwareToken("nora"), b"another enrolment")}
    code = post(client, "answer", content).json()
    assert client.get("/desk/return", code).status_code == 422


def test_a_second_token_needs_a_fresh_sign_in(client, world, settings):
    import time

    sign_in(client, world.person(ADA), at=time.time() - settings.REAUTHENTICATION_SECONDS - 1)
    response = client.post("/desk/enrol", {"label": "Spare"})
    assert response.status_code == 302
    assert "/desk/" not in response["Location"]

    sign_in(client, world.person(ADA))
    go(client, "/desk/enrol", ADA.second_key, {"label": "Spare"})
    assert world.person(ADA).tokens.count() == 2


def test_an_enrolled_token_cannot_be_enrolled_for_somebody_else(client, new):
    assert go(client, "/desk/enrol", ADA.key, {"invitation": new.secret, "label": "Key"}).status_code == 422


def test_a_simulated_token_is_not_enrolled_outside_a_demo(client, new, settings):
    from tenants.models import Deployment

    Deployment.objects.update(demo=False)
    token = SoftwareToken("nora")
    assert go(client, "/desk/enrol", token, {"invitation": new.secret, "label": "Key"}).status_code == 422
