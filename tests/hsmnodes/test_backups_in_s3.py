"""Backups in an S3-compatible store, by setting alone: what is kept there, and what is noticed of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from django.core.files.storage import storages

from hsmnodes import backups
from hsmnodes.models import Backup, Slot
from hsmnodes.models.backup import STORE
from hsmnodes.node.protocol.errors import Refused
from tenants.identifiers import new_id
from tests.cast.people import DINA, EMIL, FAY
from tests.servers.s3 import CREDENTIALS, S3Server
from tests.world.backups import answer_backup, make_file, propose_backup, without_backups

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "quorate-backups"


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start(BUCKET)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _in_bucket(s3, settings, monkeypatch):
    """The store that the console's settings give when they are told of the bucket."""
    told = {"QUORATE_BACKUP_BUCKET": BUCKET, "QUORATE_BACKUP_ENDPOINT": s3.endpoint}
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json; from console import settings; print(json.dumps(settings.STORAGES))",
        ],
        cwd=ROOT,
        env={**os.environ, **told},
        stdout=subprocess.PIPE,
        check=True,
    )
    settings.STORAGES = settings.STORAGES | {STORE: json.loads(shown.stdout)[STORE]}
    assert type(storages[STORE]).__module__ == "storages.backends.s3"
    yield
    for name in names(s3):
        s3.client.delete_object(Bucket=BUCKET, Key=name)


@pytest.fixture
def zone(world, node):
    zone = world.ready_zone(node)
    world.key(zone, node)
    without_backups()
    return zone


def names(s3) -> list[str]:
    return [one["Key"] for one in s3.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def take(world, zone, node):
    """A backup that the node takes, and its file."""
    proposal = world.approve(propose_backup(world, zone, node), EMIL, FAY)
    file = make_file(zone, node, proposal.id)
    answer_backup(proposal, node, file)
    return Backup.objects.get(pk=proposal.id), file


def test_a_backup_that_was_taken_is_one_object_of_exactly_its_bytes(world, zone, node, s3):
    backup, file = take(world, zone, node)
    assert names(s3) == [backup.file]
    assert s3.client.get_object(Bucket=BUCKET, Key=backup.file)["Body"].read() == file.data
    assert backups.open_backup(backup).data == file.data


def test_one_that_is_uploaded_is_there_once_and_goes_along_with_its_warrant(world, zone, node, s3):
    data = make_file(zone, node, new_id()).data
    for _ in range(2):
        backup = backups.upload_backup(person=world.person(DINA), zone=zone, data=data)
    assert names(s3) == [backup.file]
    plan = backups.plan_restore(backups.open_backup(backup), Slot.objects.get(), replace=True)
    parameters = backups.parameters_of(backup) | {"keys": plan}
    proposal = world.propose("backup.restore/v1", parameters, by=DINA, nodes=[node])
    pieces = backups.pieces_of(backup.sha256, world.approve(proposal, EMIL, FAY))
    assert pieces == {backup.sha256: data}


def test_whoever_owns_the_bucket_is_noticed_in_what_they_change_or_remove(world, zone, node, s3):
    backup, file = take(world, zone, node)
    s3.client.put_object(Bucket=BUCKET, Key=backup.file, Body=file.data[:-1] + b"?")
    with pytest.raises(Refused, match="not the one that was stored"):
        backups.open_backup(backup)
    s3.client.delete_object(Bucket=BUCKET, Key=backup.file)
    with pytest.raises(Refused, match="missing"):
        backups.open_backup(backup)


def test_a_store_that_does_not_answer_loses_no_backup(world, zone, node, s3):
    proposal = world.approve(propose_backup(world, zone, node), EMIL, FAY)
    file = make_file(zone, node, proposal.id)
    s3.client.delete_bucket(Bucket=BUCKET)
    with pytest.raises(ClientError):
        answer_backup(proposal, node, file)
    assert not Backup.objects.exists()
    s3.make_bucket(BUCKET)
    answer_backup(proposal, node, file)
    assert backups.open_backup(Backup.objects.get()).data == file.data
