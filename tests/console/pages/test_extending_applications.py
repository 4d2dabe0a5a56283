"""An application where its zone came later: said on the pages, with the form filled in, and put right."""

import json

import pytest

from hsmnodes.models import Application as ApplicationRow
from hsmnodes.models import Node
from hsmnodes.node.protocol import canonical
from tenants.models import Proposal
from tests.cast.applications import Application
from tests.cast.people import DINA, EMIL, FAY
from tests.world.applications import KIT, PIN, SHARED, admit
from tests.world.moving import extended
from tests.world.nodes import attachment

pytestmark = pytest.mark.django_db

SAID = "fra-1 holds this zone and does not serve this application."


@pytest.fixture
def further(world, node):
    return world.node("fra-1")


@pytest.fixture
def zone(world, node, further, once):
    def make():
        zone = world.ready_zone(node)
        world.key(zone, node)
        admit(world, zone, node)
        extended(world, zone, further, node)
        Node.objects.update(serves_applications=True)
        return zone

    return once(make, node, further)


@pytest.fixture
def webshop(zone):
    return ApplicationRow.objects.get()


@pytest.fixture
def extending(as_, world, webshop, zone, node, further):
    """The proposal that extends it, as its form drafts it, signed."""
    response = as_(DINA).post(
        "/propose/application.extend/v1",
        {
            "zone": zone.pk,
            "application": webshop.pk,
            "to": [further.id],
            "reason": "Frankfurt is to serve it, too.",
            "lifetime": "259200",
        },
    )
    assert response.status_code == 302, response.content.decode()
    drafted = Proposal.objects.get(operation="application.extend/v1").document
    assert [one.id for one in drafted.nodes] == [node.id, further.id]
    proposal = world.propose("application.extend/v1", drafted.parameters, by=DINA, nodes=[node, further])
    return world.approve(proposal, EMIL, FAY)


def answer(node, proposal, step, mark=b""):
    parameters = proposal.document.parameters
    application = parameters["application"]
    beside = {"kit": KIT + mark, "pin": PIN + mark} | ({"shared": SHARED} if step == 0 else {})
    results = {
        "application": application,
        "token": application["id"],
        "keys": parameters["keys"],
        "kit_sha256": canonical.sha256_hex(beside["kit"]),
        "pin_sha256": canonical.sha256_hex(beside["pin"]),
    } | ({"shared_pin_sha256": canonical.sha256_hex(SHARED)} if step == 0 else {})
    attachments = [attachment(data, name=f"{application['id']}.{end}") for end, data in beside.items()]
    node.answer(proposal, step=step, results=results, attachments=attachments)


def test_the_pages_say_where_it_is_not_served_and_lead_to_the_form(as_, zone, webshop):
    client = as_(DINA)
    link = f"/propose/application.extend/v1?zone={zone.pk}&amp;application={webshop.pk}"
    for path in (f"/applications/{webshop.pk}", f"/zones/{zone.pk}"):
        text = client.get(path).content.decode()
        assert SAID in text
        assert link in text


def test_the_zone_s_extension_says_what_follows(as_, zone, webshop):
    proposal = Proposal.objects.get(operation="zone.extend/v1")
    text = as_(DINA).get(f"/proposals/{proposal.pk}").content.decode()
    assert "extended to fra-1, which does not serve them yet: webshop." in text
    assert f"application={webshop.pk}" in text


def test_the_form_offers_what_is_missing_and_knows_the_rest(as_, zone, webshop, node, further):
    page = as_(DINA).get(f"/propose/application.extend/v1?zone={zone.pk}&application={webshop.pk}")
    text = page.content.decode()
    assert f'value="{further.id}"' in text
    assert f'value="{node.id}"' not in text
    assert "certificate" not in page.context["form"].fields


def test_what_is_drafted_is_what_was_admitted(extending, webshop):
    wanted, admitted = extending.document.parameters, webshop.proposal.document.parameters
    assert {name: wanted[name] for name in admitted} == admitted
    assert wanted["to"] == [{"id": extending.document.nodes[1].id, "name": "fra-1"}]


def test_while_it_is_under_way_it_is_still_to_come_and_the_old_kit_stays(
    as_, extending, webshop, node, further
):
    answer(node, extending, 0, b" that names both")
    text = as_(DINA).get(f"/applications/{webshop.pk}").content.decode()
    assert SAID not in text
    assert "Still to come, as soon as it can be reached: fra-1" in text
    assert "Newer than those of its admission" not in text
    assert "still name" not in text
    assert [bytes(one.data) for one in webshop.downloads] == [KIT, PIN]


def test_afterwards_it_is_served_there_and_all_kits_are_those_that_name_both(
    as_, extending, webshop, node, further
):
    answer(node, extending, 0, b" that names both")
    answer(further, extending, 1, b" of fra-1")
    row = ApplicationRow.objects.get()
    assert list(row.tokens.values_list("slot__node__name", flat=True)) == ["ams-1", "fra-1"]
    assert [bytes(one.data) for one in row.downloads] == [
        KIT + b" that names both",
        KIT + b" of fra-1",
        PIN + b" that names both",
    ]
    text = as_(DINA).get(f"/proposals/{extending.pk}").content.decode()
    assert "its new connection kits go to where it runs" in text
    page = as_(DINA).get(f"/applications/{row.pk}").content.decode()
    assert "Newer than those of its admission: install these in their place" in page
    assert f'<a href="/proposals/{extending.pk}">its extension</a>' in page
    assert "still name" not in page


def test_where_the_zone_leaves_a_node_its_kit_is_not_given_any_more_and_the_page_says_what_of_the_others(
    as_, extending, webshop, node, further
):
    answer(node, extending, 0, b" that names both")
    answer(further, extending, 1, b" of fra-1")
    row = ApplicationRow.objects.get()
    gone = row.tokens.get(slot__node__name="ams-1")
    gone.removed_at, gone.removed_by = extending.created_at, extending
    gone.save()
    assert [bytes(one.data) for one in row.downloads] == [KIT + b" of fra-1", PIN + b" of fra-1"]
    page = as_(DINA).get(f"/applications/{row.pk}").content.decode()
    assert "They still name ams-1, which serves it no more. Connections pass it by" in page


class TestAnew:
    """Another certificate, or other keys, are another admission; its form is filled in."""

    def form(self, client, zone, webshop):
        return client.get(f"/propose/application.admit/v1?zone={zone.pk}&like={webshop.pk}").context["form"]

    def test_its_form_has_the_keys_and_hsms_of_the_one_before_and_another_name(
        self, as_, zone, webshop, node
    ):
        form = self.form(as_(DINA), zone, webshop)
        assert form.initial["application"] == "webshop 2"
        assert form.initial["keys"] == [f"{webshop.keys[0]['id']} sign"]
        assert form.initial["on_node"] == [node.id]
        ApplicationRow.objects.update(name="webshop 2")
        assert self.form(as_(DINA), zone, webshop).initial["application"] == "webshop 3"

    def test_a_key_that_was_destroyed_is_not_ticked(self, as_, zone, webshop):
        key = zone.hsm_keys.get()
        key.destroyed_at, key.destroyed_by = webshop.created_at, webshop.proposal
        key.save()
        assert self.form(as_(DINA), zone, webshop).initial["keys"] == []

    def test_the_page_leads_there(self, as_, zone, webshop):
        text = as_(DINA).get(f"/applications/{webshop.pk}").content.decode()
        assert f"/propose/application.admit/v1?zone={zone.pk}&amp;like={webshop.pk}" in text

    def test_what_was_drafted_so_is_another_admission(self, as_, zone, webshop, node):
        other = Application.make("webshop 2")
        head = {"type": "quorate/application-request/v1", "name": "webshop 2"}
        response = as_(DINA).post(
            "/propose/application.admit/v1",
            {
                "zone": zone.pk,
                "application": "webshop 2",
                "request": json.dumps(head | other.request),
                "keys": [f"{webshop.keys[0]['id']} sign"],
                "on_node": [node.id],
                "reason": "The certificate ends.",
                "lifetime": "259200",
            },
        )
        assert response.status_code == 302, response.content.decode()
