"""What a token computes must not reach the console; where it does over REST, it is refused, with an alarm."""

import pytest

from hsmnodes.node.protocol.purposes import Purpose
from tenants.models import CharterVersion, LogEntry, Person, Proposal
from tests.cast.people import ADA, DINA, IVO
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db

SECRET = "c2VjcmV0IG9mIGEgdG9rZW4"
RESULTS = {"prf": {"results": {"first": SECRET}}}
PLACES = {
    "beside the assertion": lambda content: content | {"clientExtensionResults": RESULTS},
    "in the assertion": lambda content: {
        "assertion": content["assertion"] | {"clientExtensionResults": RESULTS}
    },
    "by itself, in the assertion": lambda content: {"assertion": content["assertion"] | RESULTS},
    "deep in a list": lambda content: content | {"more": [[{"x": [RESULTS]}]]},
}


@pytest.fixture
def proposal(world):
    """Cleo's proposal to enrol a node, which Ada may approve."""
    return world.propose_enrolment(world.node(enrolled=False))


def signed(member, purpose, data):
    return {"assertion": member.key.sign(purpose, data).model_dump(mode="json")}


def hand_in(client, address, content):
    return client.post(f"/api/v1/{address}", content, content_type="application/json")


def is_refused_with_an_alarm(response):
    assert response.status_code == 400
    assert SECRET not in response.content.decode()
    entry = LogEntry.objects.get(event="desk.secret-leaked")
    assert entry.severity == "alarm"
    assert Person.objects.get(pk=entry.subject).organisation_id in (entry.provider, entry.customer)
    assert SECRET.encode() not in bytes(entry.raw) + bytes(entry.document)


@pytest.mark.parametrize("place", PLACES)
def test_an_approval_with_a_secret_of_the_token_is_refused_with_an_alarm(client, world, proposal, place):
    sign_in(client, world.person(ADA))
    content = PLACES[place](signed(ADA, Purpose.APPROVE, bytes(proposal.raw)))
    is_refused_with_an_alarm(hand_in(client, f"proposals/{proposal.id}/approvals", content))
    assert not Proposal.objects.get(pk=proposal.pk).approvals.exists()


@pytest.mark.parametrize("kind", ["request", "rejections", "cancellations"])
def test_so_is_every_other_signature_about_a_proposal(client, world, proposal, kind):
    sign_in(client, world.person(ADA))
    content = signed(ADA, Purpose.APPROVE, bytes(proposal.raw)) | {"statement": "e30"} | RESULTS
    is_refused_with_an_alarm(hand_in(client, f"proposals/{proposal.id}/{kind}", content))


def test_so_is_the_signature_of_a_charter(client, world):
    world.draft_zone(world.service(world.node()))
    charter = CharterVersion.objects.get(state="collecting")
    sign_in(client, world.person(DINA))
    content = PLACES["in the assertion"](signed(DINA, Purpose.FOUND, bytes(charter.raw)))
    is_refused_with_an_alarm(hand_in(client, f"charters/{charter.pk}/signatures", content))
    assert not charter.signatures.exists()


def test_an_assertion_has_no_other_members(client, world, proposal):
    sign_in(client, world.person(ADA))
    content = signed(ADA, Purpose.APPROVE, bytes(proposal.raw))
    content["assertion"]["user_handle"] = "AAAA"
    assert hand_in(client, f"proposals/{proposal.id}/approvals", content).status_code == 422
    assert not Proposal.objects.get(pk=proposal.pk).approvals.exists()


def test_a_stranger_raises_no_alarm(client, world, proposal):
    sign_in(client, world.person(IVO))
    assert hand_in(client, f"proposals/{proposal.id}/approvals", RESULTS).status_code == 404
    assert not LogEntry.objects.filter(event="desk.secret-leaked").exists()
