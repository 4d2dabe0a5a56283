"""A suspended token counts no more: at once, on one person's word, until a quorum says otherwise."""

import pytest

from hsmnodes.node.agent.messages import CancellationMessage, PeerMessage, SuspensionMessage
from hsmnodes.node.operations.holdings import Suspended
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, Named, Proposal, Role
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import Chain
from tests.cast.contributing import contribute
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    CUSTODIANS,
    DINA,
    EMIL,
    FAY,
    GUS,
    HANA,
    JON,
    MERIDIAN,
    Member,
)
from tests.cast.signing import DAY, cancel, make_warrant, suspend
from tests.cast.suspending import reinstate
from tests.hsmnodes.node.agent.gathering import open_ceremony, split
from tests.hsmnodes.node.agent.making import carrying, charters

OSCAR = Member("Oscar", MERIDIAN, (Role.KEY_MANAGER,))


@pytest.fixture
def zone(cast):
    return cast.zone(members=(*CUSTODIANS, OSCAR))


def tell(site, suspension, *chains):
    """What the node says to a suspension: the code of its refusal, or None."""
    message = SuspensionMessage(suspension=canonical.b64u(suspension.raw))
    refused = site.deliver(message).refused
    assert refused is None or refused.message
    return refused.code if refused else None


def suspended(site):
    return set(site.facts.holdings.suspended)


class TestCounting:
    def test_an_approval_by_a_suspended_token_does_not_count(self, site, cast, zone):
        assert tell(site, suspend(zone.current, FAY, DINA, at=cast.now)) is None
        receipt = site.send(cast.generate_keys(site.at, zone))
        assert (receipt.outcome, receipt.code) == ("refused", "quorum-not-met")
        assert "suspended" in receipt.detail

    def test_nor_a_request(self, site, cast, zone):
        assert tell(site, suspend(zone.current, DINA, EMIL, at=cast.now)) is None
        receipt = site.send(cast.generate_keys(site.at, zone))
        assert (receipt.outcome, receipt.code) == ("refused", "request-suspended")

    def test_nor_does_it_under_another_credential_id_by_which_the_zone_knows_it(self, make_site, cast):
        """No signature covers that id: whoever draws up a zone's charter could give a token another one."""
        fay = FAY.with_roles(Role.KEY_MANAGER)
        fay.key.credential_id = FAY.second_key.credential_id
        zone = cast.zone(members=(DINA, EMIL, fay))
        site = make_site().with_zone(zone)
        assert tell(site, suspend(cast.meridian.current, FAY, GUS, at=cast.now)) is None
        proposal = Proposal.from_bytes(cast.generate_keys(site.at, zone).proposal_bytes)
        receipt = site.send(make_warrant(proposal, DINA, (EMIL, fay)))
        assert (receipt.outcome, receipt.code) == ("refused", "quorum-not-met")
        assert "suspended" in receipt.detail

    def test_it_survives_a_restart_and_a_repetition_changes_nothing(self, site, cast, zone):
        lost = suspend(zone.current, FAY, DINA, at=cast.now)
        assert [tell(site, lost), tell(site, lost)] == [None, None]
        head = site.head
        site.start()
        assert site.head == head
        assert site.send(cast.generate_keys(site.at, zone)).code == "quorum-not-met"

    def test_it_lowers_no_threshold_and_others_can_sign(self, site, cast, zone):
        assert tell(site, suspend(zone.current, OSCAR, DINA, at=cast.now)) is None
        assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"

    def test_a_second_successor_that_it_signed_is_no_fork(self, site, cast, zone):
        other = Chain(zone.members, list(zone.charters), list(zone.links))
        assert tell(site, suspend(zone.current, FAY, DINA, at=cast.now)) is None
        zone.amend(requester=DINA, approvers=(EMIL, OSCAR), now=cast.now, valid_until=cast.now + 100 * DAY)
        other.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 90 * DAY)
        assert site.deliver(charters(zone)).refused is None
        assert site.deliver(charters(other)).refused.code == "goes-back"
        assert not site.facts.chains[AuthorityKind.ZONE, zone.current.authority.id].frozen

    def test_the_suspended_may_still_cancel(self, site, cast, zone):
        assert tell(site, suspend(zone.current, FAY, DINA, at=cast.now)) is None
        warrant = cast.generate_keys(site.at, zone)
        proposal = Proposal.from_bytes(warrant.proposal_bytes)
        cancellation = cancel(proposal, FAY, at=cast.now)
        site.deliver(
            CancellationMessage(
                proposal=warrant.proposal,
                cancellation=canonical.b64u(cancellation.raw),
                request=warrant.request,
            )
        )
        assert proposal.sha256 in site.facts.closed

    def test_what_was_done_before_gets_the_same_receipt(self, site, cast, zone):
        warrant = cast.generate_keys(site.at, zone)
        before = site.send(warrant)
        assert tell(site, suspend(zone.current, FAY, DINA, at=cast.now)) is None
        assert site.send(warrant) == before

    def test_an_amendment_that_follows_does_not_count_it_and_an_earlier_one_does(self, site, cast, zone):
        first = zone.current
        zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now)
        second = zone.current
        zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now)
        assert tell(site, suspend(first, FAY, EMIL, at=cast.now)) is None
        site.deliver(charters(zone))
        assert site.facts.charter(first.authority.kind, first.authority.id).sha256 == first.sha256

        site.facts.holdings.suspended.clear()
        how = Suspended(second.version, "0" * 64, EMIL.id)
        site.facts.holdings.suspend(first.authority.id, FAY.key.credential_id, how)
        site.deliver(charters(zone))
        assert site.facts.charter(first.authority.kind, first.authority.id).sha256 == second.sha256

    def test_a_share_is_not_taken_from_a_suspended_token(self, make_site, cast):
        zone = cast.zone(members=CUSTODIANS)
        site = make_site().with_zone(zone)
        _, shares = split(site, cast.share_backup_key(site.at, zone), zone)
        ceremony = open_ceremony(site, cast.hold_drill(site.at, zone), zone)
        assert tell(site, suspend(cast.meridian.current, CUSTODIANS[0], GUS, at=cast.now)) is None
        report = site.deliver(contribute(ceremony, CUSTODIANS[0], shares[1]))
        assert report.refused.code == "suspended"
        assert not next(iter(site.facts.gatherings.values())).contributions


class TestWhoMay:
    def test_a_security_officer_of_the_provider_suspends_an_administrators_token(self, site, cast):
        provider = cast.northgate.current
        assert tell(site, suspend(provider, ADA, JON, at=cast.now)) is None
        receipt = site.send(cast.export_log(site.at))
        assert receipt.code == "quorum-not-met"

    def test_everyone_may_suspend_a_token_of_their_own(self, site, cast):
        lost = suspend(cast.northgate.current, ADA, ADA, at=cast.now)
        assert tell(site, lost) is None

    def test_others_may_not(self, site, cast):
        provider = cast.northgate.current
        for member in (BEN, CLEO):
            assert tell(site, suspend(provider, ADA, member, at=cast.now)) == "not-entitled"
        for stranger in (DINA, GUS, HANA):
            assert tell(site, suspend(provider, ADA, stranger, at=cast.now)) == "unknown-token"
        assert suspended(site) == set()

    def test_a_suspended_token_suspends_nobody(self, site, cast, zone):
        assert tell(site, suspend(zone.current, FAY, DINA, at=cast.now)) is None
        assert tell(site, suspend(zone.current, DINA, FAY, at=cast.now)) == "suspended"
        assert len(suspended(site)) == 1

    def test_nothing_else_stands_for_a_suspension(self, site, cast, zone):
        good = suspend(zone.current, FAY, DINA, at=cast.now)
        statement = good.stated
        wrong = {
            "another purpose": (
                good.statement,
                DINA.key.sign(Purpose.CANCEL, statement.raw),
                "wrong-challenge",
            ),
            "another statement": (
                canonical.b64u(statement.model_copy(update={"reason": "Other."}).raw),
                good.assertion,
                "wrong-challenge",
            ),
        }
        for name, (text, assertion, _) in wrong.items():
            forged = good.model_copy(update={"statement": text, "assertion": assertion})
            assert tell(site, forged) is not None, name
        assert suspended(site) == set()

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"deployment": "0" * 32}, "other-deployment"),
            ({"demo": False}, "other-deployment"),
            ({"person": Named(id=EMIL.id, name=EMIL.name)}, "no-such-token"),
            ({"person": Named(id=FAY.id, name="Fae")}, "no-such-token"),
            ({"credential_id": "A" * 40}, "no-such-token"),
            ({"by": Named(id=EMIL.id, name=EMIL.name)}, "other-person"),
        ],
    )
    def test_what_it_says_must_be_so(self, site, cast, zone, changes, code):
        assert tell(site, suspend(zone.current, FAY, DINA, at=cast.now, **changes)) == code
        assert suspended(site) == set()

    def test_a_charter_that_was_never_in_force_here_is_no_ground(self, site, cast, zone):
        other = cast.zone(members=CUSTODIANS).current
        assert tell(site, suspend(other, FAY, DINA, at=cast.now)) == "other-charter"
        assert tell(site, suspend(cast.lumen.current, HANA, HANA, at=cast.now)) is not None


class TestReinstating:
    def test_it_takes_a_quorum(self, site, cast, zone):
        lost = suspend(zone.current, OSCAR, DINA, at=cast.now)
        assert tell(site, lost) is None
        alone = reinstate(cast, site.at, zone, OSCAR, lost, approvers=(EMIL,))
        assert site.send(alone).code == "quorum-not-met"
        assert site.send(reinstate(cast, site.at, zone, OSCAR, lost)).outcome == "done"
        assert suspended(site) == set()
        site.start()
        assert suspended(site) == set()

    def test_the_suspended_token_does_not_count_towards_its_own(self, site, cast, zone):
        lost = suspend(zone.current, FAY, DINA, at=cast.now)
        assert tell(site, lost) is None
        assert site.send(reinstate(cast, site.at, zone, FAY, lost)).code == "quorum-not-met"
        assert site.send(reinstate(cast, site.at, zone, FAY, lost, approvers=(EMIL, OSCAR))).outcome == "done"
        assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"

    def test_what_is_not_suspended_is_not_reinstated(self, site, cast, zone):
        lost = suspend(zone.current, OSCAR, DINA, at=cast.now)
        assert site.send(reinstate(cast, site.at, zone, OSCAR, lost)).code == "not-suspended"

    def test_an_old_suspension_does_not_suspend_a_second_time(self, site, cast, zone):
        lost = suspend(zone.current, OSCAR, DINA, at=cast.now)
        assert tell(site, lost) is None
        assert site.send(reinstate(cast, site.at, zone, OSCAR, lost)).outcome == "done"
        assert tell(site, lost) == "lifted"
        site.start()
        assert tell(site, lost) == "lifted"
        assert tell(site, suspend(zone.current, OSCAR, DINA, at=cast.now + 1)) is None

    def test_an_old_warrant_does_not_reinstate_a_second_time(self, site, cast, zone):
        """The journal answers it with the receipt of then."""
        lost = suspend(zone.current, OSCAR, DINA, at=cast.now)
        assert tell(site, lost) is None
        warrant = reinstate(cast, site.at, zone, OSCAR, lost)
        assert site.send(warrant).outcome == "done"
        again = suspend(zone.current, OSCAR, DINA, at=cast.now + 1)
        assert tell(site, again) is None
        site.deliver(carrying(warrant))
        assert len(suspended(site)) == 1

    def test_an_old_warrant_does_not_lift_a_newer_suspension(self, site, cast, zone):
        """It was kept back until the token was found, and stolen."""
        lost = suspend(zone.current, OSCAR, DINA, at=cast.now)
        stolen = suspend(zone.current, OSCAR, DINA, at=cast.now + 1)
        warrant = reinstate(cast, site.at, zone, OSCAR, lost)
        assert [tell(site, lost), tell(site, stolen)] == [None, None]
        assert site.send(warrant).outcome == "done"
        assert len(suspended(site)) == 1
        assert site.send(reinstate(cast, site.at, zone, OSCAR, stolen)).outcome == "done"
        assert suspended(site) == set()


class TestLockingOut:
    """One stolen token must not end an authority."""

    def test_one_person_suspends_one_fellow_at_most(self, site, cast, zone):
        assert tell(site, suspend(zone.current, OSCAR, DINA, at=cast.now)) is None
        assert tell(site, suspend(zone.current, FAY, DINA, at=cast.now)) == "one-at-most"
        assert tell(site, suspend(zone.current, DINA, DINA, at=cast.now)) is None

    def test_nobody_suspends_so_many_that_none_are_left_to_lift_it(self, site, cast, zone):
        assert tell(site, suspend(zone.current, OSCAR, DINA, at=cast.now)) is None
        assert tell(site, suspend(zone.current, FAY, EMIL, at=cast.now)) == "nobody-left"
        assert tell(site, suspend(zone.current, FAY, FAY, at=cast.now)) is None

    def test_what_a_holders_own_organisation_suspends_counts_for_no_zone(self, site, cast, zone):
        assert tell(site, suspend(cast.meridian.current, FAY, GUS, at=cast.now)) is None
        receipt = site.send(cast.generate_keys(site.at, zone))
        assert (receipt.code, "suspended" in receipt.detail) == ("quorum-not-met", True)

    def test_suspended_administrators_enrol_no_peer(self, make_site, site, cast):
        stranger = make_site(name="evil-1")
        for member in (ADA, BEN):
            assert tell(site, suspend(cast.northgate.current, member, JON, at=cast.now)) is None
        warrant = canonical.b64u(cast.enrol(stranger.at).raw)
        assert site.deliver(PeerMessage(warrant=warrant)).refused.code == "not-authorised"
        assert stranger.config.node.id not in site.facts.peers
