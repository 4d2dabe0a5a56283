"""Gathering shares on a node, on the fake driver and on SoftHSM2, from honest custodians and others."""

import itertools

import pytest

from hsmnodes.node.agent.messages import CancellationMessage
from hsmnodes.node.agent.refusals import BURST
from hsmnodes.node.drivers.errors import DriverDied
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Role
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.contributing import contribute, make_contribution
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY, MERIDIAN, Member
from tests.cast.signing import cancel, changed, make_warrant
from tests.hsmnodes.node.agent.gathering import (
    give,
    open_ceremony,
    read_answer,
    read_ceremony,
    split,
)
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying, charters, real_drivers
from tests.hsmnodes.node.agent.test_refusals import proposed

OSCAR = Member("Oscar", MERIDIAN, (Role.KEY_MANAGER,))


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def site(request, make_site, zone):
    return make_site(drivers=request.param).with_zone(zone)


@pytest.fixture
def fake(make_site, zone):
    """A node with fake drivers, with a slot for the custodians' zone."""
    return make_site().with_zone(zone)


@pytest.fixture
def shares(fake, cast, zone):
    return split(fake, cast.share_backup_key(fake.at, zone), zone)[1]


@pytest.fixture
def warrant(fake, shares, cast, zone):
    """Of a good drill."""
    return cast.hold_drill(fake.at, zone)


@pytest.fixture
def ceremony(fake, warrant, zone):
    return open_ceremony(fake, warrant, zone)


def secrets_left(site) -> int:
    """How many one-time keys and boxes are still kept."""
    store = site.node.parts.store
    [[keys]] = store.rows("SELECT COUNT(*) FROM vault WHERE name GLOB 'ceremony/*'")
    [[boxes]] = store.rows("SELECT COUNT(*) FROM contributions")
    return keys + boxes


def amend(zone, cast, people, **signed) -> None:
    """Put these people into the zone's charter."""
    wanted = tuple(sorted(people.values(), key=lambda one: one.id))
    zone.amend(**({"requester": DINA, "approvers": (EMIL, FAY)} | signed), now=cast.now, people=wanted)


def refusal(site, message) -> str | None:
    """Why a contribution is refused, or None; whatever it was, nothing of it may be kept."""
    before = {key: dict(one.contributions) for key, one in site.facts.gatherings.items()}
    report = site.deliver(message)
    assert {key: one.contributions for key, one in site.facts.gatherings.items()} == before
    if report.refused is not None:
        return report.refused.code
    [said] = report.said
    answer = read_answer(site, said)
    return answer.code if answer.outcome == "refused" else None


def test_two_custodians_prove_that_their_shares_rebuild_the_key(site, cast, zone):
    _, shares = split(site, cast.share_backup_key(site.at, zone), zone)
    warrant = cast.hold_drill(site.at, zone)
    ceremony = open_ceremony(site, warrant, zone)
    _, said = give(site, ceremony, shares, (3, 1))
    receipt = site.read(said)
    slot = site.facts.holdings.slots[zone.current.authority.id]
    kcv = site.node.parts.zones.driver(slot.zone.id).backup_key_kcv(bytes.fromhex(slot.backup_key_id))
    assert (receipt.outcome, receipt.results["kcv"]) == ("done", kcv)
    assert [one["custodian"]["name"] for one in receipt.results["contributors"]] == ["Dina", "Fay"]
    assert site.deliver(carrying(warrant)).said == [said]


def test_any_two_of_three_will_do_in_any_order(make_site, cast, zone):
    site = make_site().with_zone(zone)
    _, shares = split(site, cast.share_backup_key(site.at, zone), zone)
    for indices in itertools.permutations(shares, 2):
        ceremony = open_ceremony(site, cast.hold_drill(site.at, zone), zone)
        assert site.read(give(site, ceremony, shares, indices)[1]).outcome == "done"


def test_a_drill_may_ask_all_of_them(fake, shares, cast, zone):
    ceremony = open_ceremony(fake, cast.hold_drill(fake.at, zone, shares=3), zone)
    assert len(give(fake, ceremony, shares, (1, 2))) == 1, "the third is still to come"
    [_, said] = give(fake, ceremony, shares, (3,))
    assert len(fake.read(said).results["contributors"]) == 3


def test_the_question_is_put_once(fake, ceremony, warrant, zone):
    [again] = fake.deliver(carrying(warrant, zone)).said
    assert read_ceremony(fake, again) == ceremony
    fake.start()
    [after] = fake.deliver(carrying(warrant, zone)).said
    assert after == again


def test_a_ceremony_survives_a_restart_between_any_two_steps(site, cast, zone):
    _, shares = split(site, cast.share_backup_key(site.at, zone), zone)
    ceremony = open_ceremony(site, cast.hold_drill(site.at, zone), zone)
    site.start()
    give(site, ceremony, shares, (2,))
    site.start()
    assert site.read(give(site, ceremony, shares, (3,))[1]).outcome == "done"


def test_the_same_contribution_gets_the_same_answer_and_counts_once(fake, ceremony, shares):
    message = contribute(ceremony, DINA, shares[1])
    [first], [second] = (fake.deliver(message).said for _ in range(2))
    assert first == second
    assert refusal(fake, contribute(ceremony, DINA, shares[1], at=ceremony.opened_at + 1)) == "given-already"


def test_the_one_time_key_and_the_boxes_are_destroyed_at_the_end(site, cast, zone):
    _, shares = split(site, cast.share_backup_key(site.at, zone), zone)
    ceremony = open_ceremony(site, cast.hold_drill(site.at, zone), zone)
    give(site, ceremony, shares, (1,))
    site.node.advance()
    assert secrets_left(site) == 2
    give(site, ceremony, shares, (2,))
    site.node.advance()
    assert secrets_left(site) == 0


def test_nothing_is_taken_after_the_end(fake, ceremony, shares):
    give(fake, ceremony, shares, (1, 2))
    assert refusal(fake, contribute(ceremony, FAY, shares[3])) == "ceremony-over"


def test_a_ceremony_that_expires_takes_no_more_and_forgets(fake, ceremony, shares, warrant):
    give(fake, ceremony, shares, (1,))
    fake.clock.now = ceremony.expires_at
    assert refusal(fake, contribute(ceremony, EMIL, shares[2])) == "ceremony-over"
    fake.node.advance()
    assert secrets_left(fake) == 0
    assert fake.send(warrant).code == "expired"


def test_a_cancelled_ceremony_takes_no_more_and_forgets(fake, ceremony, shares, warrant):
    give(fake, ceremony, shares, (1,))
    proposal = proposed(warrant)
    assert fake.deliver(cancelling(proposal, DINA)).refused is None
    assert refusal(fake, contribute(ceremony, EMIL, shares[2])) == "ceremony-over"
    fake.node.advance()
    assert secrets_left(fake) == 0


def cancelling(proposal, member):
    cancellation = cancel(proposal, member, at=proposal.not_before)
    return CancellationMessage(
        proposal=canonical.b64u(proposal.raw), cancellation=canonical.b64u(cancellation.raw)
    )


def test_the_warrant_is_verified_once_more_when_the_last_share_is_in(fake, ceremony, shares, zone, cast):
    """A manager who approved leaves while shares are gathered: the quorum is no longer met."""
    give(fake, ceremony, shares, (1,))
    people = {person.id: person for person in zone.current.people} | {OSCAR.id: OSCAR.person()}
    del people[EMIL.id]
    amend(zone, cast, people, approvers=(EMIL, FAY, OSCAR), newcomers=[OSCAR])
    assert fake.deliver(charters(zone)).refused is None
    message = contribute(ceremony, FAY, shares[3])
    answer, said = fake.deliver(message).said
    assert read_answer(fake, answer).outcome == "accepted"
    receipt = fake.read(said)
    assert (receipt.outcome, receipt.code) == ("refused", "other-charter")


WRONG = {
    "another ceremony": ({"of": "0" * 64}, "no-such-ceremony"),
    "another proposal": ({"proposal": "0" * 32}, "other-ceremony"),
    "another deployment": ({"deployment": "0" * 32}, "other-ceremony"),
    "not of the demo": ({"demo": False}, "other-ceremony"),
    "another epoch": ({"epoch": 2}, "other-ceremony"),
    "another share set": ({"share_set": 2}, "other-ceremony"),
    "another index": ({"index": 2}, "other-holder"),
    "an index that no share has": ({"index": 9}, "other-holder"),
    "another token": ({"credential_id": EMIL.key.credential_id}, "other-holder"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_contribution_that_does_not_fit_is_refused(fake, ceremony, shares, case):
    changes, code = WRONG[case]
    assert refusal(fake, contribute(ceremony, DINA, shares[1], **changes)) == code


FORGED = {
    "by another token": lambda one: EMIL.key.sign(Purpose.CONTRIBUTE, one.raw),
    "as an approval": lambda one: DINA.key.sign(Purpose.APPROVE, one.raw),
    "of other bytes": lambda one: DINA.key.sign(Purpose.CONTRIBUTE, one.raw + b" "),
    "without the user's PIN": lambda one: DINA.key.sign(Purpose.CONTRIBUTE, one.raw, flags=0x01),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_contribution_whose_signature_does_not_hold_is_refused(fake, ceremony, shares, case):
    assert refusal(fake, contribute(ceremony, DINA, shares[1], sign=FORGED[case])) is not None


def test_a_share_that_was_altered_is_named_and_spoils_nothing(fake, ceremony, shares):
    value = bytearray(canonical.b64u_decode(shares[1].value))
    for place in range(len(value)):
        altered = bytearray(value)
        altered[place] ^= 1 << place % 8
        wrong = shares[1].model_copy(update={"value": canonical.b64u(bytes(altered))})
        message = contribute(ceremony, DINA, wrong)
        [said] = fake.deliver(message).said
        answer = read_answer(fake, said)
        assert (answer.outcome, answer.code) == ("refused", "altered-share")
        assert "Dina" in answer.detail
    assert fake.read(give(fake, ceremony, shares, (1, 2))[1]).outcome == "done"


def test_a_refused_share_sent_again_and_again_does_not_keep_the_hsm_signing(fake, ceremony, shares):
    wrong = shares[1].model_copy(update={"value": canonical.b64u(bytes(32))})
    message = contribute(ceremony, DINA, wrong)
    before = fake.pool.calls["sign_identity"]
    for _ in range(3 * BURST):
        fake.deliver(message)
    assert fake.pool.calls["sign_identity"] - before <= BURST
    assert fake.read(give(fake, ceremony, shares, (1, 2))[1]).outcome == "done"


def test_a_stale_share_is_named(fake, shares, cast, zone):
    split(fake, cast.share_backup_key(fake.at, zone, share_set=2), zone)
    ceremony = open_ceremony(fake, cast.hold_drill(fake.at, zone, share_set=2), zone)
    assert refusal(fake, contribute(ceremony, DINA, shares[1])) == "stale-share"


def test_the_share_of_another_is_named(fake, ceremony, shares):
    assert refusal(fake, contribute(ceremony, DINA, shares[2])) == "other-holder"


@pytest.mark.parametrize("name", ["deployment", "zone_founding", "provider_founding"])
def test_a_foreign_share_is_named(fake, ceremony, shares, name):
    foreign = "f" * len(getattr(shares[1], name))
    wrong = shares[1].model_copy(update={name: foreign})
    assert refusal(fake, contribute(ceremony, DINA, wrong)) == "foreign-share"


def test_every_changed_byte_of_a_box_is_refused(fake, ceremony, shares):
    message = contribute(ceremony, DINA, shares[1])
    sealed = canonical.b64u_decode(message.sealed)
    for place in range(0, len(sealed), 7):
        data = bytearray(sealed)
        data[place] ^= 0x80
        wrong = message.model_copy(update={"sealed": canonical.b64u(bytes(data))})
        assert refusal(fake, wrong) == "cannot-open"
    assert fake.deliver(message).refused is None


def test_a_box_for_one_ceremony_is_worth_nothing_to_another(fake, ceremony, shares, cast, zone):
    other = open_ceremony(fake, cast.hold_drill(fake.at, zone), zone)
    given = contribute(ceremony, DINA, shares[1])
    mine = make_contribution(other, DINA)
    moved = given.model_copy(
        update={
            "contribution": canonical.b64u(mine.raw),
            "assertion": DINA.key.sign(Purpose.CONTRIBUTE, mine.raw),
        }
    )
    assert refusal(fake, moved) == "cannot-open"


def test_two_ceremonies_at_once_do_not_mix(fake, ceremony, shares, cast, zone):
    other = open_ceremony(fake, cast.hold_drill(fake.at, zone), zone)
    give(fake, ceremony, shares, (1,))
    give(fake, other, shares, (2,))
    assert fake.read(give(fake, ceremony, shares, (3,))[1]).outcome == "done"
    assert fake.read(give(fake, other, shares, (3,))[1]).outcome == "done"


def test_a_custodian_whose_token_or_role_is_gone_cannot_contribute(fake, ceremony, shares, zone, cast):
    people = {person.id: person for person in zone.current.people}
    people[FAY.id] = FAY.with_roles(Role.KEY_MANAGER).person()
    amend(zone, cast, people)
    fake.deliver(charters(zone))
    assert refusal(fake, contribute(ceremony, FAY, shares[3])) == "not-a-custodian"


DRILLS = {
    "of another epoch": ({"epoch": 2}, "other-share-set"),
    "of a set that is not the last": ({"share_set": 2}, "other-share-set"),
    "with fewer than rebuild the key": ({"shares": 16}, "bad-number"),
}


@pytest.mark.parametrize("case", DRILLS)
def test_a_drill_that_does_not_fit_opens_nothing(fake, shares, cast, zone, case):
    changes, code = DRILLS[case]
    assert fake.send(cast.hold_drill(fake.at, zone, **changes), zone).code == code
    assert not fake.facts.gatherings


def test_without_shares_there_is_no_drill(fake, cast, zone):
    assert fake.send(cast.hold_drill(fake.at, zone), zone).code == "no-shares"


def test_without_a_quorum_no_ceremony_is_opened(fake, shares, cast, zone):
    proposal = proposed(cast.hold_drill(fake.at, zone))
    assert fake.send(make_warrant(proposal, DINA, (EMIL,)), zone).code == "quorum-not-met"
    assert not fake.facts.gatherings
    assert secrets_left(fake) == 0


def test_another_proposal_under_the_same_id_gets_no_second_ceremony(fake, ceremony, warrant, cast, zone):
    other = changed(proposed(warrant), reason="Another reason.")
    said = fake.send(make_warrant(other, DINA, (EMIL, FAY)), zone)
    assert said.code == "other-bytes"


def test_a_drill_that_breaks_off_is_held_again(fake, ceremony, shares):
    give(fake, ceremony, shares, (1,))
    broken = []

    def break_once(method):
        if method == "backup_key_kcv" and not broken:
            broken.append(method)
            raise DriverDied("gone")

    fake.pool.fault = break_once
    assert fake.read(give(fake, ceremony, shares, (2,))[1]).outcome == "done"
    assert broken


def test_a_drill_finds_a_key_that_is_not_the_one_in_the_hsm(fake, ceremony, shares, zone):
    """The vault's copy was replaced: the shares are right, and what the node keeps is not."""
    vault = fake.node.parts.executor._hands._vault
    name = f"zone/{zone.current.authority.id}/backup-key/1"
    vault.forget(name)
    vault.put(name, bytes(32))
    receipt = fake.read(give(fake, ceremony, shares, (1, 2))[1])
    assert (receipt.outcome, receipt.code) == ("failed", "other-key")
