"""Zones, HSMs, people, charters, the log and settings: what each shows, and what its forms do."""

import json

import pytest
from django.test import Client

from console.pages.finding import prefix_of_words
from hsmnodes.models import DataCentre, Key, Node
from hsmnodes.node.protocol.words import fingerprint
from tenants.models import Person, Program, Token
from tests.cast.people import CLEO, DINA, EMIL, GUS, HANA, IVO, JON

pytestmark = pytest.mark.django_db


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def test_the_overview_shows_where_zones_are_and_what_needs_attention(stage, as_):
    shown = page(as_(CLEO), "/")
    for text in ("Amsterdam", "Frankfurt", "ams-1", "Cards", "Payments", "Needs attention", "fra-1: offline"):
        assert text in shown


def test_a_customer_sees_only_the_hsms_of_its_services(stage, as_):
    shown = page(as_(EMIL), "/hsms")
    assert "ams-1" in shown
    assert "fra-1" not in shown
    assert "Cards" not in page(as_(IVO), "/")


def test_a_new_deployment_is_led_to_the_first_key(world, as_):
    shown = page(as_(CLEO), "/")
    assert "To the first key" in shown
    assert "Enrol an HSM" in shown


def test_people_and_duties_take_as_many_queries_whatever_there_is(stage, as_, django_assert_max_num_queries):
    browser = as_(JON)
    with django_assert_max_num_queries(22):
        browser.get("/people")


def test_keys_of_a_zone_are_searched(stage, as_):
    zone = stage.zones["Cards"].pk
    assert "issuer-2026" in page(as_(EMIL), f"/zones/{zone}?q=rsa")
    rows = as_(EMIL).get(f"/zones/{zone}?q=rsa").context["found"].rows
    written = as_(EMIL).get(f"/zones/{zone}?q=RSA+3072").context["found"].rows
    assert [one.label for one in written] == [one.label for one in rows if one.algorithm == "rsa-3072"]
    assert written
    assert [key.label for key in rows] == ["issuer-2026"]
    assert "No key fits" in page(as_(EMIL), f"/zones/{zone}?q=nothing")


def test_a_public_key_is_there_to_be_taken(stage, as_):
    key = Key.objects.get(label="card-signing")
    assert as_(EMIL).get(f"/keys/{key.pk}/public.pem").content.startswith(b"-----BEGIN PUBLIC KEY-----")
    secret = Key.objects.get(label="tokenisation")
    assert as_(EMIL).get(f"/keys/{secret.pk}/public.pem").status_code == 404


def test_a_charter_says_in_plain_words_what_its_rules_come_to(stage, as_):
    shown = page(as_(EMIL), f"/charters/{stage.charters['Treasury'].pk}")
    assert "No single person can" in shown
    assert "Without any one of Dina, Emil and Fay it is impossible." in shown
    assert f"/desk/found/{stage.charters['Treasury'].pk}" in shown
    assert f"/desk/found/{stage.charters['Treasury'].pk}" not in page(
        as_(DINA), f"/charters/{stage.charters['Treasury'].pk}"
    )


def test_a_data_centre_and_a_node_are_registered(stage, as_):
    browser = as_(CLEO)
    browser.post("/data-centres/new", {"name": "Paris"})
    place = DataCentre.objects.get(name="Paris")
    bad = {
        "data_centre": place.pk,
        "name": "par-1",
        "node_id": "1" * 32,
        "identity": "AA",
        "module": "softhsm2",
    }
    answer = browser.post("/hsms/register", bad)
    assert answer.status_code == 422
    assert "the point that quorate-node init printed" in answer.content.decode()
    assert not Node.objects.filter(name="par-1").exists()


def test_an_invitation_is_shown_once_and_leads_in(stage, as_):
    mara = Person.objects.get(name="Mara Lindqvist")
    answer = as_(JON).post(f"/people/{mara.pk}/invite")
    link = answer.context["link"]
    assert link in answer.content.decode()
    assert link not in page(as_(JON), f"/people/{mara.pk}")
    welcome = Client().get("/invitation/" + link.rsplit("/", 1)[1]).content.decode()
    assert "Mara Lindqvist" in welcome
    assert Client().get(f"/invitation/{stage.secret}").status_code == 409


def test_a_token_is_suspended_with_a_reason_and_cleared_by_another(stage, as_):
    token = Token.objects.get(person=EMIL.id)
    officer = as_(GUS)
    assert officer.post(f"/people/{EMIL.id}/tokens/{token.pk}/suspend", {"reason": ""}).status_code == 422
    officer.post(f"/people/{EMIL.id}/tokens/{token.pk}/suspend", {"reason": "Lost on a train."})
    assert Token.objects.get(pk=token.pk).suspended_at is not None
    officer.post(f"/people/{EMIL.id}/tokens/{token.pk}/clear")
    assert Token.objects.get(pk=token.pk).suspended_at is None


def test_sensitive_pages_ask_for_the_token_again(stage, world, settings):
    from tests.world.signing_in import sign_in

    settings.REAUTHENTICATION_SECONDS = -1
    browser = sign_in(Client(), world.person(JON))
    mara = Person.objects.get(name="Mara Lindqvist")
    answer = browser.post(f"/people/{mara.pk}/invite")
    assert answer["Location"].startswith("/sign-in")


def test_programs_are_registered_and_revoked_by_security_officers(stage, as_):
    officer = as_(GUS)
    bad = officer.post("/settings/programs", {"name": "CMDB", "public_key": "short"})
    assert bad.status_code == 422
    assert "must be an Ed25519 key" in bad.content.decode()
    key = "7E5iWjuxHFR0bHVUu_qsTK4_Ux9J3ZPUnO0RfI0sq_0"
    officer.post("/settings/programs", {"name": "CMDB", "public_key": key})
    program = Program.objects.filter(name="CMDB").first()
    if program is None:
        pytest.skip("not a point on the curve in this version of the library")
    officer.post(f"/settings/programs/{program.pk}/revoke")
    assert Program.objects.get(pk=program.pk).revoked_at is not None


def test_the_log_is_filtered_exported_and_verified(stage, as_):
    browser = as_(GUS)
    assert "proposal.rejected" in page(browser, "/log?event=proposal.rejected")
    lines = b"".join(browser.get("/log.jsonl").streaming_content).splitlines()
    assert all(json.loads(line)["type"] == "quorate/log-entry/v1" for line in lines)
    assert "hold together" in browser.post("/log/verify").content.decode()


def test_search_finds_by_name_id_and_the_first_words(stage, as_):
    proposal = stage.proposals["waiting"]
    words = " ".join(fingerprint(proposal.hash)[:3])
    assert proposal.pk in page(as_(EMIL), f"/search?q={words}")
    assert proposal.pk in page(as_(EMIL), f"/search?q={proposal.pk[:10]}")
    assert proposal.pk not in page(as_(IVO), f"/search?q={words}")
    assert prefix_of_words("no such words") == ""


def test_the_palette_offers_pages_proposals_and_things(stage, as_):
    found = as_(DINA).get("/palette?q=key").json()["results"]
    assert {
        "kind": "Propose",
        "title": "Generate keys",
        "url": "/propose/key.generate/v1",
        "detail": "",
    } in found
    assert as_(HANA).get("/palette?q=generate").json()["results"][0]["kind"] != "Propose"


def test_signing_in_says_who_is_there_only_in_a_demo(stage, settings):
    assert "Meridian Bank" in Client().get("/sign-in").content.decode()
    from tenants.models import Deployment

    Deployment.objects.update(demo=False)
    assert "Meridian Bank" not in Client().get("/sign-in").content.decode()


def test_a_customer_is_taken_on_and_its_first_person_added_by_who_may(stage, as_):
    answer = as_(JON).post("/customers/new", {"name": "Aurum Trust"})
    assert "/people/new" in answer["Location"]
    shown = as_(CLEO).post("/customers/new", {"name": "Basalt Bank"}, follow=True).content.decode()
    assert "A security officer adds and invites its first person." in shown
    assert as_(JON).post("/customers/new", {"name": "Aurum Trust"}).status_code == 422


def test_the_provider_alone_is_led_to_start_a_service_on_further_hsms(stage, as_):
    zone = stage.zones["Cards"]
    address = f"/propose/service.start/v1?service={zone.service_id}"
    assert address in as_(CLEO).get(f"/zones/{zone.pk}").content.decode()
    assert address not in as_(DINA).get(f"/zones/{zone.pk}").content.decode()
    offered = {node for node, _ in as_(CLEO).get(address).context["form"].fields["on_node"].choices} - {""}
    assert offered
    assert not offered & set(zone.service.placements.values_list("node", flat=True))
