"""Where people find themselves after a wrong turn: told what happened, and how to get back."""

import pytest
from django.test import Client

from tenants.models import State
from tests.cast.people import ADA, CLEO, EMIL
from tests.console.desk_backend.desk import go
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db

HERE = "http://127.0.0.1:8000"


@pytest.fixture
def proposal(world):
    return world.propose_service(world.node())


def test_a_form_sent_after_the_session_ended_leads_back_to_the_form(client):
    form = "/propose/service.start/v1?again=1"
    answer = client.post("/propose/service.start/v1", headers={"Referer": HERE + form})
    assert answer["Location"] == "/sign-in?next=%2Fpropose%2Fservice.start%2Fv1%3Fagain%3D1"


@pytest.mark.parametrize("referer", ["", "https://evil.example/x", f"{HERE}//evil.example", "nonsense"])
def test_another_page_is_not_gone_back_to(client, referer):
    answer = client.post("/propose/service.start/v1", headers={"Referer": referer})
    assert answer["Location"] == "/sign-in?next=%2F"


def test_who_is_signed_in_does_not_sign_in_again(client, world):
    sign_in(client, world.person(CLEO))
    assert client.get("/sign-in?next=/zones")["Location"] == "/zones"


def test_pages_of_people_are_not_kept_by_the_browser(client, world):
    assert client.get("/sign-in").headers["Cache-Control"] != "no-store"
    sign_in(client, world.person(CLEO))
    assert client.get("/").headers["Cache-Control"] == "no-store"


def test_a_form_that_another_person_left_open_is_not_sent_as_this_one_s(world):
    client = Client(enforce_csrf_checks=True)
    sign_in(client, world.person(CLEO))
    client.get("/propose/service.start/v1")
    left = {"csrfmiddlewaretoken": client.cookies["quorate-csrf"].value}
    go(client, "/desk/sign-in", ADA.key, left)
    assert client.post("/propose/service.start/v1", left).status_code == 403


def test_who_signed_already_is_told_so(client, world, proposal):
    world.approve(proposal, ADA)
    sign_in(client, world.person(ADA))
    answer = client.post(
        f"/desk/approve/{proposal.pk}", headers={"Referer": f"{HERE}/proposals/{proposal.pk}"}
    )
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "You have signed this already." in text
    assert f'href="/proposals/{proposal.pk}"' in text
    assert "your charter" not in text


def test_after_a_wrong_token_the_way_back_is_to_the_proposal(client, world, proposal):
    sign_in(client, world.person(ADA))
    answer = go(client, f"/desk/approve/{proposal.pk}", EMIL.key, {"next": f"/proposals/{proposal.pk}"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "it is Ada who is signed in" in text
    assert f'href="/proposals/{proposal.pk}"' in text
    proposal.refresh_from_db()
    assert (proposal.state, proposal.approvals.count()) == (State.PROPOSED, 0)


def test_another_name_of_the_machine_says_which_is_the_right_one(client):
    answer = client.get("/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    assert f'href="{HERE}/"' in answer.content.decode()


def test_an_address_for_forms_alone_says_so(client, world):
    sign_in(client, world.person(CLEO))
    answer = client.get("/log/verify")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "takes forms" in answer.content.decode()
