"""Backups in parts in the console: stored when all of one is here, and sent along part by part."""

import json
from datetime import timedelta

import pytest

from hsmnodes import backups, incoming, outbox
from hsmnodes.models import Attachment, Backup, OutboxMessage, Receipt, Slot
from hsmnodes.node.agent import messages
from hsmnodes.node.protocol import canonical
from tenants import clock
from tenants.models import LogEntry, Proposal, State
from tests.cast.people import DINA, EMIL, FAY
from tests.hsmnodes.test_backups import is_settled, restore
from tests.world.backups import (
    answer_backup,
    destroyed,
    in_parts,
    make_file,
    propose_backup,
    receipt_messages,
)
from tests.world.nodes import attachment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store")]


@pytest.fixture
def broker(no_broker, monkeypatch):
    monkeypatch.setattr(messages, "LONGEST_LOAD", 200)
    return no_broker


@pytest.fixture
def taking(world, zone, node):
    """A backup that is to be taken, and its file, in two parts."""
    proposal = world.approve(propose_backup(world, zone, node), EMIL, FAY)
    return proposal, in_parts(make_file(zone, node, proposal.id), node)


@pytest.fixture
def taken(taking, node, broker):
    """The backup as it is here."""
    proposal, file = taking
    for message in receipt_messages(proposal, node, file):
        incoming.receive(message)
    broker.take()
    return Backup.objects.get()


@pytest.fixture
def verifying(world, taken, node):
    """A proposal to verify it, whose warrant was sent."""
    parameters = backups.parameters_of(taken) | {"keys": taken.keys}
    return world.approve(world.propose("backup.verify/v1", parameters, by=DINA, nodes=[node]), EMIL)


def alarms():
    return LogEntry.objects.filter(severity="alarm").count()


def enclosed(message) -> list[str]:
    return [canonical.sha256_hex(canonical.b64u_decode(one)) for one in message.enclosures]


def pieces_of(backup) -> list[str]:
    return [canonical.sha256_hex(piece) for piece in backups.open_backup(backup).pieces]


class TestTaken:
    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 1, 0, 2), (2, 1, 0)])
    def test_it_is_stored_when_the_last_piece_is_here_in_whatever_order(self, taking, node, store, order):
        proposal, file = taking
        said, before = receipt_messages(proposal, node, file), alarms()
        for number in order[:-1]:
            incoming.receive(said[number])
            assert not Backup.objects.exists()
            assert not is_settled(proposal)
        incoming.receive(said[order[-1]])
        backup = Backup.objects.get()
        assert (backup.pk, backup.sha256, backup.size, backup.keys) == (
            proposal.pk,
            file.sha256,
            len(file.data),
            2,
        )
        assert (store / backup.file).read_bytes() == file.data
        assert backups.open_backup(backup) == file
        assert is_settled(proposal)
        assert Receipt.objects.filter(proposal=proposal).count() == 1
        assert not Attachment.objects.filter(receipt__proposal=proposal).exists()
        assert alarms() == before + (order[0] == 2)  # the last one, before the others: something got lost

    def test_what_comes_again_is_kept_once(self, taking, node):
        proposal, file = taking
        said = receipt_messages(proposal, node, file)
        for message in (*said, *said):
            incoming.receive(message)
        assert Backup.objects.count() == 1
        assert not Attachment.objects.filter(receipt__proposal=proposal).exists()

    def test_a_piece_that_the_receipt_does_not_state_is_an_alarm_and_not_kept(self, taking, node):
        proposal, file = taking
        said = receipt_messages(proposal, node, file)
        other = json.loads(said[1])
        strange = attachment(b"another part", name=f"{proposal.id}.backup-part-1")
        other["attachments"] = [json.loads(strange.model_dump_json())]
        before = alarms()
        incoming.receive(json.dumps(other))
        assert alarms() == before + 1
        assert not Attachment.objects.filter(receipt__proposal=proposal).exists()
        for message in said:
            incoming.receive(message)
        assert Backup.objects.get().sha256 == file.sha256

    def test_one_that_does_not_hold_is_not_stored_and_the_node_is_asked_again(self, taking, node):
        proposal, file = taking
        wrong = file.manifest.model_copy(update={"proposal": "0" * 32})
        head = in_parts(make_file(proposal.zone, node, "0" * 32), node)
        assert head.manifest.model_copy(update={"taken_at": wrong.taken_at}) == wrong
        before = alarms()
        for message in receipt_messages(proposal, node, head):
            incoming.receive(message)
        assert alarms() == before + 1
        assert not Backup.objects.exists()
        assert not Attachment.objects.filter(receipt__proposal=proposal).exists()
        assert not is_settled(proposal)


class TestSending:
    def test_its_parts_go_before_the_message_that_has_all_carried_out(self, verifying, taken, broker):
        index, first, second = pieces_of(taken)
        sent = broker.take()
        assert [(enclosed(one), one.more) for one in sent] == [
            ([index, first], True),
            ([index, second], False),
        ]
        assert {one.warrant for one in sent} == {canonical.b64u(bytes(verifying.warrant))}
        assert not OutboxMessage.objects.filter(kind="part").exists()

    def test_parts_that_the_node_lacks_are_sent_again_and_the_warrant_in_its_time(
        self,
        verifying,
        taken,
        broker,
        node,
    ):
        broker.take()
        refused = {"outcome": "refused", "code": "part-missing", "detail": "There has not come: part 1 of 2."}
        node.answer(verifying, attachments=[], **refused)
        assert [one.more for one in broker.take()] == [True]
        assert not is_settled(verifying)
        assert Proposal.objects.get(pk=verifying.pk).is_running
        OutboxMessage.objects.filter(kind="warrant", proposal=verifying).update(next_at=clock.now())
        outbox.sweep()
        assert [one.more for one in broker.take()] == [False]
        node.answer(verifying, results={"backup": taken.sha256, "keys": 2}, attachments=[])
        assert Proposal.objects.get(pk=verifying.pk).state == State.DONE
        assert is_settled(verifying)

    def test_what_the_broker_did_not_take_goes_when_it_is_back_parts_first(
        self,
        world,
        taken,
        broker,
        node,
    ):
        broker.down = True
        parameters = backups.parameters_of(taken) | {"keys": taken.keys}
        proposal = world.approve(world.propose("backup.verify/v1", parameters, by=DINA, nodes=[node]), EMIL)
        broker.down = False
        waiting = OutboxMessage.objects.filter(proposal=proposal)
        assert sorted(waiting.values_list("kind", flat=True)) == ["part", "warrant"]
        for row in waiting:
            row.next_at -= timedelta(minutes=1)
            row.save()
        outbox.sweep()
        assert [one.more for one in broker.take()] == [True, False]

    def test_parts_that_the_broker_did_not_take_are_gone_when_the_node_has_answered(
        self, verifying, taken, broker, node
    ):
        broker.down = True
        refused = {"outcome": "refused", "code": "part-missing", "detail": "There has not come: part 1 of 2."}
        node.answer(verifying, attachments=[], **refused)
        parts = OutboxMessage.objects.filter(proposal=verifying, kind="part")
        assert parts.exists()
        node.answer(verifying, results={"backup": taken.sha256, "keys": 2}, attachments=[])
        assert not parts.exists()

    def test_of_a_restore_only_the_parts_with_its_keys_are_sent(self, world, taken, broker, zone, node):
        file = backups.open_backup(taken)
        gone = destroyed("cards", under=Proposal.objects.get(pk=taken.pk))
        plan = backups.plan_restore(file, Slot.objects.get(zone=zone), replace=False, only={gone.pk})
        restore(world, taken, node, plan)
        [message] = broker.take()
        number = [key.id for key in file.keys].index(gone.pk)
        assert enclosed(message) == [pieces_of(taken)[0], pieces_of(taken)[1 + number]]
        assert message.more is False

    def test_what_is_one_file_goes_in_one_message(self, world, zone, node, broker):
        proposal = world.approve(propose_backup(world, zone, node), EMIL, FAY)
        file = make_file(zone, node, proposal.id)
        answer_backup(proposal, node, file)
        broker.take()
        parameters = backups.parameters_of(Backup.objects.get()) | {"keys": 2}
        world.approve(world.propose("backup.verify/v1", parameters, by=DINA, nodes=[node]), EMIL)
        [message] = broker.take()
        assert (enclosed(message), message.more) == ([file.sha256], False)


def test_one_that_somebody_has_kept_is_uploaded_as_one_file(world, taking, zone, node):
    _, file = taking
    backup = backups.upload_backup(person=world.person(DINA), zone=zone, data=file.data)
    assert (backup.sha256, backup.keys) == (file.sha256, 2)
    assert backups.upload_backup(person=world.person(DINA), zone=zone, data=file.data) == backup
