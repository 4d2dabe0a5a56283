"""Restores that break off: what was created is taken back, what was replaced is finished, and no more."""

import pytest

from hsmnodes.node.drivers.errors import DriverDied, DriverError
from hsmnodes.node.drivers.values import Algorithm, KeySpec, Usage
from tests.cast.backups import restore_backup
from tests.cast.deployment import PAYMENTS
from tests.hsmnodes.node.agent.test_backups import KEYS, LABELS, back_up, destroy, give
from tests.hsmnodes.node.agent.test_settling import fail_at, keys_in


@pytest.fixture
def fake(site, cast, zone):
    """A node with three keys in Payments, on fake drivers."""
    site.send(cast.generate_keys(site.at, zone, *KEYS))
    return site


@pytest.mark.parametrize(
    ("method", "after"),
    [
        ("prove_keys", 0),
        ("unwrap_keys", 0),
        *[(method, after) for method in ("unwrap_key", "find_key", "destroy_key") for after in (0, 1)],
    ],
)
def test_a_driver_that_goes_away_is_looked_after_and_the_keys_are_there(fake, cast, zone, method, after):
    backup = back_up(fake, cast, zone)
    destroy(fake, cast, zone, backup, "cards")
    plan = {"cards": "create", "transfers": "replace", "database": "replace"}
    fail_at(fake, method, DriverDied("it died"), after=after)
    receipt = give(fake, restore_backup(cast, fake.at, zone, backup, plan), backup)
    assert receipt.outcome == "done"
    assert {key.label for key in keys_in(fake)} == set(LABELS)
    assert fake.node.parts.store.rows("SELECT * FROM enclosed") == []


def test_a_failure_takes_back_what_was_created_and_nothing_else(fake, cast, zone):
    backup = back_up(fake, cast, zone)
    destroy(fake, cast, zone, backup, "cards", "transfers")
    fail_at(fake, "unwrap_keys", DriverError("no memory", ck=0x31), after=0)
    plan = {"cards": "create", "transfers": "create", "database": "skip"}
    receipt = give(fake, restore_backup(cast, fake.at, zone, backup, plan), backup)
    assert (receipt.outcome, receipt.code) == ("failed", "ckr-device-memory")
    assert [key.label for key in keys_in(fake)] == ["database"]
    again = give(fake, restore_backup(cast, fake.at, zone, backup, plan), backup)
    assert again.outcome == "done"


def test_a_key_of_the_token_that_the_journal_does_not_know_is_not_destroyed(fake, cast, zone):
    backup = back_up(fake, cast, zone)
    destroy(fake, cast, zone, backup, *LABELS)
    stranger = next(key.id for key in backup.manifest.keys if key.label == "transfers")
    driver = fake.node.parts.executor._hands.driver(PAYMENTS.id)
    driver.generate_key(
        KeySpec(
            key_id=bytes.fromhex(stranger),
            label="a stranger",
            algorithm=Algorithm.EC_P256,
            usages=frozenset({Usage.SIGN}),
        )
    )
    plan = dict.fromkeys(LABELS, "create")
    receipt = give(fake, restore_backup(cast, fake.at, zone, backup, plan), backup)
    assert (receipt.outcome, receipt.code) == ("failed", "object-exists")
    assert [key.label for key in keys_in(fake)] == ["a stranger"]


def test_a_replacement_that_fails_is_gone_on_with(fake, cast, zone):
    backup = back_up(fake, cast, zone)
    fail_at(fake, "unwrap_key", DriverError("busy", ck=0x05), after=1)
    receipt = give(
        fake, restore_backup(cast, fake.at, zone, backup, dict.fromkeys(LABELS, "replace")), backup
    )
    assert receipt.outcome == "done"
    assert {key.label for key in keys_in(fake)} == set(LABELS)


def test_nothing_is_touched_if_one_of_the_keys_does_not_prove_itself(fake, cast, zone):
    backup = back_up(fake, cast, zone)
    fail_at(fake, "prove_keys", DriverError("blob broken"))
    receipt = give(
        fake, restore_backup(cast, fake.at, zone, backup, dict.fromkeys(LABELS, "replace")), backup
    )
    assert receipt.outcome == "failed"
    assert not fake.pool.calls["destroy_key"]
    assert not fake.pool.calls["unwrap_key"]
    assert not fake.pool.calls["unwrap_keys"]
