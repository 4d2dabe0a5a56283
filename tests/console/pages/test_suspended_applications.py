"""Suspending an application on its page: who may, where it shows, what nodes are told, how it comes back."""

import pytest

from console.pages.attention import concerns
from hsmnodes import suspending
from hsmnodes.models import Application as ApplicationRow
from hsmnodes.models import ApplicationSuspension, OutboxMessage
from hsmnodes.node.agent.messages import read_to_node
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import ApplicationSuspensionStatement, Suspension
from hsmnodes.node.protocol.purposes import Purpose
from tenants.errors import NotAllowed, SignatureNotAccepted, WrongState
from tenants.models import DeskTicket, Notice, Proposal, Token
from tenants.notices import kinds, telling
from tests.cast.people import ADA, CLEO, DINA, EMIL, FAY, GUS, HANA, IVO
from tests.world.applications import admit, suspend

pytestmark = pytest.mark.django_db


@pytest.fixture
def zone(world, node, once):
    def make():
        zone = world.ready_zone(node)
        world.key(zone, node)
        admit(world, zone, node)
        return zone

    return once(make, node)


@pytest.fixture
def webshop(zone):
    return ApplicationRow.objects.get()


def page_of(client, application):
    return client.get(f"/applications/{application.pk}").content.decode()


def test_a_key_manager_is_offered_to_suspend_it_and_an_officer_is_not(as_, webshop):
    assert "Suspend it at once" in page_of(as_(DINA), webshop)
    for member in (GUS, HANA, CLEO):
        assert "Suspend it at once" not in page_of(as_(member), webshop)


def test_the_desk_is_given_the_very_statement(as_, webshop, zone):
    answer = as_(DINA).post(f"/desk/suspend-application/{webshop.pk}", {"reason": "It  was\nstolen."})
    assert answer.status_code == 303
    raw = bytes(DeskTicket.objects.get(purpose="suspend").document)
    stated = ApplicationSuspensionStatement.from_bytes(raw)
    assert (stated.application.id, stated.by.id, stated.reason) == (webshop.pk, DINA.id, "It was stolen.")
    assert (stated.authority.kind, stated.authority.id) == ("zone", zone.pk)


def test_who_could_not_sign_it_is_not_sent_to_the_desk(as_, webshop):
    for member, status in ((GUS, 403), (CLEO, 403), (IVO, 404)):
        answer = as_(member).post(f"/desk/suspend-application/{webshop.pk}", {"reason": "Stolen."})
        assert answer.status_code == status
    assert not DeskTicket.objects.filter(purpose="suspend").exists()


def test_every_node_of_the_zone_is_told_and_the_node_takes_it_as_it_stands(world, webshop):
    made = suspend(world, webshop)
    [sent] = OutboxMessage.objects.filter(kind="suspension")
    message = read_to_node(sent.message)
    assert canonical.b64u_decode(message.suspension) == bytes(made.raw)
    assert Suspension.from_bytes(bytes(made.raw)).stated_of_application.sha256 == made.statement_hash


def test_every_later_warrant_of_the_zone_carries_it_so_that_no_broker_can_lose_it(world, webshop, zone, node):
    made = suspend(world, webshop)
    world.approve(world.propose_key(zone, node, label="late"), EMIL, FAY)
    message = read_to_node(OutboxMessage.objects.filter(kind="warrant").latest("pk").message)
    assert message.suspensions == (canonical.b64u(bytes(made.raw)),)


def test_it_shows_wherever_the_application_does(as_, world, webshop, zone):
    suspend(world, webshop)
    client = as_(EMIL)
    text = page_of(client, webshop)
    assert "It is suspended</strong>" in text
    assert "Has it" not in text
    assert "Dina: Its host was broken into." in text
    for path in (f"/zones/{zone.pk}", f"/keys/{webshop.keys[0]['id']}"):
        assert "Suspended" in client.get(path).content.decode()
    [concern] = [one for one in concerns(world.person(EMIL)) if "webshop" in one.title]
    assert (concern.state, concern.address) == ("bad", f"/applications/{webshop.pk}")


def test_the_api_says_by_whom_and_why(as_, world, webshop):
    made = suspend(world, webshop)
    client = as_(EMIL)
    [said] = client.get(f"/api/v1/applications/{webshop.pk}").json()["suspensions"]
    assert (said["by"]["name"], said["statement"]) == ("Dina", made.statement_hash)
    for asked, count in (("yes", 1), ("no", 0)):
        found = client.get(f"/api/v1/applications?suspended={asked}").json()["results"]
        assert len(found) == count


def test_the_page_gives_the_file_for_nodes(as_, world, webshop):
    made = suspend(world, webshop)
    answer = as_(DINA).get(f"/applications/{webshop.pk}/suspensions/{made.pk}.json")
    assert read_to_node(answer.content.decode()).kind == "suspension"
    assert as_(IVO).get(f"/applications/{webshop.pk}/suspensions/{made.pk}.json").status_code == 404


def test_everyone_concerned_is_told(world, webshop):
    telling.sweep()
    Notice.objects.all().delete()
    suspend(world, webshop)
    telling.sweep()
    told = Notice.objects.filter(occasion__event=kinds.APPLICATION_SUSPENDED)
    names = set(told.values_list("person__name", flat=True))
    assert {"Emil", "Fay", "Gus", "Hana", "Ada"} <= names
    assert not names & {"Dina", "Ivo"}


def test_only_its_own_signature_counts_and_an_application_that_is_gone_is_not_suspended(world, webshop):
    person = world.person(DINA)
    statement = suspending.draft_statement(application=webshop, by=person, reason="Stolen.")
    forged = EMIL.key.sign(Purpose.SUSPEND, statement.raw)
    with pytest.raises(SignatureNotAccepted):
        suspending.suspend(statement=statement.raw, assertion=forged, person=person)
    other = DINA.key.sign(Purpose.CANCEL, statement.raw)
    with pytest.raises(SignatureNotAccepted):
        suspending.suspend(statement=statement.raw, assertion=other, person=person)
    with pytest.raises(NotAllowed):
        suspending.draft_statement(application=webshop, by=world.person(ADA), reason="Stolen.")
    assert not ApplicationSuspension.objects.exists()
    ApplicationRow.objects.update(removed_at=webshop.created_at, removed_by=webshop.proposal)
    webshop.refresh_from_db()
    with pytest.raises(WrongState):
        suspending.draft_statement(application=webshop, by=person, reason="Stolen.")


def test_a_token_that_is_suspended_here_suspends_nothing(world, webshop):
    Token.objects.filter(credential_id=DINA.key.credential_id).update(suspended_at=webshop.created_at)
    with pytest.raises(SignatureNotAccepted):
        suspend(world, webshop)


def test_a_quorum_resumes_it_by_what_the_form_knows(as_, world, webshop, zone, node):
    made = suspend(world, webshop)
    sought = {"zone": zone.pk, "application": webshop.pk, "on_node": node.id}
    response = as_(DINA).post(
        "/propose/application.resume/v1", {**sought, "reason": "It is clean.", "lifetime": "259200"}
    )
    assert response.status_code == 302, response.content.decode()
    drafted = Proposal.objects.get(operation="application.resume/v1")
    assert drafted.document.parameters["statements"] == [made.statement_hash]
    proposal = world.propose("application.resume/v1", drafted.document.parameters, by=DINA, nodes=[node])
    proposal = world.approve(proposal, EMIL, FAY)
    node.answer(proposal, results={"application": drafted.document.parameters["application"]})
    made.refresh_from_db()
    assert made.lifted_by_id == proposal.pk
    text = page_of(as_(DINA), webshop)
    assert "It is suspended" not in text
    assert "Has it" in text
    assert "Earlier suspensions" in text


def test_what_is_not_suspended_is_not_resumed(as_, webshop, zone, node):
    sought = {"zone": zone.pk, "application": webshop.pk, "on_node": node.id}
    response = as_(DINA).post(
        "/propose/application.resume/v1", {**sought, "reason": "Why not.", "lifetime": "259200"}
    )
    assert response.status_code == 422
    assert "not suspended" in response.content.decode()
