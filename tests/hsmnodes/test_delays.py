"""Delays as the console carries them: told by the node, sent again when due, stopped by anyone eligible."""

from datetime import timedelta

import pytest

from hsmnodes.models import OutboxMessage
from hsmnodes.node.agent.messages import CancellationMessage, ChartersMessage, read_to_node
from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, CharterLink, Role
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charter_drafts, charters, clock, execution, suspensions
from tenants.charter_drafts import Duty, Terms
from tenants.errors import WrongState
from tenants.models import CharterVersion, LogEntry, Proposal, State
from tests.cast.people import DINA, EMIL, FAY, GUS, LEA
from tests.world.statements import amend
from tests.world.world import World

pytestmark = pytest.mark.django_db

DAY = 86_400
DELAY = 2 * DAY
GENERATE, AMEND, FOUND = "key.generate/v1", "charter.amend/v1", "zone.found/v1"


def terms(operation: str, **members: int) -> Terms:
    return Terms(
        rules=tuple(
            one.model_copy(update=members) if one.operation == operation else one
            for one in default_rules(AuthorityKind.ZONE)
        )
    )


@pytest.fixture
def world():
    return World()


@pytest.fixture
def node(world):
    return world.node()


@pytest.fixture
def zone(world, node):
    zone = world.zone(world.service(node), terms=terms(GENERATE, delay=DELAY))
    world.slot(zone, node)
    return zone


@pytest.fixture
def proposal(world, zone, node):
    """Keys in the zone: authorised, and sent."""
    return world.approve(world.propose_key(zone, node), EMIL, FAY)


def waits(node, proposal, *, due_in: int = DELAY) -> Proposal:
    """The node answers that it waits."""
    now = clock.unix_now()
    results = {"announced_at": now, "due_at": now + due_in}
    node.answer(proposal, outcome="refused", code="delayed", results=results, detail="It must wait.")
    return Proposal.objects.get(pk=proposal.pk)


def warrant_row(proposal) -> OutboxMessage:
    return OutboxMessage.objects.get(proposal=proposal, kind="warrant")


def test_a_node_s_word_that_it_waits_is_no_refusal(node, proposal):
    waiting = waits(node, proposal)
    assert (waiting.state, waiting.is_running) == (State.DELAYED, True)
    assert waiting.due_at - clock.now() > timedelta(seconds=DELAY - 60)
    assert LogEntry.objects.filter(event="proposal.delayed").count() == 1


def test_the_warrant_is_sent_again_when_the_delay_is_over_and_not_before(node, proposal):
    waits(node, proposal)
    row = warrant_row(proposal)
    assert row.settled_at is None
    assert row.next_at >= clock.now() + timedelta(seconds=DELAY - 60)


def test_it_is_done_then_like_any(node, proposal):
    waits(node, proposal)
    node.answer(proposal, results=node.key_results(proposal))
    done = Proposal.objects.get(pk=proposal.pk)
    assert done.state == State.DONE
    assert warrant_row(done).settled_at is not None


def test_a_delay_that_no_rule_can_have_is_a_refusal_like_any(node, proposal):
    assert waits(node, proposal, due_in=31 * DAY).state == State.REFUSED


def test_it_can_be_cancelled_while_it_waits_and_the_node_is_asked_at_once(world, node, proposal):
    waits(node, proposal)
    world.cancel(Proposal.objects.get(pk=proposal.pk), FAY)
    [told] = OutboxMessage.objects.filter(kind="cancellation")
    assert isinstance(read_to_node(told.message), CancellationMessage)
    assert warrant_row(proposal).next_at < clock.now() + timedelta(minutes=10)
    node.answer(proposal, outcome="refused", code="closed", detail="Fay cancelled it.")
    assert Proposal.objects.get(pk=proposal.pk).state == State.CANCELLED


def test_a_warrant_that_a_node_refused_after_its_delay_is_sent_again_within_its_time(world, node, proposal):
    waits(node, proposal)
    node.answer(proposal, outcome="refused", code="starting", detail="Too much waits.")
    Proposal.objects.filter(pk=proposal.pk).update(expires_at=clock.now() - timedelta(days=1))
    execution.send_again(proposal=Proposal.objects.get(pk=proposal.pk), person=world.person(DINA))
    assert Proposal.objects.get(pk=proposal.pk).state != State.REFUSED


class TestAmendments:
    """What no node carries out waits in the console; nodes are shown it at once, for their own delay."""

    @pytest.fixture
    def zone(self, world, node):
        zone = world.zone(world.service(node), terms=terms(AMEND, delay=DELAY))
        world.slot(zone, node)
        return zone

    @pytest.fixture
    def amendment(self, world, zone):
        current = CharterVersion.objects.get(authority=zone.id, state="in-force")
        duties = [Duty(world.person(one), (Role.KEY_MANAGER,)) for one in (DINA, EMIL, FAY)]
        new = charter_drafts.draft_amendment(
            current=current, duties=duties, by=world.person(DINA), terms=Terms(rules=current.document.rules)
        )
        parameters = {
            "authority": {"kind": "zone", "id": zone.id, "name": zone.name},
            "version": new.version,
            "charter": new.hash,
        }
        return world.approve(world.propose(AMEND, parameters, by=DINA), EMIL, FAY)

    def in_force(self, zone) -> int:
        return charters.in_force([zone.id])[zone.id].version

    def make_due(self, amendment) -> None:
        Proposal.objects.filter(pk=amendment.pk).update(due_at=clock.now() - timedelta(seconds=1))

    def test_it_takes_effect_when_the_delay_is_over(self, zone, amendment):
        assert (amendment.state, self.in_force(zone)) == (State.DELAYED, 1)
        assert execution.take_effect_due() == 0
        self.make_due(amendment)
        assert execution.take_effect_due() == 1
        assert (Proposal.objects.get(pk=amendment.pk).state, self.in_force(zone)) == (State.DONE, 2)
        assert execution.take_effect_due() == 0

    def test_nodes_are_shown_it_at_once(self, zone, amendment):
        [row] = OutboxMessage.objects.filter(kind="charters")
        message = read_to_node(row.message)
        assert isinstance(message, ChartersMessage)
        last = CharterLink.from_bytes(canonical.b64u_decode(message.charters[-1]))
        assert canonical.b64u_decode(last.warrant) == bytes(amendment.warrant)
        assert self.in_force(zone) == 1

    def test_it_can_be_cancelled_while_it_waits_and_nodes_are_told(self, world, zone, amendment):
        assert world.cancel(amendment, EMIL).state == State.CANCELLED
        [told] = OutboxMessage.objects.filter(kind="cancellation")
        assert isinstance(read_to_node(told.message), CancellationMessage)
        self.make_due(amendment)
        assert execution.take_effect_due() == 0
        assert self.in_force(zone) == 1

    def test_its_draft_is_not_given_up_while_it_waits(self, world, zone, amendment):
        draft = CharterVersion.objects.get(authority=zone.id, version=2)
        with pytest.raises(WrongState) as refusal:
            charters.discard_charter(charter=draft, by=world.person(DINA))
        assert refusal.value.code == "proposed"
        world.cancel(amendment, EMIL)
        charters.discard_charter(charter=draft, by=world.person(DINA))
        assert CharterVersion.objects.get(pk=draft.pk).state == "discarded"

    def test_whose_token_is_suspended_while_it_waits_does_not_bring_it_about(self, world, zone, amendment):
        """A node counts again when its delay is over; so does the console, or they would differ."""
        lea, token = world.person(LEA), world.person(EMIL).tokens.get()
        statement = suspensions.draft_statement(
            token=token, authority=world.meridian.id, by=lea, reason="It was stolen."
        ).raw
        suspensions.suspend(
            statement=statement, assertion=LEA.key.sign(Purpose.SUSPEND, statement), person=lea
        )
        self.make_due(amendment)
        assert execution.take_effect_due() == 1
        failed = Proposal.objects.get(pk=amendment.pk)
        assert (failed.state, failed.code) == (State.FAILED, "quorum-not-met")
        assert self.in_force(zone) == 1

    def test_one_whose_version_was_given_up_fails_and_holds_nothing_up(self, zone, amendment):
        CharterVersion.objects.filter(authority=zone.id, version=2).update(state="discarded")
        self.make_due(amendment)
        assert execution.take_effect_due() == 1
        failed = Proposal.objects.get(pk=amendment.pk)
        assert (failed.state, failed.code) == (State.FAILED, "given-up")
        assert self.in_force(zone) == 1


class TestFoundings:
    """Which no node carries out either: what was agreed to is asked once more when the delay is over."""

    @pytest.fixture
    def founding(self, world, node):
        rules = [
            one.model_copy(update={"delay": DELAY}) if one.operation == FOUND else one
            for one in default_rules(AuthorityKind.CUSTOMER)
        ]
        amend(world, world.meridian.id, by=DINA, signers=(GUS, LEA), rules=tuple(rules))
        charter = world.draft_zone(world.service(node))
        world.sign_charter(charter)
        return world.approve(world.propose_zone(charter), GUS, LEA)

    def end(self, founding, monkeypatch, *, after: int = DELAY) -> tuple[str, str, bool]:
        later = clock.now() + timedelta(seconds=after + 1)
        monkeypatch.setattr(clock, "now", lambda: later)
        monkeypatch.setattr(clock, "unix_now", lambda: int(later.timestamp()))
        assert execution.take_effect_due() == 1
        ended = Proposal.objects.get(pk=founding.pk)
        return ended.state, ended.code, ended.zone.founded_at is not None

    def test_it_is_founded_when_the_delay_is_over(self, founding, monkeypatch):
        assert founding.state == State.DELAYED
        assert self.end(founding, monkeypatch) == (State.DONE, "", True)

    def test_not_under_a_charter_that_is_no_longer_in_force(self, world, founding, monkeypatch):
        amend(world, world.meridian.id, by=DINA, signers=(GUS, LEA))
        assert self.end(founding, monkeypatch) == (State.FAILED, "other-charter", False)

    def test_nor_when_its_time_is_over_that_the_delay_has_moved_on(self, founding, monkeypatch):
        assert self.end(founding, monkeypatch, after=9 * DAY) == (State.FAILED, "expired", False)


def propose(world, zone, node, **more) -> Proposal:
    parameters = {
        "zone": {"id": zone.id, "name": zone.name},
        "keys": [{"label": "cards", "algorithm": "ec-p256", "usages": ["sign"]}],
    }
    return world.propose(GENERATE, parameters, by=DINA, nodes=[node], **more)


class TestLifetimes:
    """A rule can limit for how long a proposal lives."""

    @pytest.fixture
    def zone(self, world, node):
        zone = world.zone(world.service(node), terms=terms(GENERATE, lifetime=3600))
        world.slot(zone, node)
        return zone

    def test_a_proposal_is_made_to_live_for_as_long_as_its_rule_allows(self, world, zone, node):
        document = world.propose_key(zone, node).document
        assert document.expires_at - document.not_before == 3600

    @pytest.mark.parametrize(("asked", "lives"), [(600, 600), (3601, 3600)])
    def test_it_lives_for_as_long_as_was_asked_for_or_as_its_rule_allows(
        self, world, zone, node, asked, lives
    ):
        document = propose(world, zone, node, lifetime=asked).document
        assert document.expires_at - document.not_before == lives

    def test_one_that_lives_longer_cannot_be_proposed(self, world, zone, node, monkeypatch):
        monkeypatch.setattr("tenants.drafting._lifetime", lambda *_: DAY)
        with pytest.raises(WrongState) as refusal:
            world.propose_key(zone, node)
        assert refusal.value.code == "lives-too-long"
