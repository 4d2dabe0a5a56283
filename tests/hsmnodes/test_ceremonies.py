"""Ceremonies as the console sees them: the node's question, who gives a share, what the node says to it."""

import json

import pytest
from django.db import IntegrityError, transaction

from hsmnodes import ceremonies, incoming, outbox
from hsmnodes.models import Ceremony, Contribution, OutboxMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.purposes import Purpose
from tenants import clock, tokens
from tenants.errors import NotAllowed, SignatureNotAccepted, WrongState
from tenants.models import LogEntry, Proposal
from tests.cast.people import CLEO, DINA, EMIL, FAY, GUS, IVO
from tests.console.desk_backend.desk import fetch, ticket_of
from tests.world.signing_in import sign_in
from tests.world.zones import split_zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(world, node, once):
    return once(lambda: split_zone(world, node), node)


@pytest.fixture
def drill(world, node, zone, once):
    return once(lambda: world.drill(zone, node), node)


def current(proposal) -> Proposal:
    return Proposal.objects.get(pk=proposal.pk)


def alarms() -> list[str]:
    return [
        json.loads(bytes(entry.raw))["details"]["code"] for entry in LogEntry.objects.filter(severity="alarm")
    ]


def test_the_question_is_kept_once_and_shown(client, world, node, drill):
    made = Ceremony.objects.get()
    assert (made.proposal, made.zone, made.asked) == (drill, drill.zone, 2)
    incoming.receive(node.sign(Purpose.CEREMONY, made.document(), kind="ceremony"))
    assert Ceremony.objects.count() == 1
    sign_in(client, world.person(EMIL))
    text = client.get(f"/ceremonies/{drill.pk}").content.decode()
    assert "0 of 2 in" in text
    assert "Go to the desk and give it" in text
    inbox = client.get("/proposals")
    assert "Give your share of the backup key of Payments" in inbox.content.decode()
    assert inbox.context["waiting_count"] == 1
    sign_in(client, world.person(GUS))
    assert "Give your share" not in client.get("/proposals").content.decode()


def test_two_shares_are_passed_on_sealed_and_the_drill_is_done(client, world, node, drill):
    for member in (DINA, FAY):
        world.custody(node).answer(world.give_share(drill, member))
    assert [one.outcome for one in Contribution.objects.all()] == ["accepted", "accepted"]
    assert not OutboxMessage.objects.filter(kind="contribution", settled_at=None).exists()
    world.custody(node).finish(drill)
    assert current(drill).state == "done"
    sign_in(client, world.person(GUS))
    text = client.get(f"/ceremonies/{drill.pk}").content.decode()
    assert "2 of 2 in" in text
    assert "destroyed its one-time key" in text


def test_a_refused_share_is_named_and_can_be_given_again(client, world, node, drill):
    wrong = world.give_share(drill, DINA, value=canonical.b64u(bytes(32)))
    world.custody(node).answer(wrong)
    wrong.refresh_from_db()
    assert (wrong.outcome, wrong.code) == ("refused", "altered-share")
    sign_in(client, world.person(EMIL))
    text = client.get(f"/ceremonies/{drill.pk}").content.decode()
    assert "The share of Dina is not the one that was made for them." in text
    assert LogEntry.objects.filter(event="ceremony.share-refused", severity="alarm").exists()
    world.custody(node).answer(world.give_share(drill, DINA))
    assert Contribution.objects.filter(outcome="accepted").count() == 1


def test_another_custodian_takes_over_and_no_more_are_taken_than_asked_for(world, node, drill):
    for member in (EMIL, FAY):
        world.give_share(drill, member)
    with pytest.raises(NotAllowed):
        world.give_share(drill, DINA)


def test_a_share_is_given_once(world, drill):
    world.give_share(drill, DINA)
    with pytest.raises(NotAllowed):
        world.give_share(drill, DINA)
    first = Contribution.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Contribution.objects.create(
            ceremony=first.ceremony,
            person=first.person,
            index=first.index,
            raw=b"other",
            assertion={},
            hash="0" * 64,
            message=OutboxMessage.objects.create(
                node=first.message.node, kind="charters", message="", next_at=clock.now()
            ),
            at=clock.now(),
        )


def test_a_token_that_is_suspended_gives_no_share(client, world, drill):
    ceremony = Ceremony.objects.get()
    given = ceremonies.draft_contribution(ceremony=ceremony, person=world.person(DINA))
    tokens.suspend_token(token=world.person(DINA).tokens.get(), reason="Lost.", by=None)
    with pytest.raises(NotAllowed):
        ceremonies.contribute(
            ceremony=ceremony,
            person=world.person(DINA),
            document=given.raw,
            assertion=DINA.key.sign(Purpose.CONTRIBUTE, given.raw),
            sealed=bytes(80),
        )


def test_who_holds_no_share_is_not_asked_for_one(client, world, drill):
    sign_in(client, world.person(GUS))
    assert client.post(f"/desk/contribute/{drill.pk}").status_code == 403
    sign_in(client, world.person(IVO))
    assert client.post(f"/desk/contribute/{drill.pk}").status_code == 404
    assert client.get(f"/ceremonies/{drill.pk}").status_code == 404


def test_the_desk_gets_all_it_needs_to_judge_for_itself(client, world, node, drill):
    sign_in(client, world.person(EMIL))
    asked = fetch(client, ticket_of(client.post(f"/desk/contribute/{drill.pk}")))
    papers = asked["ceremony"]
    assert asked["purpose"] == Purpose.CONTRIBUTE
    assert asked["credentials"] == [EMIL.key.credential_id]
    assert canonical.b64u_decode(papers["warrant"]) == bytes(drill.warrant)
    assert canonical.b64u_decode(papers["question"]) == bytes(drill.ceremony.envelope)
    assert {kind: len(links) for kind, links in papers["charters"].items()} == {"provider": 1, "zone": 1}
    assert papers["enrolment"]
    assert papers["box"]


def forged(world, drill, member, **changes):
    """What the console is given at the desk's way back, with something wrong."""
    ceremony = Ceremony.objects.get(pk=drill.pk)
    given = ceremonies.draft_contribution(ceremony=ceremony, person=world.person(member))
    given = given.model_copy(update=changes.pop("document", {}))
    key, purpose = changes.pop("key", member.key), changes.pop("purpose", Purpose.CONTRIBUTE)
    return ceremonies.contribute(
        ceremony=ceremony,
        person=world.person(changes.pop("person", member)),
        document=given.raw,
        assertion=key.sign(purpose, given.raw),
        sealed=bytes(80),
    )


FORGED = {
    "by another token": {"key": EMIL.key},
    "an approval": {"purpose": Purpose.APPROVE},
    "to another ceremony": {"document": {"ceremony": "0" * 64}},
    "of another share": {"document": {"index": 2}},
}


@pytest.mark.parametrize("case", FORGED)
def test_what_no_node_would_take_is_not_passed_on(world, drill, case):
    with pytest.raises(SignatureNotAccepted):
        forged(world, drill, DINA, **FORGED[case])
    assert not OutboxMessage.objects.filter(kind="contribution").exists()


def test_nobody_gives_in_the_name_of_another(world, drill):
    with pytest.raises(NotAllowed):
        forged(world, drill, DINA, person=EMIL)


def test_after_the_end_nothing_is_taken(world, node, drill):
    ceremony = Ceremony.objects.get()
    given = ceremonies.draft_contribution(ceremony=ceremony, person=world.person(DINA))
    node.answer(drill, outcome="refused", code="expired", detail="It is too late.")
    with pytest.raises(WrongState):
        ceremonies.contribute(
            ceremony=ceremony,
            person=world.person(DINA),
            document=given.raw,
            assertion=DINA.key.sign(Purpose.CONTRIBUTE, given.raw),
            sealed=bytes(80),
        )


QUESTIONS = {
    "by another node": lambda world, node, drill: world.custody(node).question(
        drill, node=world.node("fra-1").row.named()
    ),
    "of other bytes": lambda world, node, drill: world.custody(node).question(drill, proposal_hash="0" * 64),
    "of another zone": lambda world, node, drill: world.custody(node).question(
        drill, zone={"id": "0" * 32, "name": "Other"}
    ),
    "for another operation": lambda world, node, drill: world.custody(node).question(
        drill, operation="key.generate/v1"
    ),
    "at another step": lambda world, node, drill: world.custody(node).question(drill, step=3),
}


@pytest.mark.parametrize("case", QUESTIONS)
def test_a_question_that_does_not_fit_is_an_alarm_and_no_ceremony(world, node, zone, case):
    drill = world.approve(world.propose_drill(zone, node), EMIL, FAY)
    incoming.receive(QUESTIONS[case](world, node, drill))
    assert not Ceremony.objects.exists()
    assert alarms()


def test_a_question_before_the_quorum_is_an_alarm(world, node, zone):
    proposal = world.propose_drill(zone, node)
    world.custody(node).ask(proposal)
    assert not Ceremony.objects.exists()
    assert alarms() == ["unknown-proposal"]


def test_a_second_question_is_an_alarm(world, node, drill):
    world.custody(node).ask(drill)
    assert Ceremony.objects.count() == 1
    assert alarms() == ["second-ceremony"]


def test_an_answer_to_what_was_never_sent_is_an_alarm(world, node, drill):
    made = world.give_share(drill, DINA)
    text = world.custody(node).look(made)
    made.message.refresh_from_db()
    Contribution.objects.all().delete()
    incoming.receive(text)
    assert alarms() == ["unknown-contribution"]


def test_a_contribution_is_sent_until_it_is_answered(world, node, drill):
    made = world.give_share(drill, DINA)
    row = made.message
    outbox._hand_over(row)
    row.refresh_from_db()
    assert row.settled_at is None
    world.custody(node).answer(made)
    row.refresh_from_db()
    assert row.settled_at is not None


def test_a_drill_among_more_or_fewer_than_can_be_is_refused_before_people_sign(client, world, node, zone):
    sign_in(client, world.person(DINA))
    asked = {"zone": zone.pk, "on_node": node.id, "shares": "4", "reason": "Yearly.", "lifetime": "86400"}
    answer = client.post("/propose/backup-key.drill/v1", asked)
    assert answer.status_code == 422
    assert "It takes 2 shares" in answer.content.decode()
    assert client.post("/propose/backup-key.drill/v1", asked | {"shares": "3"}).status_code == 302


def test_the_transcript_holds_every_signed_document(client, world, node, drill):
    world.custody(node).answer(world.give_share(drill, DINA))
    sign_in(client, world.person(GUS))
    answer = client.get(f"/ceremonies/{drill.pk}/transcript.json")
    whole = answer.json()
    assert set(whole) == {"type", "charters", "enrolment", "warrant", "question", "contributions", "receipts"}
    [given] = whole["contributions"]
    assert given["answer"]
    assert given["assertion"]
    assert "Dina" in client.get(f"/ceremonies/{drill.pk}/print").content.decode()


def test_an_import_is_proposed_by_form_with_what_is_known_of_the_key(client, world, node, zone):
    other = world.node("fra-1")
    world.place(zone.service, other)
    sign_in(client, world.person(CLEO))
    asked = {
        "zone": zone.pk,
        "on_node": other.id,
        "slot": "Payments on fra-1",
        "reason": "So that the zone outlives its HSM.",
        "lifetime": "86400",
    }
    answer = client.post("/propose/backup-key.import/v1", asked)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    proposal = Proposal.objects.get(operation="backup-key.import/v1")
    wanted = proposal.document.parameters
    assert (wanted["epoch"], wanted["kcv"], wanted["share_set"], wanted["threshold"]) == (1, "a1b2c3", 1, 2)
    assert [one["custodian"]["name"] for one in wanted["holders"]] == ["Dina", "Emil", "Fay"]
    assert "can be restored from backups" in client.get(f"/proposals/{proposal.pk}").content.decode()
    assert client.post("/propose/backup-key.import/v1", asked | {"on_node": node.id}).status_code == 422
