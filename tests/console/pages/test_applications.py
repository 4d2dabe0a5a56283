"""Admitting and removing applications in the console: what the request says is checked, and nothing typed."""

import json

import pytest

from hsmnodes.models import Application as ApplicationRow
from hsmnodes.node.endpoint.kit import tool
from tenants.models import Proposal
from tests.cast.applications import Application
from tests.cast.people import DINA, EMIL, FAY, IVO
from tests.world.applications import admit

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(world, node, once):
    def make():
        zone = world.ready_zone(node)
        world.key(zone, node)
        return zone

    return once(make, node)


def request_of(application, **changes) -> str:
    head = {"type": "quorate/application-request/v1", "name": application.named.name}
    return json.dumps({**head, **application.request, **changes})


def form(zone, text, **changes):
    key = zone.hsm_keys.get()
    return {
        "zone": zone.pk,
        "application": "webshop",
        "request": text,
        "keys": [f"{key.pk} sign"],
        "on_node": zone.zone_slots.get().node_id,
        "reason": "The shop opens on Monday.",
        "lifetime": "259200",
    } | changes


def propose(client, zone, text, **changes):
    return client.post("/propose/application.admit/v1", form(zone, text, **changes))


def test_the_request_becomes_the_parameters(as_, zone):
    webshop = Application.make()
    response = propose(as_(DINA), zone, request_of(webshop))
    assert response.status_code == 302, response.content.decode()
    parameters = Proposal.objects.get(operation="application.admit/v1").document.parameters
    key = zone.hsm_keys.get()
    assert parameters["keys"] == [{"id": key.pk, "label": key.label, "usages": ["sign"]}]
    assert {name: parameters[name] for name in webshop.request} == webshop.request


def test_an_application_that_nobody_names_is_called_as_its_request_says(as_, zone):
    propose(as_(DINA), zone, request_of(Application.make(), name="till-7"), application="")
    named = Proposal.objects.get(operation="application.admit/v1").document.parameters["application"]
    assert named["name"] == "till-7"


@pytest.mark.parametrize("name", ["", 7, ["till"], {"name": "till"}, None, "a  b", "\u202etill", "x" * 500])
def test_a_name_that_no_application_can_have_is_not_taken_from_a_request(as_, zone, name):
    response = propose(as_(DINA), zone, request_of(Application.make(), name=name), application="")
    assert response.status_code == 422
    assert response.context["form"].errors["application"]
    assert not Proposal.objects.filter(operation="application.admit/v1").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "quorate/other/v1"},
        {"public_key": "ab" * 32},
        {"valid_until": 1_900_000_000},
        {"certificate": "AAAA"},
        {"private_key": "AAAA"},
    ],
)
def test_a_request_that_is_none_or_contradicts_itself_is_not_drafted(as_, zone, changes):
    response = propose(as_(DINA), zone, request_of(Application.make(), **changes))
    assert response.status_code == 422
    assert not Proposal.objects.filter(operation="application.admit/v1").exists()


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "null", '{"type": 1}'])
def test_other_text_is_not_drafted(as_, zone, text):
    assert propose(as_(DINA), zone, text).status_code == 422


def test_a_usage_that_a_key_has_not_cannot_be_ticked(as_, zone):
    key = zone.hsm_keys.get()
    response = propose(as_(DINA), zone, request_of(Application.make()), keys=[f"{key.pk} decrypt"])
    assert response.status_code == 422


def test_an_admitted_application_has_a_page_with_its_kit(as_, zone, world, node):
    admit(world, zone, node)
    row = ApplicationRow.objects.get()
    page = as_(EMIL).get(f"/applications/{row.pk}").content.decode()
    for name in ("kit", "pin"):
        assert f"{row.pk}.{name}" in page
    assert row.name in as_(EMIL).get(f"/zones/{zone.pk}").content.decode()
    [kit, _pin] = row.downloads
    got = as_(EMIL).get(f"/receipts/{kit.receipt_id}/{kit.name}")
    assert got.content == b"a kit"
    assert as_(IVO).get(f"/applications/{row.pk}").status_code == 404


def test_a_removed_application_says_so_and_is_listed_no_more(as_, zone, world, node):
    admit(world, zone, node)
    row = ApplicationRow.objects.get()
    parameters = {"zone": zone.named().model_dump(), "application": {"id": row.pk, "name": row.name}}
    proposal = world.propose("application.remove/v1", parameters, by=DINA, nodes=[node])
    proposal = world.approve(proposal, EMIL, FAY)
    node.answer(proposal, results={"application": parameters["application"]})
    row.refresh_from_db()
    assert row.removed_by_id == proposal.pk
    page = as_(EMIL).get(f"/applications/{row.pk}").content.decode()
    assert "Removed" in page
    assert f"{row.pk}.kit" not in page
    assert f"/applications/{row.pk}" not in as_(EMIL).get(f"/zones/{zone.pk}").content.decode()


def test_the_program_for_an_application_s_host_is_the_tool(as_, zone):
    assert as_(DINA).get("/applications/quorate-connect").content == tool()
