"""How far a step believes the node that it follows on, which may be in the dark, or in bad hands.

Node 1 is withheld from what the others know. Fay is removed from the zone by version 2 of its charter.
"""

import pytest

from hsmnodes.node.agent.earlier import LATEST, SLACK
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, Role, Warrant
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import Chain
from tests.cast.moving import abandon
from tests.cast.people import BEN, CLEO, CUSTODIANS, DINA, EMIL, FAY, JON, KIM, MERIDIAN, NORTHGATE, Member
from tests.cast.signing import DAY, cancel, make_warrant, suspend
from tests.hsmnodes.node.agent.making import charters
from tests.hsmnodes.node.agent.moving import Pair, has_zone
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.agent.test_delays import AMEND, DELAY, GENERATE, cancelling, rules_with
from tests.hsmnodes.node.agent.test_refusals import proposed
from tests.hsmnodes.node.agent.test_several_nodes import KEYS, Trio
from tests.hsmnodes.node.agent.test_suspensions import tell
from tests.hsmnodes.node.protocol.amending import in_order

OSCAR = Member("Oscar", MERIDIAN, (Role.CUSTODIAN, Role.KEY_MANAGER))
PIA = Member("Pia", NORTHGATE, (Role.HSM_ADMINISTRATOR,))


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture
def trio(make_site, cast, zone):
    return Trio(make_site, cast, zone)


def as_of_now(chain: Chain) -> Chain:
    """The chain as it stands, whatever is amended later: what there is in the dark."""
    return Chain(chain.members, [*chain.charters], [*chain.links])


def remove_fay(zone, *, now):
    """Version 2: Oscar takes Fay's place."""
    zone.amend(
        requester=CUSTODIANS[0],
        approvers=(*CUSTODIANS[1:], OSCAR),
        newcomers=(OSCAR,),
        now=now,
        people=in_order([*(one for one in zone.current.people if one.id != FAY.id), OSCAR.person()]),
    )


def amend_again(zone, *, now, days):
    """The version after that."""
    approvers = (CUSTODIANS[1], OSCAR)
    zone.amend(requester=CUSTODIANS[0], approvers=approvers, now=now, valid_until=now + days * DAY)


def tell_charter(site, zone):
    refused = site.deliver(charters(zone)).refused
    assert refused is None, refused


def amendment_of(zone):
    """The proposal by which the last version came into force."""
    return proposed(Warrant.from_bytes(canonical.b64u_decode(zone.links[-1].warrant)))


def version(site, zone):
    return site.facts.chains[AuthorityKind.ZONE, zone.current.authority.id].current.version


def wait(sites, cast, seconds):
    """Let time pass, for the people too."""
    cast.now += seconds
    for site in sites:
        site.clock.now += seconds


def begun_in_the_dark(trio, zone) -> Carrier:
    """Keys that node 1 makes under version 1, whatever has come since."""
    first, *others = trio.sites
    old = Chain(zone.members, zone.charters[:1], zone.links[:1])
    warrant = trio.cast.generate_keys(first.at, old, *KEYS, others=[site.at for site in others])
    carrier = Carrier(warrant, trio.sites, [old])
    assert carrier.take(0).outcome == "done"
    return carrier


def lying(carrier, **changes):
    """Node 1's receipt with something else in it, signed by its identity key, which is in bad hands."""
    lie = carrier.receipt(0).model_copy(update=changes)
    return (carrier.site(0).node.parts.identity.sign(Purpose.RECEIPT, lie),)


class TestWhoWasRemoved:
    def test_acts_on_no_node_that_was_told_by_way_of_one_that_was_not(self, trio, cast, zone):
        making, old = trio.generating(), as_of_now(zone)
        assert making.carry().outcome == "done"
        doomed = [(key["id"], key["label"]) for key in making.receipt(0).results["keys"]]
        remove_fay(zone, now=cast.now)
        for site in trio.sites[1:]:
            tell_charter(site, zone)
        wait(trio.sites, cast, 5 * DAY)
        warrant = cast.destroy_keys(trio.sites[0].at, old, *doomed, others=trio.others)
        destroying = Carrier(warrant, trio.sites, [old])
        assert destroying.take(0).outcome == "done"
        for step in (1, 2):
            receipt = destroying.take(step)
            assert (receipt.outcome, receipt.code) == ("refused", "superseded")
            trio.sites[step].start()
        trio.cluster.beat()
        assert [destroying.take(step).code for step in (1, 2)] == ["superseded"] * 2
        assert [site.facts.holdings.living_keys for site in trio.sites] == [0, 2, 2]

    def test_and_what_is_left_of_it_is_abandoned(self, trio, cast, zone):
        remove_fay(zone, now=cast.now)
        tell_charter(trio.sites[1], zone)
        wait(trio.sites, cast, DAY)
        making = begun_in_the_dark(trio, zone)
        assert making.take(1).code == "superseded"
        giving_up = proposed(abandon(cast, trio.sites[1].at, zone, making.warrant))
        warrant = make_warrant(giving_up, DINA, (EMIL, OSCAR), evidence=[making.proposal.raw])
        receipt = trio.sites[1].send(warrant, zone)
        assert receipt.outcome == "done", receipt
        assert making.take(1).code == "abandoned"

    @pytest.mark.parametrize(("late", "outcome"), [(SLACK, "done"), (SLACK + 1, "refused")])
    def test_has_only_what_clocks_may_differ_by(self, trio, cast, zone, late, outcome):
        remove_fay(zone, now=cast.now)
        tell_charter(trio.sites[1], zone)
        wait(trio.sites, cast, late)
        assert begun_in_the_dark(trio, zone).take(1).outcome == outcome

    @pytest.mark.parametrize("delay", [0, DELAY])
    @pytest.mark.parametrize(("late", "outcome"), [(SLACK, "done"), (SLACK + 1, "refused")])
    def test_is_refused_by_a_node_that_is_told_only_afterwards_as_well(
        self, make_site, cast, delay, late, outcome
    ):
        """By the times of the amendment itself: it was in force by the end of its window and its delay."""
        zone = cast.zone(members=CUSTODIANS, rules=rules_with(AMEND, delay or None))
        trio = Trio(make_site, cast, zone)
        remove_fay(zone, now=cast.now)
        node = trio.sites[1]
        wait(trio.sites, cast, amendment_of(zone).expires_at - cast.now + delay + late)
        carrier = begun_in_the_dark(trio, zone)
        if delay:
            assert node.deliver(charters(zone)).refused.code == "delayed"
            node.clock.now += delay
        tell_charter(node, zone)
        assert version(node, zone) == 2
        assert carrier.take(1).outcome == outcome

    def test_one_of_the_provider_moves_no_zone(self, make_site, cast, zone):
        """The node that is to have the zone is in the dark, and the one that has it gives it to nobody."""
        pair, northgate = Pair(make_site, cast, zone), cast.northgate
        old = as_of_now(northgate)
        northgate.amend(
            requester=CLEO,
            approvers=(BEN, PIA, JON, KIM),
            newcomers=(PIA,),
            now=cast.now,
            people=in_order([*(one for one in northgate.current.people if one.name != "Ada"), PIA.person()]),
        )
        tell_charter(pair.first, northgate)
        wait(pair.sites, cast, DAY)
        cast.northgate = old
        extending = pair.extending()
        assert extending.take(0).outcome == "done"
        assert extending.take(1).code == "superseded"
        assert not has_zone(pair.second, zone)

    def test_leaves_no_zone_nowhere(self, make_site, cast, zone):
        pair = Pair(make_site, cast, zone)
        assert pair.extending().carry().outcome == "done"
        old = as_of_now(zone)
        remove_fay(zone, now=cast.now)
        tell_charter(pair.first, zone)
        wait(pair.sites, cast, DAY)
        pair.zone = old
        withdrawing = pair.withdrawing()
        assert withdrawing.take(0).outcome == "done"
        assert withdrawing.take(1).code == "superseded"
        assert has_zone(pair.first, zone)

    def test_rotates_no_backup_key(self, trio, cast, zone):
        """Here it is the others that begin: both are in the dark, and the first knows better."""
        old = as_of_now(zone)
        remove_fay(zone, now=cast.now)
        tell_charter(trio.sites[0], zone)
        wait(trio.sites, cast, DAY)
        trio.zone = old
        rotating = trio.rotating()
        assert [rotating.take(step).outcome for step in (0, 1)] == ["done", "done"]
        assert rotating.take(2).code == "superseded"


class TestWhatWasBegunInTime:
    def test_is_finished_by_a_node_that_was_away_over_several_versions(self, trio, cast, zone):
        making, away = trio.generating(), trio.sites[2]
        assert making.take(0).outcome == "done"
        away.stop()
        for days in (200, 201):
            wait(trio.sites, cast, 2 * DAY)
            if version(trio.sites[1], zone) == 1:
                remove_fay(zone, now=cast.now)
            else:
                amend_again(zone, now=cast.now, days=days)
            tell_charter(trio.sites[1], zone)
        wait(trio.sites, cast, 10 * DAY)
        away.start()
        trio.cluster.beat()
        tell_charter(away, zone)
        assert version(away, zone) == 3
        for step in (1, 2):
            assert making.take(step).outcome == "done"
        assert trio.in_step()

    def test_under_the_version_before_is_no_reason_against_what_is_under_this_one(self, trio, cast, zone):
        remove_fay(zone, now=cast.now)
        for site in trio.sites:
            tell_charter(site, zone)
        wait(trio.sites, cast, DAY)
        proposal = proposed(trio.generating().warrant)
        carrier = Carrier(make_warrant(proposal, DINA, (EMIL, OSCAR)), trio.sites, [zone])
        assert carrier.carry().outcome == "done"

    def test_with_a_token_that_was_suspended_since_is_refused(self, make_site, cast):
        zone = cast.zone(members=(*CUSTODIANS, OSCAR))
        trio = Trio(make_site, cast, zone)
        making = trio.generating()
        assert making.take(0).outcome == "done"
        assert tell(trio.sites[1], suspend(zone.current, FAY, DINA, at=cast.now)) is None
        assert making.take(1).code == "quorum-not-met"
        assert making.take(2).outcome == "done"

    def test_and_cancelled_since_is_refused(self, trio, cast):
        making = trio.generating()
        assert making.take(0).outcome == "done"
        report = trio.sites[1].deliver(cancelling(making.warrant, FAY, at=cast.now))
        assert report.refused is None
        assert making.take(1).code == "closed"
        assert making.take(2).outcome == "done"

    def test_and_cancelled_in_the_warrant_that_comes_is_refused(self, trio, cast):
        making = trio.generating()
        assert making.take(0).outcome == "done"
        fields = {name: getattr(making.warrant, name) for name in Warrant.model_fields}
        fields["cancellations"] = (cancel(making.proposal, FAY, at=cast.now),)
        making.warrant = Warrant(**fields)
        assert making.take(1).code == "closed"


class TestAFirstNodeThatLies:
    @pytest.fixture
    def zone(self, cast):
        return cast.zone(members=CUSTODIANS, rules=rules_with(GENERATE))

    @pytest.fixture
    def making(self, trio):
        """Keys that wait for a delay, which node 1 has made: its clock was put forward."""
        making, first = trio.generating(), trio.sites[0]
        assert making.take(0).code == "delayed"
        first.clock.now += DELAY
        assert making.take(0).outcome == "done"
        return making

    def due(self, making):
        return making.proposal.not_before + DELAY

    def test_ends_no_delay_elsewhere_before_it_could_be_over(self, trio, making):
        node = trio.sites[1]
        receipt = making.take(1)
        assert (receipt.outcome, receipt.code) == ("refused", "delayed")
        assert receipt.results["due_at"] == self.due(making)
        node.clock.now = self.due(making) - 1
        assert making.take(1).code == "delayed"
        node.clock.now += 1
        assert making.take(1).outcome == "done"

    def test_cannot_say_that_it_acted_before_that(self, trio, making):
        wait(trio.sites[1:], trio.cast, DELAY)
        early = lying(making, at=self.due(making) - 1)
        assert making.take(1, receipts=early).code == "too-early"
        assert making.take(1, receipts=lying(making, at=self.due(making))).outcome == "done"

    def test_announces_nothing_here(self, trio, making):
        """A delay of this node's own would run from a time that others have said."""
        making.take(1)
        assert trio.sites[1].facts.announced == {}


class TestTimesOfAFirstNode:
    def test_that_are_before_the_proposal_s_are_refused(self, trio, cast):
        making = trio.carrier(cast.generate_keys, *KEYS, not_before=cast.now)
        assert making.take(0).outcome == "done"
        early = making.proposal.not_before - 1
        assert making.take(1, receipts=lying(making, at=early)).code == "too-early"

    def test_that_are_before_its_enrolment_are_refused(self, trio, cast):
        enrolled = trio.sites[1].facts.peers[trio.sites[0].config.node.id].enrolled_from
        assert enrolled == proposed(cast.enrol(trio.sites[0].at)).not_before
        times = {"not_before": enrolled - DAY, "expires_at": enrolled + DAY}
        making = trio.carrier(cast.generate_keys, *KEYS, **times)
        assert making.take(0).outcome == "done"
        assert making.take(1, receipts=lying(making, at=enrolled - 1)).code == "earlier-steps"
        assert making.take(1, receipts=lying(making, at=enrolled)).outcome == "done"

    def test_that_have_not_come_yet_are_of_no_use(self, trio, cast):
        """The proposal is for tomorrow; node 1 says that this is today."""
        making = trio.carrier(
            cast.generate_keys, *KEYS, not_before=cast.now + DAY, expires_at=cast.now + 2 * DAY
        )
        trio.sites[0].clock.now += DAY
        assert making.take(0).outcome == "done"
        receipt = making.take(1)
        assert (receipt.code, receipt.results["due_at"]) == ("delayed", cast.now + DAY)
        trio.sites[1].clock.now += DAY
        assert making.take(1).outcome == "done"

    def test_reach_back_no_further_than_a_warrant_is_gone_on_with(self, trio, cast, zone):
        """What is left to a node in bad hands, and those who were removed: to date back for so long."""
        remove_fay(zone, now=cast.now)
        tell_charter(trio.sites[1], zone)
        making, latest = begun_in_the_dark(trio, zone), cast.now + SLACK
        trio.sites[1].clock.now = latest + LATEST
        assert making.take(1, receipts=lying(making, at=latest)).code == "too-late"
        assert making.take(1, receipts=lying(making, at=latest + 1)).code == "superseded"
