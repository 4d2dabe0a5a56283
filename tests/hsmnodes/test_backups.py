"""Backups in the console: stored only once they are verified, planned with, and sent with their warrants."""

import json

import pytest

from hsmnodes import backups, incoming
from hsmnodes.models import Backup, Key, KeyCopy, OutboxMessage, Slot
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from hsmnodes.node.protocol.errors import Refused
from tenants.errors import DomainError, Invalid
from tenants.models import LogEntry, Proposal
from tests.cast.people import ADA, DINA, EMIL, FAY, IVO
from tests.world.backups import (
    answer_backup,
    destroyed,
    make_file,
    propose_backup,
    taken_backup,
)
from tests.world.nodes import attachment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store")]


@pytest.fixture
def taking(world, zone, node, once):
    """A backup that is to be taken, and its file."""

    def make():
        proposal = world.approve(propose_backup(world, zone, node), EMIL, FAY)
        return proposal, make_file(zone, node, proposal.id)

    return once(make, node)


def restore(world, backup, node, plan):
    parameters = backups.parameters_of(backup) | {"keys": plan}
    proposal = world.propose("backup.restore/v1", parameters, by=DINA, nodes=[node])
    return world.approve(proposal, EMIL, FAY)


def is_settled(proposal):
    return OutboxMessage.objects.get(proposal=proposal, kind="warrant").settled_at is not None


def test_a_plan_is_as_long_as_a_proposal_has_room_for_whatever_keys_are_called(monkeypatch):
    def planned(count, label, action="create"):
        return [
            {
                "id": f"{number:032x}",
                "label": f"{label}{number}",
                "algorithm": "rsa-4096",
                "action": action,
                "kcv": None,
                "proposal": "0" * 32,
            }
            for number in range(count)
        ]

    short, long = planned(1_001, "k"), planned(1_001, "é" * 70)
    assert backups.what_fits(short[:1_000]) == short[:1_000]
    assert backups.what_fits(short) == short[:1_000]
    fitting = backups.what_fits(long)
    assert 500 < len(fitting) < 1_000
    assert backups.fits_one_proposal(fitting)
    assert not backups.fits_one_proposal(long[: len(fitting) + 1])
    assert backups.what_fits(planned(1_001, "k", "skip")) == []


class TestTaken:
    def test_it_is_stored_with_what_its_manifest_says(self, taking, node, zone, store):
        proposal, file = taking
        answer_backup(proposal, node, file)
        backup = Backup.objects.get()
        assert (backup.pk, backup.zone, backup.node_id) == (proposal.pk, zone, node.id)
        assert (backup.sha256, backup.size, backup.keys) == (file.sha256, len(file.data), 2)
        assert (backup.epoch, backup.kcv) == (1, "a1b2c3")
        assert (store / zone.pk / f"{file.sha256}.backup").read_bytes() == file.data
        assert backups.open_backup(backup) == file
        assert is_settled(proposal)
        assert not proposal.receipts.get().attachments.exists()

    def test_a_receipt_without_it_has_the_node_asked_again_and_then_it_is_stored(self, taking, node):
        proposal, file = taking
        message = node.receipt_message(proposal, results={"archive_sha256": file.sha256}, attachments=[])
        incoming.receive(message)
        assert not is_settled(proposal)
        whole = json.loads(message)
        whole["attachments"] = [json.loads(attachment(file.data, name="x.backup").model_dump_json())]
        for _ in range(2):
            incoming.receive(json.dumps(whole))
        assert is_settled(proposal)
        assert Backup.objects.get().sha256 == file.sha256

    @pytest.mark.parametrize("flaw", ["cut off", "of another proposal", "by another node"])
    def test_one_that_does_not_hold_is_not_stored_and_is_an_alarm(self, taking, node, world, flaw):
        proposal, file = taking
        other = file.manifest.model_copy(update={"proposal": "0" * 32})
        data = {
            "cut off": lambda: file.data[:-1],
            "of another proposal": lambda: node.sign_archive(other, file.blobs).data,
            "by another node": lambda: (
                node.sign_archive(
                    file.manifest.model_copy(update={"identity": world.node("ams-2").row.identity}),
                    file.blobs,
                ).data
            ),
        }[flaw]()
        alarms = LogEntry.objects.filter(event="node.message-refused").count()
        node.answer(
            proposal,
            results={"archive_sha256": canonical.sha256_hex(data)},
            attachments=[attachment(data, name="x.backup")],
        )
        assert not Backup.objects.exists()
        assert not is_settled(proposal)
        assert LogEntry.objects.filter(event="node.message-refused").count() > alarms


class TestUploaded:
    def test_a_backup_of_the_zone_is_verified_and_stored_once(self, world, taking, zone):
        _, file = taking
        person = world.person(DINA)
        backup = backups.upload_backup(person=person, zone=zone, data=file.data)
        assert backups.upload_backup(person=person, zone=zone, data=file.data) == backup
        assert (backup.uploaded_by, backup.proposal) == (person, None)
        assert LogEntry.objects.filter(event="zone.backup-uploaded").count() == 1

    def test_every_byte_that_was_altered_is_found(self, world, taking, zone, store):
        _, file = taking
        for place in range(0, len(file.data), 37):
            data = bytearray(file.data)
            data[place] ^= 1
            with pytest.raises((Refused, DomainError)):
                backups.upload_backup(person=world.person(DINA), zone=zone, data=bytes(data))
        assert not Backup.objects.exists()
        assert not list(store.rglob("*.backup"))

    def test_what_is_of_another_zone_node_or_deployment_is_refused(self, world, taking, zone, node):
        _, file = taking
        person, stranger = world.person(DINA), world.node("ams-2")
        for changes, signer, code in [
            ({"zone": {"id": "0" * 32, "name": "Payments"}}, node, "other-zone"),
            ({"deployment": "0" * 32}, node, "other-deployment"),
            ({"demo": False}, node, "other-deployment"),
            ({"node": {"id": "0" * 32, "name": "ams-1"}}, node, "unknown-node"),
            ({"identity": stranger.row.identity}, stranger, "other-node"),
        ]:
            manifest = type(file.manifest).model_validate_json(
                canonical.encode(file.manifest.model_dump(mode="json") | changes)
            )
            with pytest.raises(Invalid) as refused:
                backups.upload_backup(
                    person=person, zone=zone, data=signer.sign_archive(manifest, file.blobs).data
                )
            assert refused.value.code == code
        assert not Backup.objects.exists()

    @pytest.mark.parametrize("member", [ADA, IVO])
    def test_who_has_no_duty_in_the_zone_uploads_nothing(self, world, taking, zone, member):
        with pytest.raises(DomainError):
            backups.upload_backup(person=world.person(member), zone=zone, data=taking[1].data)


class TestPlanned:
    def test_the_plan_says_what_would_happen(self, world, zone, node):
        backup = taken_backup(world, zone, node)
        slot, file = Slot.objects.get(zone=zone), backups.open_backup(backup)
        gone = destroyed("cards", under=backup.proposal)

        def actions(**more):
            return {key["label"]: key["action"] for key in backups.plan_restore(file, slot, **more)}

        assert actions(replace=False) == {"cards": "create", "transfers": "skip"}
        assert actions(replace=True) == {"cards": "create", "transfers": "replace"}
        assert actions(replace=True, only={gone.pk}) == {"cards": "create"}

    def test_the_file_travels_with_the_warrant_and_nothing_else_does(self, world, zone, node):
        backup = taken_backup(world, zone, node)
        plan = backups.plan_restore(backups.open_backup(backup), Slot.objects.get(zone=zone), replace=True)
        proposal = restore(world, backup, node, plan)
        message = json.loads(OutboxMessage.objects.get(proposal=proposal, kind="warrant").message)
        [enclosed] = message["enclosures"]
        assert canonical.sha256_hex(canonical.b64u_decode(enclosed)) == backup.sha256
        take = json.loads(OutboxMessage.objects.get(proposal=backup.proposal, kind="warrant").message)
        assert take["enclosures"] == []

    def test_a_backup_that_is_not_here_cannot_even_be_drafted_for(self, world, zone, node):
        backup = taken_backup(world, zone, node)
        plan = backups.plan_restore(backups.open_backup(backup), Slot.objects.get(zone=zone), replace=True)
        backup.sha256 = "0" * 64
        with pytest.raises(Invalid) as refused:
            restore(world, backup, node, plan)
        assert refused.value.code == "unknown-backup"

    def test_a_file_that_was_altered_in_the_store_is_found_out(self, world, zone, node, store):
        backup = taken_backup(world, zone, node)
        path = store / zone.pk / f"{backup.sha256}.backup"
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(Refused):
            backups.open_backup(backup)
        path.unlink()
        with pytest.raises(Refused):
            backups.open_backup(backup)


def test_restored_keys_live_again_and_those_that_were_not_known_are(world, zone, node):
    backup = taken_backup(world, zone, node)
    slot, file = Slot.objects.get(zone=zone), backups.open_backup(backup)
    destroyed("cards", under=backup.proposal)
    KeyCopy.objects.filter(key__label="transfers").delete()
    Key.objects.filter(label="transfers").delete()
    assert read_backup(file.data) == file
    proposal = restore(world, backup, node, backups.plan_restore(file, slot, replace=False))
    node.answer(proposal, results={"backup": backup.sha256, "counts": {"create": 2}}, attachments=[])
    assert Proposal.objects.get(pk=proposal.pk).state == "done"
    living = Key.objects.filter(destroyed_at=None)
    assert {key.label: key.pk for key in living} == {key.label: key.id for key in file.manifest.keys}
    assert {key.label: key.public_key for key in living} == {
        key.label: key.public_key for key in file.manifest.keys
    }


def test_it_is_known_when_a_node_last_verified_it(world, zone, node):
    backup = taken_backup(world, zone, node)
    assert backups.last_verified(backup) is None
    parameters = backups.parameters_of(backup) | {"keys": backup.keys}
    proposal = world.propose("backup.verify/v1", parameters, by=DINA, nodes=[node])
    world.approve(proposal, EMIL)
    node.answer(proposal, results={"backup": backup.sha256, "keys": 2}, attachments=[])
    assert backups.last_verified(backup).proposal_id == proposal.pk
