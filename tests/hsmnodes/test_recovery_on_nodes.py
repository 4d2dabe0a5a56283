"""A recovery below quorum from end to end: people, the console's workflow and outbox, and a node."""

import time
from datetime import timedelta

import pytest

from hsmnodes import dispatch
from hsmnodes.node.protocol.documents import AuthorityKind
from tenants import clock, execution
from tenants.charter_drafts import Terms
from tenants.errors import SignatureNotAccepted
from tenants.models import CharterVersion, Proposal, State
from tests.cast.people import ADA, BEN, DINA, EMIL, FAY
from tests.console.pages.recovery_under_way import (
    OSCAR,
    PIA,
    RECOVER,
    SIGNERS,
    clause_for_a_zone,
    draft_recovery,
    parameters_of,
)
from tests.world.hiring import hire

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400


class Recovering:
    """The zone Safe on the node: Emil and Fay have lost their tokens, and a recovery is under way."""

    def __init__(self, owned) -> None:
        self.owned, self.world = owned, owned.world
        self.gone = self.gone_on_node = 0
        hire(self.world.meridian, OSCAR, PIA)
        terms = Terms(recovery=clause_for_a_zone(self.world))
        self.zone = self.world.zone(owned.service, name="Safe", terms=terms)
        slot = self.world.propose_slot(self.zone, owned.node, name="Slot 2")
        owned.do(slot, ADA, BEN, DINA, EMIL)
        owned.site.clock = lambda: time.time() + self.gone_on_node
        owned.site.start()
        current = CharterVersion.objects.get(authority=self.zone.pk, state="in-force")
        self.draft = draft_recovery(self.world, current)
        parameters = parameters_of(current, self.draft)
        self.proposal = self.world.propose(RECOVER, parameters, by=ADA)

    def signed(self) -> "Recovering":
        """Everybody has signed, and the node has been shown it."""
        self.proposal = self.world.approve(self.proposal, *SIGNERS)
        self.owned.carry()
        return self

    @property
    def versions(self) -> tuple[int, int]:
        """What is in force in the console, and on the node."""
        here = CharterVersion.objects.get(authority=self.zone.pk, state="in-force").version
        return here, self.owned.site.facts.chains[AuthorityKind.ZONE, self.zone.pk].current.version

    def let_pass(self, seconds: int, *, on_node: bool = True) -> None:
        """Time passes, in the console and on the node or in the console alone; it does what is due."""
        self.gone += seconds
        self.gone_on_node += seconds if on_node else 0
        execution.take_effect_due()
        self.owned.carry()

    def key(self, *signers, label: str = "first") -> str:
        """What becomes of a key that Dina proposes and these sign."""
        proposal = self.world.propose_key(self.zone, self.owned.node, label=label)
        self.world.approve(proposal, *signers)
        self.owned.carry()
        return Proposal.objects.get(pk=proposal.pk).state


@pytest.fixture
def recovering(owned, monkeypatch):
    made, real = Recovering(owned), clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=made.gone))
    monkeypatch.setattr(clock, "unix_now", lambda: clock.to_unix(clock.now()))
    return made


def test_it_is_in_force_everywhere_when_its_days_are_over_and_those_who_came_act(recovering):
    it = recovering.signed()
    assert it.proposal.state == State.DELAYED
    assert it.versions == (1, 1)
    assert [*it.owned.site.facts.announced] != []
    it.let_pass(29 * DAY)
    assert it.versions == (1, 1)
    it.let_pass(DAY + 60)
    assert it.versions == (2, 2)
    assert Proposal.objects.get(pk=it.proposal.pk).state == State.DONE
    assert it.key(OSCAR, PIA) == State.DONE
    assert len(it.owned.site.facts.holdings.keys) == 1


def test_those_who_lost_their_tokens_sign_no_more(recovering):
    it = recovering.signed()
    it.let_pass(30 * DAY + 60)
    proposal = it.world.propose_key(it.zone, it.owned.node, label="theirs")
    for lost in (EMIL, FAY):
        with pytest.raises(SignatureNotAccepted):
            it.world.approve(proposal, lost)


@pytest.mark.parametrize("member", [DINA, EMIL, FAY], ids=lambda one: one.name)
def test_somebody_in_the_charter_cancels_it_and_it_never_comes_into_force(recovering, member):
    it = recovering.signed()
    it.let_pass(20 * DAY)
    assert it.world.cancel(Proposal.objects.get(pk=it.proposal.pk), member).state == State.CANCELLED
    it.owned.carry()
    it.let_pass(60 * DAY)
    assert it.versions == (1, 1)


def test_without_the_other_side_it_is_not_even_announced(recovering):
    it = recovering
    it.proposal = it.world.approve(it.proposal, *SIGNERS[:-2], PIA)
    assert it.proposal.state == State.PROPOSED
    it.owned.carry()
    it.let_pass(31 * DAY)
    assert (it.versions, it.owned.site.facts.announced) == ((1, 1), {})


def test_a_console_whose_clock_runs_ahead_hurries_no_node(recovering):
    """Its owner puts it into force there at once. The node waits by its own clock, and makes no key."""
    it = recovering.signed()
    it.let_pass(31 * DAY, on_node=False)
    assert it.versions == (2, 1)
    it.gone, before = 0, it.owned.done
    assert it.key(OSCAR, PIA) != State.DONE
    assert it.owned.done.holdings == before.holdings
    assert it.versions == (2, 1)
    it.let_pass(31 * DAY)
    dispatch.send_charters(it.zone.pk, [it.owned.node.row])
    it.owned.carry()
    assert it.versions == (2, 2)
