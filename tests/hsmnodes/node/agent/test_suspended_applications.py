"""A suspended application is served no more, on one key manager's word, until a quorum says otherwise."""

import pytest

from hsmnodes.node.agent.facts import Intent
from hsmnodes.node.agent.messages import SuspensionMessage
from hsmnodes.node.operations.holdings import Suspended
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Named, Role
from tests.cast.applications import resume_application
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY, GUS, MERIDIAN, Member, named
from tests.cast.signing import suspend_application
from tests.hsmnodes.node.agent.making import carrying
from tests.hsmnodes.node.agent.test_applications_on_several_nodes import Admissions

RITA = Member("Rita", MERIDIAN, (Role.AUDITOR,))


@pytest.fixture
def zone(cast):
    return cast.zone(members=(*CUSTODIANS, RITA))


@pytest.fixture
def trio(make_site, cast, zone):
    trio = Admissions(make_site, cast, zone)
    assert trio.admitting().carry().outcome == "done"
    return trio


@pytest.fixture
def suspension(trio, zone, cast):
    """Dina's, of the webshop."""
    return suspend_application(zone.current, trio.webshop.named, DINA, at=cast.now)


def tell(site, suspension):
    """What the node says to a suspension: the code of its refusal, or None."""
    report = site.deliver(SuspensionMessage(suspension=canonical.b64u(suspension.raw)))
    assert report.refused is None or report.refused.message
    return report.refused.code if report.refused else None


def resuming(trio, *suspensions, **changes):
    """The warrant that lifts suspensions on all three nodes."""
    cast, others = trio.cast, trio.others
    return resume_application(
        cast, trio.sites[0].at, trio.zone, trio.webshop.named, suspensions, others=others, **changes
    )


def resumed(trio, *suspensions):
    """What each node makes of it."""
    message = carrying(resuming(trio, *suspensions))
    answers = []
    for step, site in enumerate(trio.sites):
        [said] = site.deliver(message.model_copy(update={"step": step})).said
        answers.append(site.read(said).outcome)
    return answers


class TestAtOnce:
    def test_one_key_manager_stops_it_on_every_node_that_hears_of_it_and_nothing_is_deleted(
        self, trio, suspension
    ):
        assert [tell(site, suspension) for site in trio.sites] == [None, None, None]
        assert trio.served() == [0, 0, 0]
        for site in trio.sites:
            assert site.node.parts.zones.applications.folder.has_token(trio.webshop.named.id)
            assert [one.named for one in site.facts.holdings.living_applications()] == [trio.webshop.named]

    def test_it_survives_a_restart_and_a_repetition_changes_nothing(self, trio, suspension):
        site = trio.sites[0]
        assert [tell(site, suspension), tell(site, suspension)] == [None, None]
        head = site.head
        site.start()
        trio.cluster.beat()
        assert (site.head, site.node.served) == (head, ())

    def test_a_node_that_was_down_hears_of_it_before_it_serves_anything(self, trio, suspension):
        """Its queue is in order: what waits there comes before what its peers answer now."""
        site = trio.sites[1]
        site.start()
        assert (site.state, site.node.served) == ("starting", ())
        assert tell(site, suspension) is None
        trio.cluster.beat()
        assert (site.state, site.node.served) == ("ready", ())

    def test_it_holds_also_while_something_else_cannot_be_settled(self, trio, suspension):
        site = trio.sites[0]
        site.facts.open_intents["ab" * 16, 0] = Intent("cd" * 32, b"no warrant")
        assert tell(site, suspension) is None
        assert site.node.served == ()

    def test_an_application_that_comes_late_is_found_suspended(self, make_site, cast, zone):
        trio = Admissions(make_site, cast, zone)
        admitting = trio.admitting()
        assert admitting.take(0).outcome == "done"
        suspension = suspend_application(zone.current, trio.webshop.named, DINA, at=cast.now)
        assert tell(trio.sites[1], suspension) is None
        assert admitting.take(1).outcome == "done"
        assert trio.served() == [1, 0, 0]

    def test_the_others_are_served_as_before(self, trio, zone, cast):
        other = suspend_application(zone.current, named("tills"), DINA, at=cast.now)
        assert tell(trio.sites[0], other) is None
        assert trio.served() == [1, 1, 1]


class TestWhoMay:
    @pytest.mark.parametrize("member", [RITA, GUS], ids=["an auditor", "an officer of the customer"])
    def test_others_may_not(self, trio, zone, cast, member):
        said = tell(trio.sites[0], suspend_application(zone.current, trio.webshop.named, member, at=cast.now))
        assert said in ("not-entitled", "unknown-token")
        assert trio.served() == [1, 1, 1]

    def test_nor_anybody_with_a_token_that_is_suspended_here_or_by_its_organisation(
        self, trio, zone, suspension
    ):
        for authority in (zone.current.authority.id, MERIDIAN.id):
            site = trio.sites[0]
            how = Suspended(1, "0" * 64, EMIL.id)
            site.facts.holdings.suspended.clear()
            site.facts.holdings.suspend(authority, DINA.key.credential_id, how)
            assert tell(site, suspension) == "suspended"
        assert trio.served() == [1, 1, 1]

    def test_nor_in_the_name_of_another(self, trio, zone, cast):
        emil = {"id": EMIL.id, "name": EMIL.name}
        forged = suspend_application(zone.current, trio.webshop.named, DINA, at=cast.now, by=emil)
        assert tell(trio.sites[0], forged) == "other-person"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"deployment": "ab" * 16}, "other-deployment"),
            ({"demo": False}, "other-deployment"),
        ],
    )
    def test_what_it_says_has_to_be_so_here(self, trio, zone, cast, changes, code):
        wrong = suspend_application(zone.current, trio.webshop.named, DINA, at=cast.now, **changes)
        assert tell(trio.sites[0], wrong) == code

    def test_nor_is_it_called_otherwise(self, trio, zone, cast):
        renamed = Named(id=trio.webshop.named.id, name="tills")
        assert (
            tell(trio.sites[0], suspend_application(zone.current, renamed, DINA, at=cast.now)) == "other-name"
        )

    def test_a_customer_s_officers_suspend_none_by_their_own_charter(self, trio, cast):
        wrong = suspend_application(cast.meridian.current, trio.webshop.named, GUS, at=cast.now)
        assert tell(trio.sites[0], wrong) == "other-authority"


class TestResuming:
    def test_a_quorum_has_it_served_again_with_the_token_it_had(self, trio, suspension):
        [pin] = set(trio.pins())
        for site in trio.sites:
            assert tell(site, suspension) is None
        assert resumed(trio, suspension) == ["done"] * 3
        assert trio.served() == [1, 1, 1]
        assert set(trio.pins()) == {pin}

    def test_one_person_is_not_enough(self, trio, suspension, cast):
        site = trio.sites[0]
        assert tell(site, suspension) is None
        warrant = resuming(trio, suspension)
        alone = warrant.model_copy(update={"approvals": warrant.approvals[:1]})
        assert site.send(alone).code == "quorum-not-met"
        assert site.node.served == ()

    def test_what_was_suspended_meanwhile_stays_suspended(self, trio, zone, cast, suspension):
        again = suspend_application(zone.current, trio.webshop.named, FAY, at=cast.now)
        for site in trio.sites:
            assert [tell(site, one) for one in (suspension, again)] == [None, None]
        assert resumed(trio, suspension) == ["done"] * 3
        assert trio.served() == [0, 0, 0]
        assert resumed(trio, again) == ["done"] * 3
        assert trio.served() == [1, 1, 1]

    def test_what_was_lifted_suspends_nothing_a_second_time_also_where_it_comes_late(self, trio, suspension):
        assert tell(trio.sites[0], suspension) is None
        assert resumed(trio, suspension) == ["done"] * 3
        assert [tell(site, suspension) for site in trio.sites] == ["lifted"] * 3
        assert trio.served() == [1, 1, 1]

    def test_it_lifts_no_suspension_of_a_token(self, trio, suspension):
        """The hash of another authority's statement, signed for by this zone's people, lifts nothing."""
        site = trio.sites[0]
        assert tell(site, suspension) is None
        assert resumed(trio, suspension) == ["done"] * 3
        assert site.facts.holdings.lifted == set()

    def test_a_removed_application_is_not_resumed(self, trio, suspension):
        assert trio.removing().carry().outcome == "done"
        [said] = trio.sites[0].deliver(carrying(resuming(trio, suspension))).said
        assert trio.sites[0].read(said).code == "no-such-application"


def test_a_suspension_comes_with_a_later_warrant_too(trio, suspension, cast, zone):
    warrant = cast.generate_keys(trio.sites[0].at, zone, ("late", "ec-p256", ("sign",)))
    message = carrying(warrant).model_copy(update={"suspensions": (canonical.b64u(suspension.raw),)})
    assert trio.sites[0].deliver(message).said
    assert trio.served() == [0, 1, 1]
