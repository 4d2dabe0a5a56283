"""Rotating a zone's backup key on a node, on the fake driver and on SoftHSM2."""

import itertools

import pytest
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

from hsmnodes.node.drivers.errors import DriverDied, DriverError
from hsmnodes.node.operations.backup_key import rotate
from hsmnodes.node.operations.backup_key.identifiers import backup_key_id
from hsmnodes.node.protocol import backups
from tests.cast.backups import restore_backup
from tests.cast.contributing import contribute
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY
from tests.hsmnodes.node.agent.gathering import Shares, give, open_boxes, open_ceremony, read_answer, split
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying, charters, real_drivers
from tests.hsmnodes.node.agent.rotating import (
    backup_keys_in_hsm,
    blobs_of,
    kept_keys,
    rebuilt,
    rotate_warrant,
    slot_of,
)
from tests.hsmnodes.node.agent.test_backups import back_up
from tests.hsmnodes.node.agent.test_backups import give as restored
from tests.hsmnodes.node.agent.test_refusals import proposed

KEYS = [("pair", "ec-p256", ("sign",)), ("secret", "aes-256", ("encrypt",))]


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def site(request, make_site, zone):
    return make_site(drivers=request.param).with_zone(zone)


@pytest.fixture
def fake(make_site, zone):
    return make_site().with_zone(zone)


def rotated(site, cast, zone, holders=CUSTODIANS):
    """Rotate; the receipt, the new shares, and the new blobs by the id of their key."""
    [said] = site.deliver(carrying(rotate_warrant(site, cast, zone, holders), zone)).said
    receipt = site.read(said)
    assert receipt.outcome == "done", receipt
    return receipt, open_boxes(site, receipt, said, zone), blobs_of(said)


def generate(site, cast, zone):
    [said] = site.deliver(carrying(cast.generate_keys(site.at, zone, *KEYS))).said
    return blobs_of(said)


def opens(key: bytes, blobs) -> list[bool]:
    """Whether a backup key opens each of some blobs."""
    found = []
    for blob in blobs.values():
        try:
            found.append(bool(aes_key_unwrap_with_padding(key, blob)))
        except InvalidUnwrap:
            found.append(False)
    return found


def test_the_new_shares_rebuild_a_key_that_opens_the_new_blobs_and_no_old_ones(site, cast, zone):
    _, old_shares = split(site, cast.share_backup_key(site.at, zone), zone)
    old_blobs = generate(site, cast, zone)
    receipt, shares, blobs = rotated(site, cast, zone, CUSTODIANS[1:])
    assert set(blobs) == set(old_blobs)
    [key] = {rebuilt(two, receipt) for two in itertools.combinations(shares.values(), 2)}
    old_key = rebuilt_of(old_shares)
    assert opens(key, blobs) == [True, True]
    assert opens(key, old_blobs) == [False, False]
    assert opens(old_key, old_blobs) == [True, True], (
        "what was backed up before stays readable, and we say so"
    )
    assert opens(old_key, blobs) == [False, False]


def rebuilt_of(shares: Shares) -> bytes:
    one, other = list(shares.values())[:2]
    return rebuilt([one, other], one.commitment)


def test_only_the_new_backup_key_is_left_in_the_hsm_and_in_the_vault(site, cast, zone):
    before = slot_of(site, zone)
    receipt, _, _ = rotated(site, cast, zone)
    slot = slot_of(site, zone)
    assert (slot.epoch, slot.kcv) == (2, receipt.results["backup_key"]["kcv"])
    assert slot.backup_key_id == backup_key_id(slot.zone.id, receipt.proposal)
    assert receipt.results["retired"] == {"epoch": 1, "kcv": before.kcv}
    ids = [before.backup_key_id, slot.backup_key_id]
    assert backup_keys_in_hsm(site, zone, ids) == {slot.backup_key_id: slot.kcv}
    assert kept_keys(site, zone) == [slot.backup_key_id]


def test_new_keys_are_backed_up_under_the_new_epoch_and_say_so(site, cast, zone):
    receipt, shares, _ = rotated(site, cast, zone)
    [said] = site.deliver(carrying(cast.generate_keys(site.at, zone, *KEYS))).said
    made = site.read(said).results["keys"]
    assert [key["epoch"] for key in made] == [2, 2]
    assert opens(rebuilt([shares[1], shares[2]], receipt), blobs_of(said)) == [True, True]


def test_keys_keep_working_and_destroyed_ones_are_not_wrapped_again(site, cast, zone):
    generate(site, cast, zone)
    pair, secret = site.facts.holdings.keys_of(slot_of(site, zone).zone.id)
    site.send(cast.destroy_keys(site.at, zone, (secret.id, secret.label)))
    driver = site.node.parts.zones.driver(slot_of(site, zone).zone.id)
    before = driver.list_keys()
    _, _, blobs = rotated(site, cast, zone)
    assert list(blobs) == [pair.id]
    assert driver.list_keys() == before


def test_a_backup_of_an_earlier_epoch_is_not_restored_and_one_of_the_new_epoch_is(site, cast, zone):
    generate(site, cast, zone)
    old = back_up(site, cast, zone)
    rotated(site, cast, zone)
    plan = {"pair": "replace", "secret": "replace"}
    assert restored(site, restore_backup(cast, site.at, zone, old, plan), old).code == "other-backup-key"
    new = back_up(site, cast, zone)
    assert (new.manifest.epoch, new.manifest.kcv) == (2, slot_of(site, zone).kcv)
    assert restored(site, restore_backup(cast, site.at, zone, new, plan), new).outcome == "done"


def test_it_is_rotated_again_and_again_and_a_start_finds_the_last(site, cast, zone):
    for epoch in (2, 3, 4):
        assert rotated(site, cast, zone)[0].results["backup_key"]["epoch"] == epoch
    held = site.facts.holdings
    site.start()
    assert site.facts.holdings == held
    assert held.share_sets[slot_of(site, zone).zone.id].number == 3
    assert kept_keys(site, zone) == [slot_of(site, zone).backup_key_id]


def test_custodians_of_the_new_set_drill_and_those_of_the_old_one_cannot(site, cast, zone):
    _, old = split(site, cast.share_backup_key(site.at, zone), zone)
    _, new, _ = rotated(site, cast, zone)
    assert site.send(cast.hold_drill(site.at, zone), zone).code == "other-share-set"
    ceremony = open_ceremony(site, cast.hold_drill(site.at, zone, share_set=2, epoch=2), zone)
    [said] = site.deliver(contribute(ceremony, CUSTODIANS[0], old[1])).said
    assert read_answer(site, said).code == "stale-share"
    _, said = give(site, ceremony, new, (1, 3))
    assert site.read(said).outcome == "done"


def test_a_repeated_warrant_gets_the_same_blobs_and_rotates_nothing(site, cast, zone):
    generate(site, cast, zone)
    warrant = rotate_warrant(site, cast, zone)
    [first], [second] = (site.deliver(carrying(warrant, zone)).said for _ in range(2))
    assert first == second
    assert slot_of(site, zone).epoch == 2


WRONG = {
    "an epoch that is not the next": ({"epoch": 3}, "other-epoch"),
    "the epoch in force": ({"epoch": 1}, "other-epoch"),
    "another backup key than the one in force": ({"retired_kcv": "000000"}, "other-backup-key"),
    "a share set that is not the next": ({"share_set": 2}, "other-share-set"),
    "more shares needed than there are": ({"threshold": 4}, "bad-threshold"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_rotation_that_does_not_fit_is_refused_and_draws_no_key(fake, cast, zone, case):
    changes, code = WRONG[case]
    acts = fake.pool.acts
    assert fake.send(rotate_warrant(fake, cast, zone, **changes), zone).code == code
    assert (fake.pool.acts, slot_of(fake, zone).epoch) == (acts, 1)


def test_custodians_are_held_to_the_charter_as_in_a_split(fake, cast, zone):
    holders = dict(proposed(rotate_warrant(fake, cast, zone)).parameters)["custodians"]
    crossed = [holders[0], holders[1] | {"share_key": holders[0]["share_key"]}]
    warrant = rotate_warrant(fake, cast, zone, custodians=crossed)
    assert fake.send(warrant, zone).code == "no-such-share-key"


def test_two_rotations_that_were_both_signed_are_not_both_carried_out(fake, cast, zone):
    one, other = rotate_warrant(fake, cast, zone), rotate_warrant(fake, cast, zone)
    assert fake.send(one, zone).outcome == "done"
    assert fake.send(other, zone).code == "other-epoch"


def test_keys_whose_backup_cannot_be_carried_stay_under_the_old_backup_key(fake, cast, zone, monkeypatch):
    generate(fake, cast, zone)
    before = slot_of(fake, zone)
    with monkeypatch.context() as patched:
        patched.setattr(backups, "LONGEST_PART", 500)
        patched.setattr(backups, "LONGEST_BACKUP", 500)
        receipt = fake.send(rotate_warrant(fake, cast, zone), zone)
    assert (receipt.outcome, receipt.code) == ("failed", "driver-error")
    assert "at most 500 can be carried" in receipt.detail
    assert slot_of(fake, zone) == before
    assert kept_keys(fake, zone) == [before.backup_key_id]
    assert rotated(fake, cast, zone)[0].results["backup_key"]["epoch"] == 2


def test_more_keys_than_fit_into_one_backup_are_refused_beforehand(fake, cast, zone, monkeypatch):
    monkeypatch.setattr(rotate, "MOST_KEYS", 1)
    generate(fake, cast, zone)
    assert fake.send(rotate_warrant(fake, cast, zone), zone).code == "too-many"


STEPS = ["random", "seal", "install_backup_key", "wrap_keys"]


@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_that_fails_leaves_the_old_key_in_force_and_nothing_of_the_new_one(fake, cast, zone, step):
    generate(fake, cast, zone)
    before, warrant = slot_of(fake, zone), rotate_warrant(fake, cast, zone)
    fail_once(fake, step, DriverError("broken", ck=0x30))
    assert fake.send(warrant, zone).outcome == "failed"
    assert slot_of(fake, zone) == before
    new = backup_key_id(before.zone.id, proposed(warrant).proposal)
    assert backup_keys_in_hsm(fake, zone, [before.backup_key_id, new]) == {before.backup_key_id: before.kcv}
    assert kept_keys(fake, zone) == [before.backup_key_id]
    assert rotated(fake, cast, zone)[0].results["backup_key"]["epoch"] == 2


@pytest.mark.parametrize("step", [*STEPS, "backup_key_kcv", "destroy_other_backup_keys"])
def test_a_rotation_whose_driver_dies_is_finished(fake, cast, zone, step):
    old_blobs = generate(fake, cast, zone)
    fail_once(fake, step, DriverDied("gone"))
    receipt, shares, blobs = rotated(fake, cast, zone)
    assert set(blobs) == set(old_blobs)
    assert opens(rebuilt([shares[1], shares[3]], receipt), blobs) == [True, True]
    fake.node.advance()
    assert kept_keys(fake, zone) == [slot_of(fake, zone).backup_key_id]


def test_an_old_key_that_cannot_be_destroyed_yet_is_destroyed_later_and_never_used(fake, cast, zone):
    before, errors = slot_of(fake, zone), [DriverError("busy", ck=0x30)] * 3

    def fail(method):
        if method == "destroy_other_backup_keys" and errors:
            raise errors.pop()

    fake.pool.fault = fail
    receipt, shares, _ = rotated(fake, cast, zone)
    ids = [before.backup_key_id, slot_of(fake, zone).backup_key_id]
    assert len(backup_keys_in_hsm(fake, zone, ids)) == 2
    [said] = fake.deliver(carrying(cast.generate_keys(fake.at, zone, *KEYS))).said
    assert all(opens(rebuilt([shares[1], shares[2]], receipt), blobs_of(said)))
    errors.clear()
    fake.start()
    fake.node.advance()
    assert list(backup_keys_in_hsm(fake, zone, ids)) == [ids[1]]
    assert kept_keys(fake, zone) == [ids[1]]


def test_forgetting_the_first_key_forgets_none_whose_id_begins_alike(fake, cast, zone):
    """The first is called 1 in the vault."""
    vault, name = fake.node.parts.zones._vault, f"zone/{slot_of(fake, zone).zone.id}/backup-key/"
    vault.put(name + "1a", b"another")
    vault.forget_one(name + "1")
    assert vault.get(name + "1a") == b"another"


def test_a_rotation_that_cannot_be_settled_leaves_the_old_key_in_force(fake, cast, zone):
    generate(fake, cast, zone)
    before = slot_of(fake, zone)

    def fail(method):
        if method == "wrap_keys":
            raise DriverDied("gone")

    fake.pool.fault = fail
    receipt = fake.send(rotate_warrant(fake, cast, zone), zone)
    assert receipt.outcome == "indeterminate"
    assert (slot_of(fake, zone), kept_keys(fake, zone)) == (before, [before.backup_key_id])
    fake.pool.fault = lambda _method: None
    assert rotated(fake, cast, zone)[0].results["backup_key"]["epoch"] == 2


def test_what_broke_off_is_settled_with_the_custodians_it_was_authorised_for(fake, cast, zone):
    """By the charter that the warrant names, though a later one has other custodians by the time."""
    warrant = rotate_warrant(fake, cast, zone)
    executor, plain = fake.node.parts.executor, fake.node.parts.executor._act

    def stop(_warrant):
        raise KeyboardInterrupt

    executor._act = stop
    with pytest.raises(KeyboardInterrupt):
        fake.deliver(carrying(warrant, zone))
    executor._act = plain
    remaining = tuple(one for one in zone.current.people if one.id != FAY.id)
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, people=remaining)
    fake.start()
    [said] = fake.deliver(charters(zone)).said
    receipt = fake.read(said)
    assert receipt.outcome == "done", receipt
    assert [one["custodian"]["id"] for one in receipt.results["shares"]] == [one.id for one in CUSTODIANS]


def fail_once(site, step, error):
    left = [error]

    def fail(method):
        if method == step and left:
            raise left.pop()

    site.pool.fault = fail
