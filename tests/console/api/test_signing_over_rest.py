"""Handing in over REST what people signed at the desk: the same rules as everywhere."""

import time

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import CancellationStatement, RejectionStatement
from hsmnodes.node.protocol.documents.signatures import Signer
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charter_drafts
from tenants.charter_drafts import Duty
from tenants.models import CharterState, Proposal, State, Token
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, IVO, JON, LUMEN_PEOPLE, OLGA, make_id
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposal(world):
    """Cleo's proposal to enrol a node: Ada and Ben are asked."""
    return world.propose_enrolment(world.node(enrolled=False))


@pytest.fixture
def hand_in(world, client):
    """Posts what `member` signed."""

    def handing(member, address, **content):
        sign_in(client, world.person(member))
        return client.post(f"/api/v1/{address}", content, content_type="application/json")

    return handing


def signed(member, purpose, data):
    return member.key.sign(purpose, data).model_dump(mode="json")


def state(proposal):
    return Proposal.objects.get(pk=proposal.pk).state


def statement(kind, proposal, member):
    return kind(
        deployment=make_id("deployment"),
        proposal=proposal.id,
        proposal_hash=proposal.hash,
        person=Signer(id=member.id, name=member.name),
        reason="It is not what we agreed.",
        at=int(time.time()),
    ).raw


def test_a_draft_is_proposed_by_its_requester(world, hand_in):
    node = world.node(enrolled=False)
    draft = world.draft("node.enrol/v1", node.enrolment, by=CLEO, nodes=[node])
    response = hand_in(
        CLEO, f"proposals/{draft.id}/request", assertion=signed(CLEO, Purpose.PROPOSE, bytes(draft.raw))
    )
    assert (response.status_code, response.json()["state"]) == (201, "proposed")


def test_approvals_come_one_by_one_until_it_is_authorised(proposal, hand_in):
    address, raw = f"proposals/{proposal.id}/approvals", bytes(proposal.raw)

    first = hand_in(ADA, address, assertion=signed(ADA, Purpose.APPROVE, raw)).json()
    assert (first["state"], first["verdict"]["missing"]) == ("proposed", 1)
    assert [one["person"]["name"] for one in first["approvals"]] == ["Ada"]

    last = hand_in(BEN, address, assertion=signed(BEN, Purpose.APPROVE, raw)).json()
    assert (last["state"], last["verdict"]["authorised"]) == ("authorised", True)


@pytest.mark.parametrize(
    ("member", "by", "purpose", "code"),
    [
        (CLEO, CLEO, Purpose.APPROVE, "requester"),
        (JON, JON, Purpose.APPROVE, "no-seat"),
        (ADA, BEN, Purpose.APPROVE, "other-person"),
        (ADA, ADA, Purpose.PROPOSE, "challenge"),
    ],
    ids=["the requester", "without a seat", "with another's token", "for another purpose"],
)
def test_what_does_not_count_is_refused_with_the_reason(proposal, hand_in, member, by, purpose, code):
    response = hand_in(
        member,
        f"proposals/{proposal.id}/approvals",
        assertion=signed(by, purpose, bytes(proposal.raw)),
    )
    assert response.status_code == 422
    assert code in response.json()["code"]
    assert not Proposal.objects.get(pk=proposal.pk).approvals.exists()


def test_a_broken_assertion_is_refused(proposal, hand_in):
    good = signed(ADA, Purpose.APPROVE, bytes(proposal.raw))
    for name in good:
        response = hand_in(ADA, f"proposals/{proposal.id}/approvals", assertion=good | {name: "AAAA"})
        assert response.status_code == 422, name
    not_canonical = hand_in(ADA, f"proposals/{proposal.id}/approvals", assertion=good | {"signature": "AB"})
    assert not_canonical.status_code == 422
    not_base64 = hand_in(ADA, f"proposals/{proposal.id}/approvals", assertion=good | {"signature": "!"})
    assert not_base64.status_code == 400
    assert state(proposal) == State.PROPOSED


def test_a_rejection_closes_it(proposal, hand_in):
    data = statement(RejectionStatement, proposal, BEN)
    response = hand_in(
        BEN,
        f"proposals/{proposal.id}/rejections",
        statement=canonical.b64u(data),
        assertion=signed(BEN, Purpose.REJECT, data),
    )
    assert (response.status_code, response.json()["state"]) == (201, "rejected")
    assert response.json()["verdict"]["closed"] == {
        "kind": "rejected",
        "person": "Ben",
        "reason": "It is not what we agreed.",
    }


def test_a_cancellation_closes_it(proposal, hand_in):
    data = statement(CancellationStatement, proposal, CLEO)
    response = hand_in(
        CLEO,
        f"proposals/{proposal.id}/cancellations",
        statement=canonical.b64u(data),
        assertion=signed(CLEO, Purpose.CANCEL, data),
    )
    assert (response.status_code, response.json()["state"]) == (201, "cancelled")


def test_a_rejection_is_no_cancellation(proposal, hand_in):
    data = statement(RejectionStatement, proposal, BEN)
    response = hand_in(
        BEN,
        f"proposals/{proposal.id}/cancellations",
        statement=canonical.b64u(data),
        assertion=signed(BEN, Purpose.REJECT, data),
    )
    assert response.status_code == 422
    assert state(proposal) == State.PROPOSED


def test_what_is_closed_takes_no_more_signatures(world, proposal, hand_in):
    world.reject(proposal, BEN)
    response = hand_in(
        ADA,
        f"proposals/{proposal.id}/approvals",
        assertion=signed(ADA, Purpose.APPROVE, bytes(proposal.raw)),
    )
    assert (response.status_code, response.json()["code"]) == (409, "wrong-state")


def test_a_token_that_need_not_sign_a_charter_does_not(world, hand_in):
    """An amendment is signed by new tokens; those that were in it already stand behind it by approving."""
    duties = [Duty(world.person(member), member.roles) for member in LUMEN_PEOPLE]
    current = world.lumen.charters.get()
    amended = charter_drafts.draft_amendment(current=current, duties=duties, by=duties[0].person)
    response = hand_in(
        IVO, f"charters/{amended.id}/signatures", assertion=signed(IVO, Purpose.FOUND, bytes(amended.raw))
    )
    assert (response.status_code, response.json()["code"]) == (409, "signed-already")


def test_a_zones_charter_collects_signatures_over_rest(scene, hand_in):
    charter = scene.world.draft_zone(scene.service, name="Statements")
    address = f"charters/{charter.id}/signatures"
    for left, member in ((2, DINA), (1, EMIL), (0, FAY)):
        response = hand_in(member, address, assertion=signed(member, Purpose.FOUND, bytes(charter.raw)))
        assert response.status_code == 201
        assert len(response.json()["unsigned"]) == left
    assert response.json()["state"] == CharterState.COLLECTING

    refused = hand_in(GUS, address, assertion=signed(GUS, Purpose.FOUND, bytes(charter.raw)))
    assert (refused.status_code, refused.json()["code"]) == (403, "not-in-charter")
    stranger = hand_in(OLGA, address, assertion=signed(OLGA, Purpose.FOUND, bytes(charter.raw)))
    assert stranger.status_code == 404


def test_handing_in_anothers_signature_again_does_not_suspend_their_token(proposal, hand_in):
    """Everyone concerned can see what Ada signed, and by its counter it would look like a copy's."""
    address, adas = f"proposals/{proposal.id}/approvals", signed(ADA, Purpose.APPROVE, bytes(proposal.raw))
    assert hand_in(ADA, address, assertion=adas).status_code == 201

    response = hand_in(CLEO, address, assertion=adas)

    assert (response.status_code, response.json()["code"]) == (422, "other-person")
    assert Token.objects.get(person=ADA.id).suspended_at is None
