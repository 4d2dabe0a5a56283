"""Suspending tokens: at once on the console, by one signature on the nodes, undone by a quorum alone."""

import json

import pytest

from hsmnodes.dispatch import suspension_message
from hsmnodes.models import OutboxMessage
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charter_drafts, charters, suspensions, tokens, verdicts, workflow
from tenants.charter_drafts import Duty
from tenants.errors import DomainError, NotAllowed, NotVisible, WrongState
from tenants.models import CharterVersion, LogEntry, Proposal, State, Suspension, Token
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, IVO, JON, LEA

pytestmark = pytest.mark.django_db

REASON = "It was left in a taxi."


@pytest.fixture
def zone(world, node, once):
    return once(lambda: world.ready_zone(node), node)


def token_of(member) -> Token:
    return Token.objects.select_related("person__organisation").get(credential_id=member.key.credential_id)


def suspend(world, member, authority, *, by, purpose=Purpose.SUSPEND):
    person = world.person(by)
    statement = suspensions.draft_statement(
        token=token_of(member), authority=authority, by=person, reason=REASON
    )
    assertion = by.key.sign(purpose, statement.raw)
    return suspensions.suspend(statement=statement.raw, assertion=assertion, person=person)


def propose_renewal(world, zone) -> Proposal:
    """Dina proposes the next version of a zone's charter, with the same people and rules."""
    current = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    duties = [Duty(world.person(one), one.roles) for one in (DINA, EMIL, FAY)]
    made = charter_drafts.draft_amendment(current=current, duties=duties, by=world.person(DINA))
    parameters = {
        "authority": made.document.authority.model_dump(mode="json"),
        "version": made.version,
        "charter": made.hash,
    }
    return world.propose("charter.amend/v1", parameters, by=DINA)


def sent_to_nodes():
    return [
        (row.node.name, json.loads(row.message)["suspension"])
        for row in OutboxMessage.objects.filter(kind="suspension").select_related("node")
    ]


def test_one_officer_stops_a_token_here_and_on_every_node_that_goes_by_the_charter(world, node, zone):
    other = world.node("ams-2")
    made = suspend(world, ADA, world.northgate.id, by=JON)
    assert token_of(ADA).suspended_at is not None
    assert {name for name, _ in sent_to_nodes()} == {"ams-1", "ams-2"}
    assert {text for _, text in sent_to_nodes()} == {json.loads(suspension_message(made))["suspension"]}
    assert LogEntry.objects.filter(event="token.suspended", severity="alarm").count() == 1
    assert other.row.enrolled_at is not None


def test_the_nodes_of_a_zone_hear_of_it_from_who_signs_for_the_zone(world, node, zone):
    world.node("ams-2")
    suspend(world, FAY, zone.pk, by=FAY)
    assert [name for name, _ in sent_to_nodes()] == ["ams-1"]


def test_nobody_suspends_a_fellow_if_too_few_are_left_to_lift_it(world, node, zone):
    with pytest.raises(Refused, match="Too few"):
        suspend(world, FAY, zone.pk, by=DINA)
    assert not Suspension.objects.exists()


def test_every_later_warrant_carries_it_so_that_no_broker_can_lose_it(world, node, zone):
    made = suspend(world, BEN, world.northgate.id, by=JON)
    export = {"node": node.row.named().model_dump(), "from_sequence": 1, "to_sequence": 2}
    proposal = world.propose("node.export-log/v1", export, by=CLEO, nodes=[node])
    world.approve(proposal, ADA)
    row = OutboxMessage.objects.get(proposal=proposal, kind="warrant")
    assert json.loads(row.message)["suspensions"] == [json.loads(suspension_message(made))["suspension"]]


class TestCounting:
    def test_an_approval_that_was_given_counts_no_more(self, world, node, zone):
        proposal = world.approve(world.propose_key(zone, node), EMIL)
        assert Proposal.objects.get(pk=proposal.pk).seats_filled == 1
        suspend(world, EMIL, world.meridian.id, by=LEA)
        proposal = Proposal.objects.get(pk=proposal.pk)
        assert proposal.seats_filled == 0
        [ignored] = verdicts.standing_of(proposal).ignored
        assert ignored.code == "suspended"
        with pytest.raises(DomainError):
            world.approve(proposal, EMIL)

    def test_nor_does_it_when_somebody_else_approves(self, world, node, zone):
        """A charter, which no node carries out, would be in force here by a signature that counts nowhere."""
        proposal = propose_renewal(world, zone)
        world.approve(proposal, EMIL)
        suspend(world, EMIL, world.meridian.id, by=LEA)
        proposal = world.approve(Proposal.objects.get(pk=proposal.pk), FAY)
        assert proposal.state == State.PROPOSED
        assert (proposal.seats, proposal.seats_filled) == (4, 2)
        assert charters.in_force([zone.pk])[zone.pk].version == 1

    def test_whose_approval_counts_no_more_does_not_approve_once_more(self, world, node):
        second = EMIL.second_key.token().model_copy(update={"label": "Another"})
        tokens.enrol_token(person=world.person(EMIL), token=second, invitation=None)
        zone = world.ready_zone(node)
        proposal = world.approve(world.propose_key(zone, node), EMIL)
        suspend(world, EMIL, world.meridian.id, by=LEA)
        signed = EMIL.second_key.sign(Purpose.APPROVE, bytes(proposal.raw))
        with pytest.raises(WrongState, match="with a token that was suspended since"):
            workflow.approve(proposal=proposal, person=world.person(EMIL), assertion=signed)
        assert Proposal.objects.get(pk=proposal.pk).approvals.count() == 1

    def test_a_warrant_is_not_sent_that_nodes_would_refuse_for_it(self, world, node, zone):
        proposal = world.approve(world.propose_key(zone, node), EMIL)
        suspend(world, EMIL, world.meridian.id, by=LEA)
        assert world.approve(Proposal.objects.get(pk=proposal.pk), FAY).state == State.PROPOSED
        assert not OutboxMessage.objects.filter(proposal=proposal).exists()

    def test_a_token_that_this_console_alone_stopped_counts_no_more_either(self, world, node, zone):
        proposal = world.approve(world.propose_key(zone, node), EMIL)
        tokens.suspend_token(token=token_of(EMIL), reason=REASON, by=world.person(EMIL))
        suspensions.recount(token_of(EMIL))
        assert Proposal.objects.get(pk=proposal.pk).seats_filled == 0

    def test_what_was_authorised_before_stays_shown_as_it_was(self, world, node, zone):
        proposal = world.key(zone, node)
        suspend(world, EMIL, world.meridian.id, by=LEA)
        assert verdicts.standing_of(Proposal.objects.get(pk=proposal.pk)).authorised


class TestWhoMay:
    def test_the_holder_may(self, world, node):
        suspend(world, ADA, world.northgate.id, by=ADA)
        assert token_of(ADA).suspended_at is not None

    @pytest.mark.parametrize("member", [BEN, CLEO], ids=lambda one: one.name)
    def test_colleagues_may_not(self, world, node, member):
        with pytest.raises(NotAllowed):
            suspend(world, ADA, world.northgate.id, by=member)
        assert not Suspension.objects.exists()

    def test_who_does_not_see_the_charter_does_not_learn_of_it(self, world, node):
        with pytest.raises(NotVisible):
            suspend(world, DINA, world.meridian.id, by=IVO)

    def test_a_signature_for_something_else_does_not_suspend(self, world, node):
        with pytest.raises((Refused, DomainError)):
            suspend(world, ADA, world.northgate.id, by=JON, purpose=Purpose.CANCEL)
        assert not Suspension.objects.exists()

    def test_it_is_suspended_once(self, world, node):
        suspend(world, ADA, world.northgate.id, by=JON)
        with pytest.raises(WrongState):
            suspend(world, ADA, world.northgate.id, by=JON)


class TestReinstating:
    def proposal(self, world, node, held):
        parameters = {
            "authority": {"kind": held.kind, "id": held.authority, "name": held.name},
            "person": held.token.person.named().model_dump(),
            "credential_id": held.token.credential_id,
            "statement": held.statement_hash,
        }
        return world.propose("token.reinstate/v1", parameters, by=EMIL, nodes=[node])

    def test_only_a_quorum_lifts_it_and_then_an_officer_clears_it_here(self, world, node, zone):
        held = suspend(world, DINA, world.meridian.id, by=LEA)
        with pytest.raises(WrongState):
            tokens.clear_token(token=token_of(DINA), by=world.person(LEA))
        charter = charters.in_force([world.meridian.id])[world.meridian.id]
        assert charter.rule("token.reinstate/v1") is not None
        proposal = self.proposal(world, node, held)
        proposal = world.approve(proposal, GUS, LEA)
        node.answer(proposal, results={"credential_id": held.token.credential_id})
        held.refresh_from_db()
        assert held.lifted_by == proposal
        tokens.clear_token(token=token_of(DINA), by=world.person(LEA))
        assert token_of(DINA).suspended_at is None
