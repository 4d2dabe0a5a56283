"""Drafts over REST: what people and programs may ask for, and that one request makes one draft."""

import threading

import pytest
from django.db import connection, connections
from django.test import Client

from console.api import drafts
from console.models import DraftKey
from tenants import clock, workflow
from tenants.models import LogEntry, Proposal, State
from tests.cast.people import BEN, CLEO, DINA, EMIL, GUS, IVO
from tests.console.api.conftest import register
from tests.world.signing_in import sign_in
from tests.world.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]
DRAFTS = "/api/v1/proposals"


@pytest.fixture
def node(world):
    return world.node(enrolled=False)


@pytest.fixture
def wanted(node):
    """Cleo's request to enrol a node, which needs nothing else to be there."""
    return {
        "operation": "node.enrol/v1",
        "parameters": node.enrolment,
        "reason": "The machine is racked.",
        "nodes": [node.id],
    }


@pytest.fixture
def program(world):
    return register(world, world.northgate)


def draft_as(world, member, content, **headers):
    client = sign_in(Client(), world.person(member))
    return client.post(DRAFTS, content, content_type="application/json", headers=headers)


def code(response, status):
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.json()["code"]


def test_a_person_drafts_for_themselves(world, wanted):
    response = draft_as(world, CLEO, wanted)

    assert response.status_code == 201
    draft = Proposal.objects.get(pk=response.json()["id"])
    assert response.headers["Location"] == f"/api/v1/proposals/{draft.id}"
    assert (draft.state, draft.requester_id, draft.program) == (State.DRAFT, CLEO.id, None)
    assert response.json()["parameters"] == wanted["parameters"]
    assert response.json()["verdict"]["missing"] == 2


def test_a_program_drafts_for_a_person_of_its_organisation(wanted, program):
    response = program.post(DRAFTS, {**wanted, "requester": CLEO.id, "lifetime": 3600})

    assert response.status_code == 201
    draft = Proposal.objects.get(pk=response.json()["id"])
    assert (draft.state, draft.requester_id, draft.program_id) == (State.DRAFT, CLEO.id, program.id)
    assert draft.document.expires_at - draft.document.not_before == 3600
    entry = LogEntry.objects.get(subject=draft.id, event="proposal.drafted")
    assert (entry.actor, bytes(entry.document)) == (program.id, bytes(draft.raw))
    assert program.get(f"{DRAFTS}?view=mine").json()["results"][0]["id"] == draft.id


def test_the_bytes_of_a_draft_are_those_that_will_be_signed(wanted, program):
    made = program.post(DRAFTS, {**wanted, "requester": CLEO.id}).json()
    document = program.get(f"{DRAFTS}/{made['id']}/document")
    assert document.content == bytes(Proposal.objects.get().raw)
    assert made["hash"] == Proposal.objects.get().document.sha256


def test_a_program_says_whom_it_drafts_for(wanted, program):
    assert code(program.post(DRAFTS, wanted), 422) == "requester-missing"


@pytest.mark.parametrize("member", [DINA, IVO], ids=lambda member: member.name)
def test_a_program_drafts_for_nobody_of_another_organisation(wanted, program, member):
    """Not even of a customer, whose people it sees."""
    assert code(program.post(DRAFTS, {**wanted, "requester": member.id}), 422) == "unknown-requester"
    assert not Proposal.objects.exists()


def test_a_person_drafts_for_nobody_else(world, wanted):
    assert code(draft_as(world, CLEO, {**wanted, "requester": EMIL.id}), 403) == "not-requester"


def test_who_has_no_duty_there_drafts_nothing(world, wanted):
    assert code(draft_as(world, GUS, wanted), 422) == "unknown-node"
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("nodes", [[], ["0" * 32]], ids=["none", "unknown"])
def test_the_nodes_are_those_the_operation_needs(world, wanted, nodes):
    assert code(draft_as(world, CLEO, {**wanted, "nodes": nodes}), 422) in ("wrong-nodes", "unknown-node")


def test_a_node_is_named_once(world, wanted):
    assert code(draft_as(world, CLEO, {**wanted, "nodes": wanted["nodes"] * 2}), 422) == "unknown-node"


@pytest.mark.parametrize(
    ("change", "status", "expected"),
    [
        ({"operation": "node.explode/v1"}, 422, "unknown-operation"),
        ({"parameters": {}}, 422, "missing-field"),
        ({"parameters": {"node": 1.5}}, 422, "not-plain-json"),
        ({"parameters": {"node": "\ud800"}}, 422, "lone-surrogate"),
        ({"parameters": {"näme": 1}}, 422, "member-name"),
        ({"parameters": []}, 400, "invalid"),
        ({"reason": ""}, 400, "invalid"),
        ({"reason": "in\u202everted"}, 400, "invalid"),
        ({"reason": "\ud800"}, 400, "invalid"),
        ({"reason": "x" * 501}, 400, "invalid"),
        ({"lifetime": 8 * 86_400}, 400, "invalid"),
        ({"lifetime": 0}, 400, "invalid"),
        ({"nodes": ["../../etc"]}, 400, "invalid"),
        ({"state": "authorised"}, 400, "invalid"),
    ],
)
def test_what_cannot_be_proposed_is_refused_and_leaves_nothing(world, wanted, change, status, expected):
    assert code(draft_as(world, CLEO, wanted | change), status) == expected
    assert not Proposal.objects.exists()


def test_a_key_makes_one_draft(world, wanted):
    first = draft_as(world, CLEO, wanted, **{"Idempotency-Key": "order-7"})
    again = draft_as(world, CLEO, wanted, **{"Idempotency-Key": "order-7"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Proposal.objects.count() == 1


def test_without_a_key_every_request_makes_one(world, wanted):
    assert [draft_as(world, CLEO, wanted).status_code for _ in range(2)] == [201, 201]
    assert Proposal.objects.count() == 2


def test_a_key_is_for_one_request(world, wanted):
    draft_as(world, CLEO, wanted, **{"Idempotency-Key": "order-7"})
    other = draft_as(world, CLEO, wanted | {"reason": "Another."}, **{"Idempotency-Key": "order-7"})
    assert code(other, 409) == "idempotency-key-used"


def test_everyone_has_keys_of_their_own(world, wanted, program):
    draft_as(world, CLEO, wanted, **{"Idempotency-Key": "order-7"})
    other = program.post(DRAFTS, {**wanted, "requester": CLEO.id}, more={"Idempotency-Key": "order-7"})
    assert other.status_code == 201
    assert Proposal.objects.count() == 2


def test_a_refused_request_uses_up_no_key(world, wanted):
    draft_as(world, CLEO, wanted | {"parameters": {}}, **{"Idempotency-Key": "order-7"})
    assert draft_as(world, CLEO, wanted, **{"Idempotency-Key": "order-7"}).status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 201], ids=["empty", "blank", "long"])
def test_a_key_is_visible_and_short(world, wanted, key):
    assert code(draft_as(world, CLEO, wanted, **{"Idempotency-Key": key}), 422) == "bad-idempotency-key"


def test_old_keys_are_forgotten(world, wanted):
    draft_as(world, CLEO, wanted, **{"Idempotency-Key": "old"})
    DraftKey.objects.update(created_at=DraftKey.objects.get().created_at - drafts.KEPT * 2)
    draft_as(world, CLEO, wanted, **{"Idempotency-Key": "new"})
    assert list(DraftKey.objects.values_list("key", flat=True)) == ["new"]


def test_a_program_gone_wild_stops_at_some_point(wanted, program, monkeypatch):
    monkeypatch.setattr(drafts, "DRAFTS_OF_A_PROGRAM", 2)
    made = [program.post(DRAFTS, {**wanted, "requester": CLEO.id}) for _ in range(3)]
    assert [one.status_code for one in made] == [201, 201, 409]
    assert code(made[-1], 409) == "too-many-drafts"


def test_a_person_leaves_only_so_many_unsigned_and_goes_on_when_some_are_given_up(
    world, wanted, program, monkeypatch
):
    monkeypatch.setattr(workflow, "MOST_DRAFTS", 2)
    program.post(DRAFTS, {**wanted, "requester": CLEO.id})
    made = [draft_as(world, CLEO, wanted) for _ in range(3)]
    assert [one.status_code for one in made] == [201, 201, 409]
    assert code(made[-1], 409) == "too-many-drafts"
    assert "sign or give up some of them first" in made[-1].json()["detail"]
    assert draft_as(world, BEN, wanted).status_code == 201
    assert program.post(DRAFTS, {**wanted, "requester": CLEO.id}).status_code == 201
    one = Proposal.objects.get(pk=made[0].json()["id"])
    workflow.discard_draft(proposal=one, person=world.person(CLEO))
    assert draft_as(world, CLEO, wanted).status_code == 201
    assert draft_as(world, CLEO, wanted).status_code == 409
    Proposal.objects.filter(pk=made[1].json()["id"]).update(expires_at=clock.now())
    assert draft_as(world, CLEO, wanted).status_code == 201


def test_who_comes_second_at_the_same_moment_gets_the_firsts_draft(world, wanted, monkeypatch):
    """The second has looked for the key before the first one kept it."""
    first = draft_as(world, CLEO, wanted, **{"Idempotency-Key": "order-7"})
    look, looked = drafts._made_before, []

    def look_too_early(kept):
        looked.append(kept)
        return None if len(looked) == 1 else look(kept)

    monkeypatch.setattr(drafts, "_made_before", look_too_early)
    second = draft_as(world, CLEO, wanted, **{"Idempotency-Key": "order-7"})

    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
    assert Proposal.objects.count() == 1
    assert len(looked) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="tests have SQLite in memory, where threads lock each other out"
)
def test_the_same_request_at_the_same_moment_makes_one_draft(no_broker, settings):
    """Eight at once with one key: one is made, and all get that one."""
    settings.DEMO = True
    world = World()
    node = world.node(enrolled=False)
    content = {
        "operation": "node.enrol/v1",
        "parameters": node.enrolment,
        "reason": "The machine is racked.",
        "nodes": [node.id],
    }
    cookies = sign_in(Client(), world.person(CLEO)).cookies
    answers, start = [], threading.Barrier(8)

    def ask():
        client = Client(raise_request_exception=False)
        client.cookies = cookies
        start.wait()
        try:
            answers.append(
                client.post(
                    DRAFTS, content, content_type="application/json", headers={"Idempotency-Key": "order-7"}
                )
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
    assert {one.json()["id"] for one in answers} == {Proposal.objects.get().id}
