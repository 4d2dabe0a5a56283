"""Lists cost the same however much is in them: a fixed number of queries, and no more for more rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast.people import CLEO, DINA

pytestmark = pytest.mark.django_db

# The session and its person are two; the rows one, and one for each thing that is fetched beside them.
BASE = 3
LISTS = {
    "organisations": BASE,
    "people": BASE + 2,
    "tokens": BASE + 1,
    "programs": BASE,
    "charters": BASE,
    "services": BASE,
    "zones": BASE,
    "keys": BASE,
    "applications": BASE + 2,
    "data-centres": BASE,
    "clusters": BASE + 1,
    "nodes": BASE,
    "slots": BASE,
    "share-sets": BASE + 1,
    "backup-keys": BASE,
    "ceremonies": BASE + 2,
    "backups": BASE,
    "receipts": BASE + 1,
    "proposals": BASE,
    "notices": BASE,
    "log": BASE,
    "log/export": BASE,
    "operations": BASE - 1,
}


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(f"/api/v1/{address}")
        content = b"".join(response) if response.streaming else response.content
    assert response.status_code == 200
    return len(captured), content


@pytest.fixture
def bigger(scene, make_program):
    """Makes more of everything."""

    def making():
        world = scene.world
        world.node("ams-2")
        world.zone(scene.service, name="Statements")
        make_program(world.meridian, "Another")
        make_program(world.northgate, "And another")
        for label in ("one", "two", "three"):
            world.key(scene.zone, scene.node, label=label)

    return making


@pytest.mark.parametrize("member", [CLEO, DINA], ids=lambda member: member.name)
def test_a_longer_list_takes_no_more_queries(scene, bigger, member, make_program):
    make_program(scene.world.meridian)
    make_program(scene.world.northgate)
    client = scene.as_member(member)
    client.get("/api/v1/me")
    before = {address: queries(client, address)[0] for address in LISTS}
    bigger()
    after = {address: queries(client, address)[0] for address in LISTS}

    assert before == LISTS
    assert after == LISTS
