"""Proposals as the API shows them: lists, every detail with the verdict, and the exact bytes."""

import pytest

from hsmnodes.node.protocol import words
from hsmnodes.node.protocol.documents import Warrant
from tenants.models import Proposal
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, HANA, JON
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db
PROPOSALS = "/api/v1/proposals"


@pytest.fixture
def enrolments(world):
    """Five proposals by Cleo, of which the second is rejected and the third authorised."""
    made = [world.propose_enrolment(world.node(f"ams-{number}", enrolled=False)) for number in range(1, 6)]
    world.reject(made[1], BEN)
    world.approve(made[2], ADA, BEN)
    return made


@pytest.fixture
def listed(world, client):
    """The ids in a list as a member sees it."""

    def listing(member, query=""):
        response = sign_in(client, world.person(member)).get(f"{PROPOSALS}{query}")
        assert response.status_code == 200, response.content
        return [one["id"] for one in response.json()["results"]]

    return listing


def ids(proposals):
    return [one.id for one in proposals]


def test_the_newest_comes_first(enrolments, listed):
    assert listed(JON) == ids(enrolments[::-1])


def test_a_list_is_narrowed_by_state_operation_requester_and_node(enrolments, listed):
    assert listed(JON, "?state=rejected") == [enrolments[1].id]
    assert listed(JON, "?state=running") == [enrolments[2].id]
    assert len(listed(JON, "?state=open")) == 3
    assert len(listed(JON, "?operation=node.enrol/v1")) == 5
    assert listed(JON, "?operation=key.generate/v1") == []
    assert len(listed(JON, f"?requester={CLEO.id}")) == 5
    assert listed(JON, f"?requester={ADA.id}") == []
    assert listed(JON, f"?node={enrolments[3].node}") == [enrolments[3].id]
    assert listed(JON, f"?zone={'0' * 32}") == []
    assert listed(JON, f"?customer={'0' * 32}") == []


def test_a_list_is_searched_by_words_requester_id_and_hash(enrolments, listed):
    assert listed(JON, "?q=ams-4") == [enrolments[3].id]
    assert len(listed(JON, "?q=CLEO")) == 5
    assert len(listed(JON, "?q=meeting of monday")) == 5
    assert listed(JON, f"?q={enrolments[0].id[:12].upper()}") == [enrolments[0].id]
    assert listed(JON, f"?q={enrolments[0].hash[:16]}") == [enrolments[0].id]
    assert listed(JON, "?q=100%25") == []


def test_what_waits_for_whom(enrolments, listed, world):
    assert len(listed(ADA, "?view=waiting")) == 3
    assert listed(CLEO, "?view=waiting") == []
    assert len(listed(CLEO, "?view=mine")) == 5
    assert listed(ADA, "?view=mine") == []


def test_a_draft_is_listed_for_whom_it_was_made_alone(world, listed):
    node = world.node(enrolled=False)
    draft = world.draft("node.enrol/v1", node.enrolment, by=CLEO, nodes=[node])
    assert listed(CLEO) == [draft.id]
    assert listed(ADA) == []


def test_pages_lead_through_the_list_and_back(enrolments, world, client):
    sign_in(client, world.person(JON))
    first = client.get(f"{PROPOSALS}?size=2").json()
    second = client.get(f"{PROPOSALS}?size=2&cursor={first['older']}").json()
    third = client.get(f"{PROPOSALS}?size=2&cursor={second['older']}").json()
    back = client.get(f"{PROPOSALS}?size=2&cursor={second['newer']}").json()

    pages = [*first["results"], *second["results"], *third["results"]]
    assert [one["id"] for one in pages] == ids(enrolments[::-1])
    assert (first["newer"], third["older"]) == (None, None)
    assert back["results"] == first["results"]


@pytest.mark.parametrize(
    "query",
    [
        "state=other",
        "size=0",
        "size=201",
        "size=x",
        "zone=1",
        "colour=red",
        "state=open&state=done",
        "q=",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(world, client, query):
    response = sign_in(client, world.person(JON)).get(f"{PROPOSALS}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert response.json()["fields"]


def test_a_detail_says_what_is_missing_and_who_could_sign(scene):
    shown = scene.as_member(EMIL).get(f"{PROPOSALS}/{scene.open.id}").json()

    assert shown["words"] == list(words.fingerprint(scene.open.hash))
    assert shown["rows"][0] == {"label": "Trust Zone", "value": "Payments", "detail": scene.zone.id}
    verdict = shown["verdict"]
    assert (verdict["authorised"], verdict["missing"], verdict["closed"]) == (False, 2, None)
    (clause,) = verdict["clauses"]
    assert (clause["role"], clause["m"], clause["seated"]) == ("key-manager", 2, [])
    assert clause["authority"] == {"kind": "zone", "id": scene.zone.id, "name": "Payments"}
    assert {one["name"] for one in clause["eligible"]} == {"Emil", "Fay"}


def test_a_detail_says_who_sits_and_why_a_signature_is_ignored(scene):
    scene.world.approve(scene.open, EMIL)
    # A row that no check would have let in: what counts is decided over the signatures, each time.
    approval = scene.open.approvals.get()
    scene.open.approvals.create(person=scene.world.person(FAY), token=approval.token, raw=approval.raw)

    verdict = scene.as_member(DINA).get(f"{PROPOSALS}/{scene.open.id}").json()["verdict"]

    assert [one["name"] for one in verdict["clauses"][0]["seated"]] == ["Emil"]
    assert [one["code"] for one in verdict["ignored"]] == ["counted-already"]
    assert verdict["missing"] == 1


def test_a_done_one_shows_its_receipt(scene):
    shown = scene.as_member(HANA).get(f"{PROPOSALS}/{scene.done.id}").json()
    (receipt,) = shown["receipts"]
    assert (shown["state"], receipt["outcome"], receipt["id"]) == ("done", "done", scene.receipt.hash)
    assert [one["person"]["name"] for one in shown["approvals"]] == ["Emil", "Fay"]
    assert shown["verdict"]["authorised"]


def test_documents_come_as_the_exact_bytes(scene):
    client, done = scene.as_member(DINA), Proposal.objects.get(pk=scene.done.pk)

    document = client.get(f"{PROPOSALS}/{done.id}/document")
    assert document.content == bytes(done.raw)
    assert document.headers["Content-Type"] == "application/json"
    assert document.headers["Content-Disposition"] == f'attachment; filename="proposal-{done.id}.json"'
    warrant = client.get(f"{PROPOSALS}/{done.id}/warrant")
    assert Warrant.from_bytes(warrant.content).proposal_bytes == bytes(done.raw)


def test_there_is_no_warrant_before_it_is_authorised(scene):
    response = scene.as_member(DINA).get(f"{PROPOSALS}/{scene.open.id}/warrant")
    assert (response.status_code, response.json()["code"]) == (404, "not-found")
