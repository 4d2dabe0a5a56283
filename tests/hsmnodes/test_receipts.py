"""Receipts: nothing is shown as done on anybody's word but the node's own signature."""

import json

import pytest

from hsmnodes import incoming
from hsmnodes.backups import open_backup
from hsmnodes.models import Attachment, Backup, Key, OutboxMessage, Receipt
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.purposes import Purpose
from tenants.models import LogEntry, Proposal, State
from tests.cast.people import ADA, BEN, CLEO, EMIL, FAY, GUS, LEA
from tests.world.nodes import attachment, blob_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def proposal(world, node, once):
    """A service that is authorised, and whose warrant has been sent."""
    return once(lambda: world.approve(world.propose_service(node), ADA, BEN, GUS, LEA), node)


def alarms():
    return LogEntry.objects.filter(severity="alarm").count()


def assert_not_believed(proposal, message):
    before = alarms()
    incoming.receive(message)
    assert alarms() == before + 1
    assert Proposal.objects.get(pk=proposal.pk).state == State.AUTHORISED
    assert not Receipt.objects.filter(proposal=proposal).exists()
    assert OutboxMessage.objects.get(proposal=proposal).settled_at is None


def altered(message, **changes):
    """The message with a payload that says something else, under the same signature."""
    content = json.loads(message)
    payload = json.loads(canonical.b64u_decode(content["envelope"]["payload"]))
    content["envelope"]["payload"] = canonical.b64u(canonical.encode(payload | changes))
    return json.dumps(content)


def test_a_true_receipt_is_shown_and_settles_the_outbox(proposal, node):
    node.answer(proposal)
    assert Proposal.objects.get(pk=proposal.pk).state == State.DONE
    assert OutboxMessage.objects.get(proposal=proposal).settled_at is not None


def test_an_altered_receipt_raises_an_alarm(proposal, node):
    message = node.receipt_message(proposal, outcome="failed", code="device-error")
    assert_not_believed(proposal, altered(message, outcome="done", code=None))


def test_a_receipt_by_another_node_raises_an_alarm(world, proposal, node):
    other = world.node("ams-2")
    other.id = node.id  # it signs in the other's name, with its own key
    assert_not_believed(proposal, other.receipt_message(proposal))


def test_a_receipt_signed_for_another_purpose_raises_an_alarm(proposal, node):
    assert_not_believed(proposal, node.sign(Purpose.HEARTBEAT, node.receipt(proposal), kind="receipt"))


@pytest.mark.parametrize(
    "changes",
    [
        {"proposal_hash": "0" * 64},
        {"operation": "key.destroy/v1"},
        {"step": 1},
        {"deployment": "0" * 32},
        {"node": {"id": "0" * 32, "name": "ams-1"}},
        {"proposal": "0" * 32},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_signed_receipt_about_something_else_raises_an_alarm(proposal, node, changes):
    assert_not_believed(proposal, node.receipt_message(proposal, **changes))


def test_a_receipt_for_what_was_never_authorised_raises_an_alarm(world, node):
    open_proposal = world.propose_service(node)
    before = alarms()
    node.answer(open_proposal)
    assert alarms() == before + 1
    assert Proposal.objects.get(pk=open_proposal.pk).state == State.PROPOSED


@pytest.mark.parametrize("text", ["", "{}", "null", '{"kind": "receipt"}', "[" * 5000])
def test_nonsense_raises_an_alarm_and_nothing_else(proposal, text):
    assert_not_believed(proposal, text)


def test_a_flood_of_nonsense_does_not_flood_the_log(world):
    for number in range(incoming.ALARMS_A_MINUTE + 20):
        incoming.receive(f"nonsense {number}")
    assert alarms() == incoming.ALARMS_A_MINUTE


def test_the_same_receipt_twice_changes_nothing(proposal, node):
    message = node.receipt_message(proposal)
    incoming.receive(message)
    incoming.receive(message)
    assert Receipt.objects.filter(proposal=proposal).count() == 1
    assert alarms() == 0


def test_two_receipts_at_one_place_of_the_chain_raise_an_alarm(world, proposal, node):
    other = world.approve(world.propose_service(node, name="Another"), ADA, BEN, GUS, LEA)
    node.answer(proposal)
    node.sequence -= 1
    assert_not_believed(other, node.receipt_message(other))


def test_a_refusal_is_shown_with_its_reason_and_can_be_overtaken(proposal, node):
    node.answer(proposal, outcome="refused", code="charter-unknown", detail="It knows no such charter.")
    refused = Proposal.objects.get(pk=proposal.pk)
    assert (refused.state, refused.code) == (State.REFUSED, "charter-unknown")

    node.answer(proposal)
    assert Proposal.objects.get(pk=proposal.pk).state == State.DONE


def test_nothing_overtakes_what_is_done(proposal, node):
    node.answer(proposal)
    node.answer(proposal, outcome="refused", code="expired", detail="Too late.")
    assert Proposal.objects.get(pk=proposal.pk).state == State.DONE


def test_a_key_and_its_blob_are_kept(world, node):
    zone = world.ready_zone(node)
    proposal = world.approve(world.propose_key(zone, node), EMIL, FAY)
    node.answer(proposal, results=node.key_results(proposal))

    key = Key.objects.get(zone=zone)
    assert key.label == "card-signing"
    kept = open_backup(Backup.objects.get(proposal=proposal))
    assert kept.blobs == (blob_of(key.pk, 1),)
    assert key.blob_hash == kept.manifest.keys[0].blob_sha256


def test_taking_the_receipt_of_a_key_asks_the_database_for_nothing_twice(
    world, node, django_assert_max_num_queries
):
    zone = world.ready_zone(node)
    proposal = world.approve(world.propose_key(zone, node), EMIL, FAY)
    message = node.receipt_message(proposal, results=node.key_results(proposal))
    with django_assert_max_num_queries(24):  # eight of which are savepoints
        incoming.receive(message)


def test_a_blob_that_the_receipt_does_not_state_is_not_kept(world, node):
    zone = world.ready_zone(node)
    proposal = world.approve(world.propose_key(zone, node), EMIL, FAY)
    node.answer(proposal, results=node.key_results(proposal), attachments=[attachment(b"something else")])

    assert not Attachment.objects.exists()
    assert alarms() == 2, "about what came, and about what did not"
    assert Key.objects.filter(zone=zone).exists()


def test_results_that_make_no_sense_are_an_alarm_beside_the_receipt(world, node):
    zone = world.ready_zone(node)
    proposal = world.approve(world.propose_key(zone, node), EMIL, FAY)
    node.answer(proposal, results={"keys": [{"id": 1}]})

    assert Proposal.objects.get(pk=proposal.pk).state == State.DONE
    assert alarms() == 1


def test_the_identity_is_the_one_the_administrators_signed(world, settings):
    node = world.node(enrolled=False)
    proposal = world.propose_enrolment(node)
    other = world.node("ams-2", enrolled=False)
    type(node.row).objects.filter(pk=node.id).update(identity=other.row.identity[:-3] + "AAA")
    world.approve(proposal, ADA, BEN)

    node.answer(proposal)
    assert node.row.enrolled_at is not None
    assert CLEO.name == proposal.requester.name


def test_data_that_was_kept_from_a_receipt_is_taken_when_the_node_repeats_it(world, node):
    zone = world.ready_zone(node)
    proposal = world.approve(world.propose_key(zone, node), EMIL, FAY)
    whole = node.receipt_message(proposal, results=node.key_results(proposal))
    stripped, before = json.loads(whole) | {"attachments": []}, alarms()
    incoming.receive(json.dumps(stripped))
    assert OutboxMessage.objects.get(proposal=proposal).settled_at is None, "the node is asked again"
    assert alarms() == before + 1
    incoming.receive(whole)
    incoming.receive(whole)
    assert open_backup(Backup.objects.get(proposal=proposal)).manifest.keys[0].label == "card-signing"
    assert OutboxMessage.objects.get(proposal=proposal).settled_at is not None
    assert (Receipt.objects.filter(proposal=proposal).count(), alarms()) == (1, before + 1)


def test_an_earlier_refusal_that_comes_late_does_not_say_what_became_of_the_indeterminate(world, node):
    zone = world.ready_zone(node)
    proposal = world.approve(world.propose_key(zone, node), EMIL, FAY)
    early = node.receipt_message(proposal, outcome="refused", code="quorum-not-met", detail="Too early.")
    node.answer(proposal, outcome="indeterminate", code="driver-died", detail="It is not known.")
    incoming.receive(early)
    assert Proposal.objects.get(pk=proposal.pk).state == State.INDETERMINATE
