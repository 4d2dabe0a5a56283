"""Uploading the file of a backup over REST: by whom, and what is refused."""

import pytest

from hsmnodes.models import Backup
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.backups import LONGEST_BACKUP
from tenants.identifiers import new_id
from tests.cast.people import CLEO, DINA, HANA, IVO
from tests.console.api.test_refusals import problem
from tests.world.backups import make_file, without_backups

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/backups"


@pytest.fixture
def data(scene):
    """A backup that the node took and somebody kept."""
    without_backups()
    return make_file(scene.zone, scene.node, new_id()).data


def upload(scene, member, data, **changes):
    body = {"zone": scene.zone.id, "file": canonical.b64u(data)} | changes
    return scene.as_member(member).post(ADDRESS, body, content_type="application/json")


def test_a_key_manager_stores_a_backup_and_gets_it_back(scene, data):
    answer = upload(scene, DINA, data)
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["sha256"], shown["size"], shown["proposal"]) == (
        canonical.sha256_hex(data),
        len(data),
        None,
    )
    assert answer.headers["Location"] == f"{ADDRESS}/{shown['id']}"
    file = scene.as_member(HANA).get(f"{ADDRESS}/{shown['id']}/file")
    assert file.content == data
    again = upload(scene, DINA, data)
    assert (again.status_code, again.json()["id"]) == (200, shown["id"])


def test_strangers_learn_nothing_and_those_without_a_duty_may_not(scene, data, program):
    problem(upload(scene, IVO, data), 404, "not-found")
    for member in (HANA, CLEO):
        assert upload(scene, member, data).status_code == 403
    refused = program.post(ADDRESS, {"zone": scene.zone.id, "file": canonical.b64u(data)})
    assert (refused.status_code, refused.json()["code"]) == (403, "people-only")
    assert not Backup.objects.exists()


@pytest.mark.parametrize(
    ("place", "code"),
    [(3, "not-a-backup"), (20, "manifest-altered"), (60, "manifest-altered"), (-1, "blob-altered")],
)
def test_what_does_not_hold_is_refused_and_named(scene, data, place, code):
    altered = bytearray(data)
    altered[place] ^= 1
    problem(upload(scene, DINA, bytes(altered)), 422, code)
    assert not Backup.objects.exists()


def test_a_body_that_is_none_or_too_long_is_refused(scene, data):
    problem(upload(scene, DINA, data, file="ab+/"), 400, "invalid")
    problem(upload(scene, DINA, data, more=1), 400, "invalid")
    problem(upload(scene, DINA, bytes(LONGEST_BACKUP + 2_000)), 413, "too-large")
    too_long = scene.as_member(DINA).post(
        "/api/v1/proposals", {"reason": "x" * 300_000}, content_type="application/json"
    )
    problem(too_long, 413, "too-large")
