"""Suspending a token on the page of its holder: where it counts, who may stop it, and how it comes back."""

import pytest

from hsmnodes.node.agent.messages import read_to_node
from hsmnodes.node.protocol.documents import Suspension as SuspensionDocument
from hsmnodes.node.protocol.documents import SuspensionStatement
from hsmnodes.node.protocol.purposes import Purpose
from tenants import suspensions
from tenants.models import DeskTicket, Proposal, Suspension, Token
from tests.cast.people import ADA, BEN, IVO, JON
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def node(world):
    return world.node()


@pytest.fixture
def other(world, node):
    return world.node("ams-2")


@pytest.fixture
def held(world, other):
    """Ada's token, suspended for Northgate by Jon."""
    statement = suspensions.draft_statement(
        token=Token.objects.get(credential_id=ADA.key.credential_id),
        authority=world.northgate.id,
        by=world.person(JON),
        reason="It was stolen.",
    )
    assertion = JON.key.sign(Purpose.SUSPEND, statement.raw)
    return suspensions.suspend(statement=statement.raw, assertion=assertion, person=world.person(JON))


def page_of(client, member):
    return client.get(f"/people/{member.id}").content.decode()


def test_an_officer_is_offered_to_stop_it_on_hsms_too_and_a_colleague_is_not(client, world, node):
    sign_in(client, world.person(JON))
    assert "Stop it counting for Northgate, on HSMs too" in page_of(client, ADA)
    sign_in(client, world.person(BEN))
    assert "on HSMs too</button>" not in page_of(client, ADA)


def test_the_desk_is_given_the_very_statement(client, world, node):
    sign_in(client, world.person(JON))
    token = Token.objects.get(credential_id=ADA.key.credential_id)
    answer = client.post(
        f"/desk/suspend/{token.pk}", {"authority": world.northgate.id, "reason": "It  was\nstolen."}
    )
    assert answer.status_code == 303
    stated = SuspensionStatement.from_bytes(bytes(DeskTicket.objects.get(purpose="suspend").document))
    assert (stated.person.id, stated.by.id, stated.reason) == (ADA.id, JON.id, "It was stolen.")
    assert stated.credential_id == ADA.key.credential_id


def test_who_could_not_sign_it_is_not_sent_to_the_desk(client, world, node):
    token = Token.objects.get(credential_id=ADA.key.credential_id)
    wanted = {"authority": world.northgate.id, "reason": "It was stolen."}
    for member, status in ((BEN, 403), (IVO, 404)):
        sign_in(client, world.person(member))
        assert client.post(f"/desk/suspend/{token.pk}", wanted).status_code == status
    assert not DeskTicket.objects.filter(purpose="suspend").exists()


def test_the_page_says_by_whom_and_why_and_gives_the_file_for_nodes(client, world, held):
    sign_in(client, world.person(BEN))
    text = page_of(client, ADA)
    assert "Suspended on HSMs" in text
    assert "Jon: It was stolen." in text
    answer = client.get(f"/people/{ADA.id}/suspensions/{held.pk}.json")
    message = read_to_node(answer.content.decode())
    assert message.kind == "suspension"
    assert answer["Content-Disposition"].startswith("attachment")
    assert SuspensionDocument.from_bytes(bytes(held.raw)).stated.by.name == "Jon"
    sign_in(client, world.person(IVO))
    assert client.get(f"/people/{ADA.id}/suspensions/{held.pk}.json").status_code == 404


def test_a_quorum_is_proposed_to_let_it_count_again_on_every_node(client, world, node, other, held):
    sign_in(client, world.person(JON))
    answer = client.post(f"/people/{ADA.id}/suspensions/{held.pk}/reinstate", {"reason": "It was found."})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    draft = Proposal.objects.get(operation="token.reinstate/v1")
    assert {one.id for one in draft.document.nodes} == {node.id, other.id}
    assert Suspension.objects.get().lifted_at is None
