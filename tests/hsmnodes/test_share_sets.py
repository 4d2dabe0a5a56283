"""Splitting a backup key, as the console sees it: proposed by form, confirmed by receipt, shown to people."""

import pytest

from console.pages.custody import Custody
from hsmnodes.models import ShareSet
from hsmnodes.node.protocol.documents import Role
from tenants.models import LogEntry, Proposal
from tests.cast.people import DINA, EMIL, FAY, GUS, IVO
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db

FORM = "/propose/backup-key.share/v1"


@pytest.fixture
def zone(world, node, once):
    def make():
        zone = world.zone_of_custodians(world.service(node))
        world.slot(zone, node)
        return zone

    return once(make, node)


def share_key_of(member) -> str:
    return member.key.share_key(member).stated.public_key


def filled_in(zone, node) -> dict:
    """The form of a first split, as it should be."""
    return {
        "zone": zone.pk,
        "on_node": node.id,
        "threshold": "2",
        "custodians": [share_key_of(DINA), share_key_of(FAY)],
        "reason": "So that it can be rebuilt.",
        "lifetime": str(3 * 86_400),
    }


def test_the_receipt_of_a_split_says_who_holds_what(world, node, zone):
    proposal = world.shares(zone, node)
    assert proposal.state == "done"
    made = ShareSet.objects.get()
    assert (made.zone, made.number, made.threshold, made.proposal) == (zone, 1, 2, proposal)
    assert [(one.index, one.name) for one in made.shares.all()] == [(1, "Dina"), (2, "Emil"), (3, "Fay")]
    boxes = proposal.receipts.get().attachments
    assert {one.sealed_sha256 for one in made.shares.all()} == set(boxes.values_list("sha256", flat=True))


def test_people_and_programs_see_who_relies_on_what(client, world, node):
    zone = world.zone_of_custodians(world.service(node), kept=("token", "file", "sheet"))
    world.slot(zone, node)
    world.shares(zone, node)
    kept = [("Dina", "token"), ("Emil", "file"), ("Fay", "sheet")]
    assert list(ShareSet.objects.get().shares.values_list("name", "kept")) == kept
    sign_in(client, world.person(GUS))
    page = " ".join(client.get(f"/zones/{zone.pk}").content.decode().split())
    for number, how in enumerate(("token", "encrypted file", "printed sheet"), start=1):
        assert f"Share {number} · relies on: {how}" in page
    [listed] = client.get("/api/v1/share-sets").json()["results"]
    assert [(one["name"], one["kept"]) for one in listed["shares"]] == kept


def test_shares_say_how_the_key_they_are_sealed_to_was_kept_whatever_was_made_since(world, node):
    zone = world.zone_of_custodians(world.service(node), kept=("file", "token", "token"))
    world.slot(zone, node)
    world.make_share_key(DINA, kept="sheet")
    world.shares(zone, node)
    assert ShareSet.objects.get().shares.get(name="Dina").kept == "file"


def test_results_that_make_no_sense_are_an_alarm_and_no_share_set(world, node, zone):
    proposal = world.approve(world.propose_shares(zone, node), EMIL, FAY)
    results, boxes = world.custody(node).split(proposal)
    del results["shares"][0]["custodian"]
    node.answer(proposal, results=results, attachments=boxes)
    assert not ShareSet.objects.exists()
    assert LogEntry.objects.filter(event="node.message-refused", severity="alarm").exists()


def test_where_there_is_one_zone_its_custodians_are_listed_at_once(client, world, node, zone):
    sign_in(client, world.person(DINA))
    assert share_key_of(DINA) in client.get(FORM).content.decode()


def test_the_form_lists_custodians_with_their_share_keys_and_proposes(client, world, node, zone):
    sign_in(client, world.person(DINA))
    page = client.get(FORM, {"zone": zone.pk}).content.decode()
    for member in (DINA, EMIL, FAY):
        assert share_key_of(member) in page
    asked = filled_in(zone, node)
    answer = client.post(FORM, asked)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    parameters = Proposal.objects.get(operation="backup-key.share/v1").document.parameters
    assert (parameters["epoch"], parameters["share_set"], parameters["threshold"]) == (1, 1, 2)
    assert [one["person"]["name"] for one in parameters["custodians"]] == ["Dina", "Fay"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threshold": "1"}, "greater than or equal to 2"),
        ({"custodians": []}, "at least two custodians"),
        ({"custodians": ["nonsense"]}, "nonsense"),
    ],
)
def test_a_form_that_cannot_be_right_says_so(client, world, node, zone, changes, said):
    sign_in(client, world.person(DINA))
    asked = filled_in(zone, node)
    answer = client.post(FORM, asked | changes)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Proposal.objects.filter(operation="backup-key.share/v1").exists()


def test_a_zone_is_split_once_and_then_reshared(client, world, node, zone):
    world.shares(zone, node)
    sign_in(client, world.person(DINA))
    assert zone.pk not in client.get(FORM).content.decode()
    assert zone.pk in client.get("/propose/backup-key.reshare/v1").content.decode()
    world.shares(zone, node, DINA, EMIL, share_set=2)
    custody = Custody(zone, world.person(DINA))
    assert (custody.share_set.number, custody.earlier, custody.usable) == (2, 1, 2)


def test_the_zone_s_page_shows_who_holds_it_and_to_no_stranger(client, world, node, zone):
    sign_in(client, world.person(GUS))
    assert "Nobody holds a share of it" in client.get(f"/zones/{zone.pk}").content.decode()
    world.shares(zone, node)
    text = " ".join(client.get(f"/zones/{zone.pk}").content.decode().split())
    assert "Any <strong>2 of 3</strong> shares rebuild it." in text
    sign_in(client, world.person(IVO))
    assert client.get(f"/zones/{zone.pk}").status_code == 404


def test_only_custodians_with_a_share_key_are_offered(client, world, node):
    world.make_share_key(DINA)
    zone = world.zone(world.service(node), roles=(Role.CUSTODIAN, Role.KEY_MANAGER))
    world.slot(zone, node)
    sign_in(client, world.person(DINA))
    page = client.get(FORM, {"zone": zone.pk}).content.decode()
    assert share_key_of(DINA) in page
    assert share_key_of(EMIL) not in page
