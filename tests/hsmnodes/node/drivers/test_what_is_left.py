"""What unwrapping leaves in a token of SoftHSM2: the halves of the keys, fixed as they were, and no more."""

import subprocess
import sys

import pytest

from tests.hsmnodes.node.drivers.attacker import ROOT, attempt
from tests.hsmnodes.node.drivers.cast import BACKUP_KEY, BACKUP_KEY_ID, SO_PIN, USER_PIN, key_id, spec

COUNTING = """
import sys
from pathlib import Path
from hsmnodes.node.drivers.errors import BlobBroken
from hsmnodes.node.drivers.pkcs11.driver import Pkcs11Driver
from hsmnodes.node.drivers.pkcs11.profile import softhsm2
from hsmnodes.node.drivers.values import Algorithm, Usage
from tests.hsmnodes.node.drivers.cast import BACKUP_KEY, BACKUP_KEY_ID, SO_PIN, key_id, spec

driver = Pkcs11Driver(softhsm2(), Path(sys.argv[1]))
driver.initialise("token", SO_PIN, "user-pin")
driver.open("token", lambda: "user-pin")
driver.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)

def objects():  # of the token and of the session
    return len(list(driver._token.session.get_objects()))

only_backup_key = objects()
ids = [key_id(number) for number in (1, 2, 3, 4)]
driver.generate_key(spec(1))
driver.generate_key(spec(2))
driver.generate_key(spec(3, Algorithm.AES_256))
driver.generate_key(spec(4, Algorithm.RSA_2048, Usage.DECRYPT))
generated = objects()
keys = driver.wrap_keys(ids, BACKUP_KEY_ID)
for one in ids:
    driver.destroy_key(one)
assert objects() == only_backup_key == generated - 7
driver.prove_keys(keys, BACKUP_KEY_ID)
assert objects() == only_backup_key
for number in range(4):
    other = keys[0 if number else 1]
    swapped = [*keys[:number], keys[number].model_copy(update={"blob": other.blob}), *keys[number + 1 :]]
    for attempt in (driver.prove_keys, driver.unwrap_keys):
        try:
            attempt(swapped, BACKUP_KEY_ID)
        except BlobBroken:
            assert objects() == only_backup_key
        else:
            raise AssertionError(number)
driver.unwrap_keys(keys, BACKUP_KEY_ID)
assert objects() == generated
driver.close()
"""


def test_nothing_stays_of_what_proved_itself_for_a_moment_or_of_what_did_not(profile, tmp_path):
    command = [sys.executable, "-c", COUNTING, str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(
    ("attack", "outcome"),
    [
        ("let_a_public_half_encrypt", "CKR_ACTION_PROHIBITED"),
        ("copy_a_public_half_with_another_usage", "CKR_ATTRIBUTE_READ_ONLY"),
        ("add_a_usage_to_a_key", "CKR_ACTION_PROHIBITED"),
        ("copy_a_key_with_another_usage", "CKR_ACTION_PROHIBITED"),
    ],
)
def test_neither_half_of_what_came_back_can_be_altered(process, tmp_path, attack, outcome):
    process.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
    process.generate_key(spec(1))
    [key] = process.wrap_keys([key_id(1)], BACKUP_KEY_ID)
    process.destroy_key(key_id(1))
    process.unwrap_keys([key], BACKUP_KEY_ID)
    process.close()
    assert attempt(attack, tmp_path / "token", USER_PIN, key_id(1)) == outcome
