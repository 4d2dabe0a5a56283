"""Asking again and again: answered from what the asker has, as long as nothing changed."""

import pytest

from tests.cast.people import BEN, CLEO
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db


def test_what_did_not_change_is_not_sent_again(world, client):
    proposal = world.propose_enrolment(world.node(enrolled=False))
    sign_in(client, world.person(CLEO))
    for address in ("proposals", f"proposals/{proposal.id}", f"proposals/{proposal.id}/document"):
        first = client.get(f"/api/v1/{address}")
        tag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = client.get(f"/api/v1/{address}", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")


def test_what_changed_is_sent(world, client):
    proposal = world.propose_enrolment(world.node(enrolled=False))
    sign_in(client, world.person(CLEO))
    address = f"/api/v1/proposals/{proposal.id}"
    tag = client.get(address).headers["ETag"]
    world.approve(proposal, BEN)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_a_refusal_is_never_taken_for_what_was_there(world, client):
    proposal = world.propose_enrolment(world.node(enrolled=False))
    sign_in(client, world.person(CLEO))
    address = f"/api/v1/proposals/{proposal.id}"
    tag = client.get(address).headers["ETag"]
    client.cookies.clear()
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 401
