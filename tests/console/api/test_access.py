"""Who gets what from the API: every address, as everyone, for what is theirs and what is not."""

import itertools
import re

import pytest
from django.test import Client
from django.urls import get_resolver

from console.api import urls
from hsmnodes.models import Epoch
from tenants.models import Webhook
from tenants.notices import kinds, telling
from tenants.webhooks import deliveries, endpoints, signing
from tenants.webhooks.transport import Answer
from tests.cast.people import ADA, CLEO, DINA, EMIL, FAY, GUS, HANA, IVO, JON, LEA, OLGA
from tests.world import statements as making_statements

pytestmark = pytest.mark.django_db

NORTHGATE = (ADA, CLEO, JON)
MERIDIAN = (DINA, EMIL, FAY, GUS, LEA, HANA)
LUMEN = (IVO, OLGA)

# Addresses whose answer is the same for everyone known, and those anybody may read.
LISTS = """
    me organisations people tokens programs charters services zones keys data-centres clusters nodes slots
    share-sets ceremonies backups backup-keys applications statements
    notices webhooks webhook-deliveries
    receipts proposals log log/export operations operations/key.generate/v1
""".split()
PUBLIC = ["schema", "docs"]
# What belongs to Meridian Bank, at Northgate: shown to both, and to nobody at Lumen Health.
OF_BOTH = """
    organisations/{meridian} organisations/{meridian}/duties zones/{zone}/duties zones/{zone}/comparison
    people/{person} tokens/{token} charters/{charter} charters/{charter}/document
    statements/{statement} statements/{statement}/document statements/{statement}/signed
    services/{service}/statement charters/{charter}/link services/{service} zones/{zone} keys/{key}
    keys/{key}/public.der
    keys/{key}/public.pem data-centres/{data_centre} clusters/{cluster} nodes/{node} slots/{slot}
    share-sets/{share_set} ceremonies/{ceremony} ceremonies/{ceremony}/transcript
    backups/{backup} backups/{backup}/file backup-keys/{backup_key} applications/{application}
    receipts/{receipt} receipts/{receipt}/document receipts/{receipt}/envelope
    proposals/{done} proposals/{done}/document proposals/{done}/warrant log/{entry} log/{entry}/document
""".split()
# What is shown within Meridian Bank alone.
OF_MERIDIAN = ["programs/{program}"]
# What is shown to its security officers alone.
OF_OFFICERS = ["webhooks/{webhook}", "webhook-deliveries/{delivery}"]
# What was told to Gus.
OF_GUS = ["notices/{notice}"]
# What they do with these.
ACTS = ["webhooks/{webhook}/test", "webhook-deliveries/{delivery}/again", "notices/{notice}/read"]
# Where people hand in what they signed. An empty content is refused only after access is.
SIGNING = """
    charters/{charter}/signatures proposals/{done}/request proposals/{done}/approvals
    proposals/{done}/rejections proposals/{done}/cancellations
""".split()


@pytest.fixture
def places(scene, program):
    """The ids of what is there."""
    gus = scene.world.person(GUS)
    webhook = endpoints.add_webhook(
        name="Tickets", url="https://hooks.example/", events=[kinds.PROPOSAL_WAITING], by=gus
    ).webhook
    delivery = endpoints.test_webhook(webhook=webhook, by=gus)
    deliveries.note_answer(delivery, Answer(204, "", 1))
    statement = making_statements.draw_up(scene.world, scene.service)
    making_statements.sign(scene.world, statement)
    telling.sweep()
    node = scene.node.row
    return {
        "meridian": scene.world.meridian.id,
        "person": gus.id,
        "token": gus.tokens.get().id,
        "charter": scene.charter.id,
        "service": scene.service.id,
        "zone": scene.zone.id,
        "key": scene.key.id,
        "application": scene.application.id,
        "data_centre": node.data_centre_id,
        "cluster": scene.cluster.pk,
        "node": node.id,
        "slot": scene.slot.id,
        "ceremony": scene.ceremony.pk,
        "share_set": scene.share_set.id,
        "backup": scene.backup.pk,
        "backup_key": Epoch.objects.get().pk,
        "receipt": scene.receipt.hash,
        "done": scene.done.id,
        "entry": scene.entry.sequence,
        "program": program.id,
        "statement": statement.pk,
        "webhook": webhook.pk,
        "delivery": delivery.pk,
        "notice": gus.notices.first().pk,
    }


@pytest.fixture
def ask(scene, places):
    """The statuses of a method at addresses, as a member (or nobody), where they are not `wanted`."""

    def asking(member, addresses, wanted, method="get"):
        client = scene.as_member(member)
        found = {}
        for address in addresses:
            response = getattr(client, method)(
                "/api/v1/" + address.format(**places), content_type="application/json"
            )
            if response.status_code != wanted:
                found[member.name if member else "nobody", address] = response.status_code
        return found

    return asking


def test_every_address_is_in_these_tables(places):
    tabled = {
        re.sub(r"{\w+}", "·", one)
        for one in [*LISTS, *PUBLIC, *OF_BOTH, *OF_MERIDIAN, *OF_OFFICERS, *OF_GUS, *ACTS, *SIGNING]
    }
    tabled = tabled - {"operations/key.generate/v1"} | {"operations/·/·"}
    known = {re.sub(r"<\w+:\w+>", "·", str(one.pattern)).removeprefix("v1/") for one in urls.urlpatterns}
    assert tabled == known
    assert "console.api.urls" in str(get_resolver().url_patterns)


def test_everyone_known_reads_lists(ask):
    for member in [*NORTHGATE, *MERIDIAN, *LUMEN]:
        assert ask(member, [*LISTS, *PUBLIC], 200) == {}


def test_nobody_reads_only_what_is_public(ask):
    assert ask(None, PUBLIC, 200) == {}
    assert ask(None, [*LISTS, *OF_BOTH, *OF_MERIDIAN, *OF_OFFICERS, *OF_GUS], 401) == {}
    assert ask(None, [*SIGNING, *ACTS, "proposals", "backups"], 401, "post") == {}


def test_both_sides_of_a_service_see_what_is_of_both(ask):
    for member in (CLEO, JON, DINA, GUS, HANA):
        assert ask(member, OF_BOTH, 200) == {}


def test_what_is_of_one_organisation_alone_is_seen_there_alone(ask):
    assert ask(HANA, OF_MERIDIAN, 200) == {}
    for member in (CLEO, JON, IVO):
        assert ask(member, OF_MERIDIAN, 404) == {}


def test_webhooks_are_shown_to_the_officers_of_their_organisation_alone(ask):
    for member in (GUS, LEA):
        assert ask(member, OF_OFFICERS, 200) == {}
    for member in (ADA, JON, DINA, HANA, IVO):
        assert ask(member, OF_OFFICERS, 404) == {}
        assert ask(member, ACTS, 404, "post") == {}


def test_a_notice_is_shown_to_whom_it_was_told_alone(ask):
    assert ask(GUS, OF_GUS, 200) == {}
    for member in (LEA, DINA, JON, IVO):
        assert ask(member, OF_GUS, 404) == {}


def test_what_is_theirs_they_act_on(scene, places):
    client = scene.as_member(GUS)
    statuses = [
        client.post("/api/v1/" + one.format(**places), content_type="application/json").status_code
        for one in ACTS
    ]
    assert statuses == [201, 200, 200]
    assert client.get(f"/api/v1/notices/{places['notice']}").json()["read_at"]


def test_no_answer_about_a_webhook_has_its_secret(scene, places):
    webhook = Webhook.objects.get(pk=places["webhook"])
    secret = signing.shown_secret(webhook.salt)
    for address in ("webhooks", "webhooks/{webhook}", "webhook-deliveries", "webhook-deliveries/{delivery}"):
        text = scene.as_member(GUS).get("/api/v1/" + address.format(**places)).content.decode()
        assert places["webhook"] in text
        assert secret not in text
        assert webhook.salt not in text


def test_a_stranger_gets_404_whatever_is_asked(ask):
    for member in LUMEN:
        assert ask(member, [*OF_BOTH, *OF_MERIDIAN], 404) == {}
        assert ask(member, SIGNING, 404, "post") == {}


def test_who_sees_something_is_told_what_is_wrong_with_a_signature(ask):
    for member in (CLEO, DINA, HANA):
        assert ask(member, SIGNING, 400, "post") == {}


def test_no_list_of_a_stranger_has_anything_of_others_in_it(scene, places):
    client = scene.as_member(IVO)
    own = scene.world.person(IVO).organisation_id
    secret = {str(value) for name, value in places.items() if name not in ("entry", "person", "token")}
    for address in LISTS:
        response = client.get("/api/v1/" + address)
        text = b"".join(response) if response.streaming else response.content
        assert not [one for one in secret if one.encode() in text], address
    assert {one["id"] for one in client.get("/api/v1/organisations").json()["results"]} == {
        own,
        scene.world.northgate.id,
    }


def test_a_customer_is_not_shown_how_full_a_node_of_its_provider_is(scene):
    address = f"/api/v1/nodes/{scene.node.id}"
    assert scene.as_member(DINA).get(address).json()["capacity"] is None
    assert scene.as_member(CLEO).get(address).json()["capacity"] == {"slots": 0, "slots_used": 0, "keys": 0}


def test_programs_see_what_their_organisation_sees(scene, places, program, make_program):
    northgate = make_program(scene.world.northgate)
    lumen = make_program(scene.world.lumen)
    for address in OF_BOTH:
        path = "/api/v1/" + address.format(**places)
        seen = [one.get(path).status_code for one in (program, northgate, lumen)]
        assert seen == [200, 200, 404], address
    for address in OF_MERIDIAN:
        path = "/api/v1/" + address.format(**places)
        assert [one.get(path).status_code for one in (program, northgate, lumen)] == [200, 404, 404]
    for address in LISTS:
        assert program.get("/api/v1/" + address).status_code == 200


def test_a_program_signs_nothing_wherever_it_tries(places, program):
    for address in SIGNING:
        refused = program.post("/api/v1/" + address.format(**places), {})
        assert (refused.status_code, refused.json()["code"]) == (403, "people-only"), address


def test_a_program_writes_nothing_else_either(places, program):
    """Every address with every method that writes: refused, but for drafts."""
    addresses = [*LISTS, *OF_BOTH, *OF_MERIDIAN, *OF_OFFICERS, *OF_GUS, *ACTS, *SIGNING]
    for address, method in itertools.product(addresses, ["POST", "PUT", "PATCH", "DELETE"]):
        path = "/api/v1/" + address.format(**places)
        if (address, method) == ("proposals", "POST"):
            continue
        response = Client().generic(method, path, headers=program.headers(method, path))
        assert response.status_code in (403, 405), (address, response.status_code)


def test_a_person_who_only_watches_drafts_nothing(scene):
    """Auditors read: their duty is not one that proposes."""
    wanted = {
        "operation": "key.generate/v1",
        "parameters": scene.open.document.parameters,
        "reason": "Because.",
        "nodes": [scene.node.id],
    }
    response = scene.as_member(HANA).post("/api/v1/proposals", wanted, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (403, "not-allowed")


def test_a_session_writes_only_from_the_consoles_own_pages(scene):
    client = Client(enforce_csrf_checks=True)
    client.cookies = scene.as_member(DINA).cookies
    assert client.get("/api/v1/me").status_code == 200
    response = client.post("/api/v1/proposals", {}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (403, "forged-request")
