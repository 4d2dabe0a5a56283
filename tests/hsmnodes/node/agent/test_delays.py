"""A delay is the node's own: it runs from when the node was shown that enough had signed, by its clock."""

import pytest

from hsmnodes.node.agent.messages import CancellationMessage
from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, Proposal, Role, Warrant
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY, GUS, HANA, IVO, MERIDIAN, ZONE_PEOPLE, Member
from tests.cast.signing import DAY, cancel, make_warrant, suspend
from tests.hsmnodes.node.agent.gathering import open_ceremony, split
from tests.hsmnodes.node.agent.making import charters, real_drivers
from tests.hsmnodes.node.agent.test_refusals import proposed
from tests.hsmnodes.node.agent.test_several_nodes import Trio
from tests.hsmnodes.node.agent.test_suspensions import tell

AMEND, GENERATE, DRILL = "charter.amend/v1", "key.generate/v1", "backup-key.drill/v1"
DELAY = 2 * DAY
OSCAR = Member("Oscar", MERIDIAN, (Role.KEY_MANAGER,))


def rules_with(operation, delay=DELAY):
    """The default rules of a zone, with a delay in seconds for one operation."""
    return tuple(
        one.model_copy(update={"delay": delay if one.operation == operation else None})
        for one in default_rules(AuthorityKind.ZONE)
    )


@pytest.fixture
def zone(cast):
    return cast.zone(members=(*ZONE_PEOPLE, OSCAR), rules=rules_with(GENERATE))


@pytest.fixture
def warrant(site, cast, zone):
    return cast.generate_keys(site.at, zone)


def cancelling(warrant: Warrant, member: Member, *, at: int) -> CancellationMessage:
    proposal = proposed(warrant)
    return CancellationMessage(
        proposal=canonical.b64u(proposal.raw),
        cancellation=canonical.b64u(cancel(proposal, member, at=at).raw),
        request=warrant.request,
    )


def keys(site) -> int:
    return len(site.facts.holdings.keys)


def test_what_enough_have_signed_is_announced_and_done_only_when_the_delay_is_over(site, cast, warrant):
    acts = site.pool.acts
    receipt = site.send(warrant)
    assert (receipt.outcome, receipt.code) == ("refused", "delayed")
    assert receipt.results == {"announced_at": cast.now, "due_at": cast.now + DELAY}
    assert (site.pool.acts, keys(site)) == (acts, 0)
    site.clock.now += DELAY - 1
    assert site.send(warrant).code == "delayed"
    site.clock.now += 1
    assert site.send(warrant).outcome == "done"
    assert keys(site) == 1


def test_so_it_is_on_a_real_hsm(make_site, cast, zone):
    site = make_site(drivers=real_drivers).with_zone(zone)
    warrant = cast.generate_keys(site.at, zone)
    assert site.send(warrant).code == "delayed"
    site.clock.now += DELAY
    site.start()
    assert site.send(warrant).outcome == "done"


def test_sending_it_again_and_again_begins_nothing_anew(site, cast, warrant):
    site.send(warrant)
    head = site.head
    for _ in range(3):
        site.clock.now += DAY // 2
        assert site.send(warrant).results["due_at"] == cast.now + DELAY
    assert site.head == head


def test_other_signatures_on_it_begin_nothing_anew(site, cast, warrant):
    site.send(warrant)
    site.clock.now += DELAY
    assert site.send(make_warrant(proposed(warrant), DINA, (FAY, EMIL))).outcome == "done"


def test_what_too_few_have_signed_is_not_announced(site, cast, warrant):
    assert site.send(make_warrant(proposed(warrant), DINA, (EMIL,))).code == "quorum-not-met"
    assert site.facts.announced == {}
    site.clock.now += DAY // 2
    assert site.send(warrant).results["due_at"] == cast.now + DAY // 2 + DELAY


def test_a_console_that_dates_it_back_gains_nothing(site, cast, zone):
    """The times in a proposal, and in what is signed, are claims: only the node's own clock counts."""
    early = cast.generate_keys(site.at, zone, not_before=cast.now - 3 * DAY, expires_at=cast.now + 4 * DAY)
    receipt = site.send(early)
    assert (receipt.code, receipt.results["due_at"]) == ("delayed", cast.now + DELAY)


def test_a_start_in_between_changes_nothing(site, cast, warrant):
    site.send(warrant)
    site.clock.now += DAY
    site.start()
    assert site.send(warrant).results["due_at"] == cast.now + DELAY
    site.clock.now += DAY
    site.start()
    assert site.send(warrant).outcome == "done"


def test_a_clock_that_is_turned_back_makes_no_delay_shorter(site, cast, warrant):
    site.send(warrant)
    site.clock.now -= 5 * DAY
    site.start()
    assert site.send(warrant).results["due_at"] == cast.now + DELAY
    site.clock.now += 5 * DAY + DELAY - 1
    assert site.send(warrant).code == "delayed"


def test_a_clock_that_is_turned_back_before_it_arrives_makes_no_delay_shorter(site, cast, warrant):
    site.node.heartbeat()
    site.clock.now -= 3 * DAY
    site.start()
    assert site.send(warrant).results["announced_at"] == cast.now


@pytest.mark.parametrize("member", [DINA, EMIL, FAY], ids=lambda one: one.name)
def test_the_requester_and_whoever_could_sign_can_cancel_while_it_waits(site, cast, warrant, member):
    site.send(warrant)
    assert site.deliver(cancelling(warrant, member, at=cast.now)).refused is None
    site.clock.now += DELAY
    site.start()
    assert site.send(warrant).code == "closed"
    assert keys(site) == 0


def test_nobody_else_can(site, cast, warrant):
    site.send(warrant)
    for member in (GUS, HANA, IVO):
        assert site.deliver(cancelling(warrant, member, at=cast.now)).refused.code == "not-a-cancellation"
    site.clock.now += DELAY
    assert site.send(warrant).outcome == "done"


def test_who_is_suspended_can_still_cancel(site, cast, zone, warrant):
    site.send(warrant)
    assert tell(site, suspend(zone.current, FAY, EMIL, at=cast.now)) is None
    assert site.deliver(cancelling(warrant, FAY, at=cast.now)).refused is None
    assert site.send(warrant).code == "closed"


def test_a_cancellation_that_comes_before_the_warrant_holds(site, cast, warrant):
    assert site.deliver(cancelling(warrant, EMIL, at=cast.now)).refused is None
    assert site.send(warrant).code == "closed"
    assert site.facts.announced == {}


def test_a_cancellation_that_is_withheld_until_it_is_done_comes_too_late(site, cast, warrant):
    """What remains to whoever owns the console: so a cancellation can be handed to the node past it."""
    site.send(warrant)
    site.clock.now += DELAY
    assert site.send(warrant).outcome == "done"
    assert site.deliver(cancelling(warrant, EMIL, at=cast.now)).refused.code == "too-late"


def test_a_token_that_is_suspended_while_it_waits_counts_no_more(site, cast, zone, warrant):
    site.send(warrant)
    assert tell(site, suspend(zone.current, FAY, EMIL, at=cast.now)) is None
    site.clock.now += DELAY
    assert site.send(warrant).code == "quorum-not-met"


def test_a_charter_that_changes_while_it_waits_ends_it(site, cast, zone, warrant):
    site.send(warrant)
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 200 * DAY)
    site.deliver(charters(zone))
    site.clock.now += DELAY
    assert site.send(warrant).code == "other-charter"


def test_a_delay_moves_the_time_on_and_no_further(site, cast, zone):
    """Announced in its time, it may be done as much later as the delay is long."""
    until = cast.now + DAY
    times = {"not_before": cast.now - DAY, "expires_at": until}
    first, second = (
        cast.generate_keys(site.at, zone, (name, "ec-p256", ("sign",)), **times) for name in "ab"
    )
    for one in (first, second):
        assert site.send(one).code == "delayed"
    site.clock.now = until + DELAY - 1
    assert site.send(first).outcome == "done"
    site.clock.now += 1
    assert site.send(second).code == "expired"


def test_what_was_not_announced_in_its_time_is_not_announced_after_it(site, cast, zone):
    late = cast.generate_keys(site.at, zone, not_before=cast.now - DAY, expires_at=cast.now + DAY)
    site.clock.now += DAY
    assert site.send(late).code == "expired"
    assert site.facts.announced == {}


def test_it_is_done_once(site, warrant):
    site.send(warrant)
    site.clock.now += DELAY
    first = site.send(warrant)
    assert site.send(warrant) == first
    site.clock.now += 10 * DELAY
    assert site.send(warrant) == first


def test_without_a_delay_nothing_is_announced(make_site, cast):
    zone = cast.zone()
    site = make_site().with_zone(zone)
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"
    assert site.facts.announced == {}


def test_custodians_are_asked_only_when_the_delay_is_over(make_site, cast):
    zone = cast.zone(members=CUSTODIANS, rules=rules_with(DRILL))
    site = make_site().with_zone(zone)
    split(site, cast.share_backup_key(site.at, zone), zone)
    drill = cast.hold_drill(site.at, zone)
    assert site.send(drill).code == "delayed"
    assert site.facts.gatherings == {}
    site.clock.now += DELAY
    ceremony = open_ceremony(site, drill, zone)
    assert ceremony.opened_at == cast.now + DELAY
    assert ceremony.expires_at == proposed(drill).expires_at + DELAY


def test_a_step_that_follows_on_another_does_not_wait_again(make_site, cast):
    zone = cast.zone(members=CUSTODIANS)
    trio = Trio(make_site, cast, zone)
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, rules=rules_with(GENERATE))
    for site in trio.sites:
        site.deliver(charters(zone))
    carrier = trio.generating()
    assert carrier.carry().code == "delayed"
    for site in trio.sites:
        site.clock.now += DELAY
    trio.cluster.beat()
    assert carrier.carry().outcome == "done"
    assert trio.in_step()


class TestAmendments:
    """A delay on amendments: the charter in force stays in force until it is over."""

    @pytest.fixture
    def zone(self, cast):
        return cast.zone(rules=rules_with(AMEND))

    @pytest.fixture
    def amended(self, cast, zone):
        zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 200 * DAY)
        return zone

    def in_force(self, site, zone) -> int:
        return site.facts.chains[AuthorityKind.ZONE, zone.current.authority.id].current.version

    def amendment(self, zone) -> Warrant:
        return Warrant.from_bytes(canonical.b64u_decode(zone.links[-1].warrant))

    def test_a_node_takes_it_only_when_the_delay_is_over(self, site, cast, zone, amended):
        assert site.deliver(charters(amended)).refused.code == "delayed"
        *_, entry = site.node.parts.ledger.journal.verify()
        proposal = proposed(self.amendment(amended))
        waits = {"proposal": proposal.proposal, "proposal_hash": proposal.sha256, "at": cast.now}
        assert (entry.kind, entry.body) == ("announced", waits)
        site.clock.now += DELAY - 1
        site.start()
        head = site.head
        assert site.deliver(charters(amended)).refused.code == "delayed"
        assert site.head == head
        assert self.in_force(site, zone) == 1
        site.clock.now += 1
        assert site.deliver(charters(amended)).refused is None
        assert self.in_force(site, zone) == 2

    def test_until_then_what_is_made_under_it_is_refused_and_told_to_wait(self, site, cast, zone, amended):
        warrant = cast.generate_keys(site.at, amended)
        receipt = site.send(warrant, amended)
        assert (receipt.outcome, receipt.code) == ("refused", "delayed")
        assert set(site.facts.announced) == {proposed(self.amendment(amended)).sha256}

    def test_the_wait_for_an_amendment_is_none_for_what_is_made_under_it(self, make_site, cast):
        """Else its own delay would have begun before enough had signed, or anybody had seen it."""
        both = tuple(
            one.model_copy(update={"delay": DELAY if one.operation in (AMEND, GENERATE) else None})
            for one in default_rules(AuthorityKind.ZONE)
        )
        zone = cast.zone(rules=both)
        site = make_site().with_zone(zone)
        zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 200 * DAY)
        times = {"not_before": cast.now, "expires_at": cast.now + 7 * DAY}
        warrant = cast.generate_keys(site.at, zone, **times)
        assert site.send(warrant, zone).code == "delayed"
        site.clock.now += DELAY
        receipt = site.send(warrant, zone)
        assert (receipt.code, receipt.results["due_at"]) == ("delayed", cast.now + 2 * DELAY)

    @pytest.mark.parametrize("member", [DINA, EMIL, FAY], ids=lambda one: one.name)
    def test_it_can_be_cancelled_while_it_waits(self, site, cast, zone, amended, member):
        site.deliver(charters(amended))
        cancelled = site.deliver(cancelling(self.amendment(amended), member, at=cast.now))
        assert cancelled.refused is None
        site.clock.now += DELAY
        assert site.deliver(charters(amended)).refused.code == "closed"
        assert self.in_force(site, zone) == 1

    def test_who_pins_the_chain_later_takes_none_that_cannot_have_waited(self, make_site, cast, amended):
        site = make_site().serving()
        assert site.send(cast.create_slot(site.at, amended), amended).code == "delayed"
        cast.now += DELAY
        site.clock.now += DELAY
        assert site.send(cast.create_slot(site.at, amended), amended).outcome == "done"


def test_a_proposal_that_lives_longer_than_its_rule_allows_is_refused(make_site, cast):
    rules = tuple(
        one.model_copy(update={"lifetime": DAY if one.operation == GENERATE else None})
        for one in default_rules(AuthorityKind.ZONE)
    )
    zone = cast.zone(rules=rules)
    site = make_site().with_zone(zone)
    for lives, code in ((DAY + 1, "lives-too-long"), (DAY, None)):
        warrant = cast.generate_keys(
            site.at, zone, expires_at=cast.now - 60 + lives, not_before=cast.now - 60
        )
        assert Proposal.from_bytes(warrant.proposal_bytes).expires_at == cast.now - 60 + lives
        assert site.send(warrant).code == code
