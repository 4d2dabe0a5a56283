"""HTTP Message Signatures of programs (RFC 9421): what holds, and each way in which one does not."""

import json
import secrets
import time

import pytest
from django.test import Client

from tenants import programs
from tenants.models import Organisation, Person, Program, Token
from tests.console.api.signing import WRITE, ProgramKey
from tests.world.signing_in import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]

ME = "/api/v1/me"
DRAFTS = "/api/v1/proposals"


@pytest.fixture
def office(db):
    """An organisation with one person: signatures need no more of a world."""
    organisation = Organisation.objects.create(kind="provider", name="Northgate")
    return Person.objects.create(organisation=organisation, name="Jon")


@pytest.fixture
def make_program(office):
    """Registers a program of the organisation."""

    def making(name):
        key = ProgramKey()
        registered = programs.register_program(name=name, public_key=key.public_key, by=office)
        key.id = registered.id
        return key

    return making


@pytest.fixture
def program(make_program):
    return make_program("Rotation")


def refused(response):
    """The detail of the refusal of an unknown caller."""
    assert response.status_code == 401, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"] == "Signature"
    assert response.json()["code"] == "bad-signature"
    return response.json()["detail"]


def ask(headers, path=ME):
    return Client().get(path, headers=headers)


def test_a_signed_request_is_the_programs(program):
    answer = program.get(ME)
    assert answer.status_code == 200
    assert answer.json()["kind"] == "program"
    assert answer.json()["id"] == program.id


def test_authority_path_and_query_do_for_the_target(program):
    path = DRAFTS + "?state=open&size=3"
    headers = program.headers("GET", path, covered=("@method", "@authority", "@path", "@query"))
    assert ask(headers, path).status_code == 200


def test_its_use_is_noted(program):
    program.get(ME)
    assert Program.objects.get(pk=program.id).last_seen_at is not None


@pytest.mark.parametrize(
    "covered",
    [
        ("@target-uri",),
        ("@method",),
        ("@method", "@authority", "@path"),
        ("@method", "@authority", "@query"),
        ("@method", "@path", "@query"),
        ("@method", "@request-target"),
    ],
    ids=" ".join,
)
def test_a_signature_that_leaves_out_where_it_goes_is_refused(program, covered):
    refused(ask(program.headers("GET", ME, covered=covered)))


def test_a_content_without_a_signed_digest_is_refused(program):
    body = b"{}"
    headers = program.headers("POST", DRAFTS, body, covered=("@method", "@target-uri"))
    answer = Client().post(DRAFTS, body, content_type="application/json", headers=headers)
    assert "Content-Digest" in refused(answer)


def test_another_content_is_refused(program):
    headers = program.headers("POST", DRAFTS, b'{"reason": "one"}')
    answer = Client().post(DRAFTS, b'{"reason": "two"}', content_type="application/json", headers=headers)
    refused(answer)


def test_a_content_that_was_added_is_refused(program):
    headers = program.headers("POST", DRAFTS)
    refused(Client().post(DRAFTS, b"{}", content_type="application/json", headers=headers))


def test_another_content_type_than_the_signed_one_is_refused(program):
    headers = program.headers("POST", DRAFTS, b"{}", covered=WRITE)
    del headers["Content-Type"]
    refused(Client().post(DRAFTS, b"{}", content_type="text/plain", headers=headers))


@pytest.mark.parametrize("path", ["/api/v1/me?a=b", "/api/v1/people"])
def test_a_signature_for_another_address_is_refused(program, path):
    refused(ask(program.headers("GET", ME), path))


def test_a_signature_for_another_method_is_refused(program):
    refused(Client().post(DRAFTS, headers=program.headers("GET", DRAFTS)))


def test_a_signature_for_another_console_is_refused(program):
    refused(ask(program.headers("GET", ME, origin="https://other.example")))


@pytest.mark.parametrize("age", [70, 3600, -30], ids=["old", "very old", "of the future"])
def test_a_signature_is_good_for_a_minute(program, age):
    refused(ask(program.headers("GET", ME, created=time.time() - age)))


def test_a_signature_without_a_date_is_refused(program):
    headers = program.headers("GET", ME)
    headers["Signature-Input"] = headers["Signature-Input"].replace(";created=", ";expires=99")
    refused(ask(headers))


def test_a_request_is_made_once(program):
    headers = program.headers("GET", ME)
    assert ask(headers).status_code == 200
    assert "before" in refused(ask(headers))


def test_a_nonce_is_used_once_whatever_else_is_new(program):
    nonce = secrets.token_urlsafe(16)
    assert program.get(ME, nonce=nonce).status_code == 200
    refused(program.get("/api/v1/people", nonce=nonce))


def test_two_programs_may_hit_on_the_same_nonce(program, make_program):
    nonce = secrets.token_urlsafe(16)
    assert program.get(ME, nonce=nonce).status_code == 200
    assert make_program("Other").get(ME, nonce=nonce).status_code == 200


@pytest.mark.parametrize("nonce", [None, "short", "x" * 65], ids=["none", "too short", "too long"])
def test_a_signature_needs_a_proper_nonce(program, nonce):
    assert "nonce" in refused(program.get(ME, nonce=nonce))


def test_a_signature_has_the_label_of_this_api(program):
    assert "labelled" in refused(program.get(ME, label="sig1"))


def test_there_is_one_signature_only(program):
    first, second = program.headers("GET", ME), program.headers("GET", ME, label="other")
    both = {name: f"{first[name]}, {second[name]}" for name in first}
    refused(ask(both))


def test_one_label_does_not_stand_twice(program):
    first, second = program.headers("GET", ME), program.headers("GET", ME)
    refused(ask({name: f"{first[name]}, {second[name]}" for name in first}))


@pytest.mark.parametrize("missing", ["Signature", "Signature-Input"])
def test_half_a_signature_is_refused(program, missing):
    headers = program.headers("GET", ME)
    del headers[missing]
    refused(ask(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Signature": "", "Signature-Input": ""},
        {"Signature": "quorate=:AAAA:", "Signature-Input": "quorate=()"},
        {"Signature": "quorate=1", "Signature-Input": "quorate=1"},
        {"Signature": "quorate=:!:", "Signature-Input": 'quorate=("@method");created=x'},
        {"Signature": "quorate=:AAAA:", "Signature-Input": 'quorate=("@method" 7);created=1;keyid=5'},
        {"Signature": "quorate=:AAAA:", "Signature-Input": 'quorate=("@status");created=1;keyid="5"'},
        {"Signature": "\u00e9", "Signature-Input": "\u00e9"},
    ],
)
def test_what_is_no_signature_at_all_is_refused(db, headers):
    refused(Client().get(ME, headers=headers))


def test_a_changed_parameter_breaks_the_signature(program):
    headers = program.headers("GET", ME)
    headers["Signature-Input"] += ';tag="x"'
    refused(ask(headers))


def test_an_unknown_program_is_refused(program):
    assert "no such program" in refused(ProgramKey(id="0" * 32).get(ME))


def test_another_key_than_the_programs_is_refused(program):
    refused(ProgramKey(id=program.id).get(ME))


def test_a_program_is_refused_from_the_moment_it_is_revoked(office, program):
    assert program.get(ME).status_code == 200
    programs.revoke_program(program=Program.objects.get(pk=program.id), by=office)
    assert "no such program" in refused(program.get(ME))


def test_a_bad_signature_is_not_overlooked_because_somebody_is_signed_in(office, program):
    Token.objects.create(person=office, attestation_trusted=False, backup_eligible=False, algorithm=-7)
    client = sign_in(Client(), office)
    refused(client.get(ME, headers=program.headers("GET", "/api/v1/people")))


def test_a_refused_request_uses_up_no_nonce_of_anybody(program):
    nonce = secrets.token_urlsafe(16)
    stranger = ProgramKey(id=program.id)
    refused(stranger.get(ME, nonce=nonce))
    assert program.get(ME, nonce=nonce).status_code == 200


def test_drafting_needs_the_same_care(program):
    body = json.dumps({"operation": "nothing/v1"}).encode()
    headers = program.headers("POST", DRAFTS, body)
    first = Client().post(DRAFTS, body, content_type="application/json", headers=headers)
    again = Client().post(DRAFTS, body, content_type="application/json", headers=headers)
    assert first.status_code == 400
    assert "before" in refused(again)
