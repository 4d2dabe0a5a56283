"""What a crash leaves in SoftHSM2's token, and how the driver tells: kill -9 at many moments.

`--kills N` says how many each test tries; 20 without it.
"""

import contextlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

from hsmnodes.node.drivers.errors import DriverDied, ObjectExists, PinRefused, TokenExists
from hsmnodes.node.drivers.supervisor import DriverProcess
from hsmnodes.node.drivers.values import Algorithm, SignMechanism, WrappedKey
from tests.hsmnodes.node.drivers.attacker import attempt
from tests.hsmnodes.node.drivers.cast import (
    BACKUP_KEY,
    BACKUP_KEY_ID,
    BACKUP_KEY_KCV,
    LABEL,
    NEXT_BACKUP_KEY,
    NEXT_BACKUP_KEY_ID,
    SO_PIN,
    USER_PIN,
    key_id,
    spec,
)
from tests.hsmnodes.node.drivers.processes import kill_after

ROOT = Path(__file__).parents[4]
pytestmark = pytest.mark.timeout(3600)


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills") or 20


@pytest.mark.parametrize("half", ["public", "private"])
def test_half_a_pair_is_found_as_such_and_can_be_made_anew(process, tmp_path, half):
    process.generate_key(spec(1))
    process.close()
    assert attempt(f"lose_the_{half}_half", tmp_path / "token", USER_PIN, key_id(1)) == "done"
    process.open(LABEL, lambda: USER_PIN)
    found = process.find_key(key_id(1))
    assert (found.complete, found.label, found.algorithm) == (False, "key 1", Algorithm.EC_P256)
    assert (found.public_key is None) == (half == "public")
    assert process.list_keys() == [found]
    with pytest.raises(ObjectExists):
        process.generate_key(spec(1))
    process.destroy_key(key_id(1))
    assert process.generate_key(spec(1)).complete


def test_half_an_identity_is_made_anew(process, tmp_path):
    first = process.generate_identity("node ams-1")
    process.close()
    assert attempt("lose_the_public_half", tmp_path / "token", USER_PIN, b"identity") == "done"
    process.open(LABEL, lambda: USER_PIN)
    assert process.generate_identity("node ams-1") != first


@pytest.mark.parametrize("algorithm", [Algorithm.EC_P256, Algorithm.AES_256, Algorithm.RSA_2048])
def test_a_key_whose_generation_was_killed_is_whole_absent_or_reported_as_half(process, algorithm, kills):
    for number in range(1, kills + 1):
        timer = kill_after(process.pid, random.uniform(0, 0.25 if algorithm.family == "rsa" else 0.012))
        with contextlib.suppress(DriverDied):
            process.generate_key(spec(number, algorithm))
        timer.join()
        found = process.find_key(key_id(number))
        if found is not None and not found.complete:
            process.destroy_key(key_id(number))
        if found is None or not found.complete:
            process.generate_key(spec(number, algorithm))
    keys = process.list_keys()
    assert len(keys) == kills
    assert all(key.complete and key.algorithm is algorithm for key in keys)
    for key in keys:  # and they are whole indeed
        if algorithm is Algorithm.EC_P256:
            process.sign(key.key_id, bytes(32), SignMechanism.ECDSA)
        if algorithm is Algorithm.RSA_2048:
            process.sign(key.key_id, b"payment", SignMechanism.RSA_PKCS1_SHA256)


@pytest.mark.parametrize("algorithm", [Algorithm.EC_P256, Algorithm.AES_256, Algorithm.RSA_2048])
def test_a_key_whose_unwrapping_was_killed_is_whole_absent_or_reported_as_half(process, algorithm, kills):
    process.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
    made = process.generate_key(spec(1, algorithm))
    blob = process.wrap_key(key_id(1), BACKUP_KEY_ID)
    process.destroy_key(key_id(1))
    for number in range(1, kills + 1):
        key = WrappedKey(spec=spec(number, algorithm), blob=blob, public_key=made.public_key, kcv=made.kcv)
        process.find_key(key_id(1))  # the process runs
        timer = kill_after(process.pid, random.uniform(0, 0.06))
        with contextlib.suppress(DriverDied):
            process.unwrap_key(key, BACKUP_KEY_ID)
        timer.join()
        found = process.find_key(key_id(number))
        if found is not None and not found.complete:
            process.destroy_key(key_id(number))
        if found is None or not found.complete:
            process.unwrap_key(key, BACKUP_KEY_ID)
    keys = process.list_keys()
    assert len(keys) == kills
    for key in keys:  # and they are whole indeed, and the same key
        assert (key.complete, key.algorithm, key.public_key) == (True, algorithm, made.public_key)
        assert process.wrap_key(key.key_id, BACKUP_KEY_ID) == blob
        if algorithm is Algorithm.EC_P256:
            process.sign(key.key_id, bytes(32), SignMechanism.ECDSA)


DIES_BEFORE_THE_PROOF = """
import os, sys
from pathlib import Path
from hsmnodes.node.drivers.pkcs11 import unwrapping
from hsmnodes.node.drivers.pkcs11.driver import Pkcs11Driver
from hsmnodes.node.drivers.pkcs11.profile import softhsm2
from hsmnodes.node.drivers.values import WrappedKey
from tests.hsmnodes.node.drivers.cast import BACKUP_KEY_ID, LABEL, USER_PIN

unwrapping.require_proofs = lambda unwrapped: list(unwrapped) and os._exit(9)
driver = Pkcs11Driver(softhsm2(), Path(sys.argv[1]))
driver.open(LABEL, lambda: USER_PIN)
driver.unwrap_keys([WrappedKey.model_validate_json(sys.argv[2])], BACKUP_KEY_ID)
"""


def test_a_key_that_has_not_proved_itself_yet_is_no_more_than_half_a_pair(process, tmp_path):
    process.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
    process.generate_key(spec(1))
    [key] = process.wrap_keys([key_id(1)], BACKUP_KEY_ID)
    process.destroy_key(key_id(1))
    process.close()
    command = [sys.executable, "-c", DIES_BEFORE_THE_PROOF, str(tmp_path / "token"), key.model_dump_json()]
    assert subprocess.run(command, check=False, cwd=ROOT).returncode == 9
    process.open(LABEL, lambda: USER_PIN)
    found = process.find_key(key_id(1))
    assert (found.complete, found.public_key) == (False, None)
    process.destroy_key(key_id(1))
    assert process.unwrap_key(key, BACKUP_KEY_ID).complete


def test_a_record_whose_writing_was_killed_is_the_old_or_the_new_one(process, kills):
    written = 0
    process.write_record("journal", b"0")
    for _ in range(kills):
        timer = kill_after(process.pid, random.uniform(0, 0.02))
        with contextlib.suppress(DriverDied):
            while timer.is_alive():
                process.write_record("journal", str(written + 1).encode())
                written += 1
        timer.join()
        read = int(process.read_record("journal"))
        assert read in {written, written + 1}
        written = read
        process.write_record("journal", str(written + 1).encode())
        written += 1
        assert int(process.read_record("journal")) == written


def test_an_initialisation_that_was_killed_can_be_finished_or_had_finished(profile, tmp_path, kills):
    for number in range(kills):
        driver = DriverProcess(profile, tmp_path / str(number))
        driver.call("close", {})  # starts the process
        timer = kill_after(driver.pid, random.uniform(0, 0.03))
        with contextlib.suppress(DriverDied):
            driver.initialise(LABEL, SO_PIN, USER_PIN)
        timer.join()
        with contextlib.suppress(TokenExists):
            driver.initialise(LABEL, SO_PIN, USER_PIN)
        driver.close()
        driver.open(LABEL, lambda: USER_PIN)
        assert driver.info().label == LABEL
        driver.close()


def test_a_backup_key_whose_installation_was_killed_is_absent_or_out_of_reach(profile, tmp_path, kills):
    for number in range(kills):
        directory = tmp_path / str(number)
        driver = DriverProcess(profile, directory)
        driver.initialise(LABEL, SO_PIN, USER_PIN)
        driver.open(LABEL, lambda: USER_PIN)
        timer = kill_after(driver.pid, random.uniform(0, 0.03))
        with contextlib.suppress(DriverDied):
            driver.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
        timer.join()
        if driver.backup_key_kcv(BACKUP_KEY_ID) is None:
            driver.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
        assert driver.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV
        assert attempt("let_the_backup_key_decrypt", directory, USER_PIN) == "CKR_ACTION_PROHIBITED"
        driver.close()


def test_a_rotation_that_was_killed_leaves_the_old_backup_key_or_the_new_one_or_both_whole(process, kills):
    process.install_backup_key("old", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
    process.generate_key(spec(1))
    for _ in range(kills):
        timer = kill_after(process.pid, random.uniform(0, 0.04))
        with contextlib.suppress(DriverDied):
            process.install_backup_key("new", NEXT_BACKUP_KEY_ID, NEXT_BACKUP_KEY, SO_PIN)
            process.destroy_other_backup_keys(NEXT_BACKUP_KEY_ID)
        timer.join()
        if process.backup_key_kcv(NEXT_BACKUP_KEY_ID) is None:
            assert process.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV
            process.install_backup_key("new", NEXT_BACKUP_KEY_ID, NEXT_BACKUP_KEY, SO_PIN)
        process.destroy_other_backup_keys(NEXT_BACKUP_KEY_ID)
        assert process.backup_key_kcv(BACKUP_KEY_ID) is None
        assert process.wrap_key(key_id(1), NEXT_BACKUP_KEY_ID)
        process.install_backup_key("old", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
        process.destroy_other_backup_keys(BACKUP_KEY_ID)
        assert process.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV


@pytest.mark.parametrize("left", [b"", b"\x00" * 100, None], ids=["empty", "cut", "missing"])
def test_a_token_whose_own_file_was_cut_off_at_a_login_comes_back_with_its_keys(process, tmp_path, left):
    made = process.generate_key(spec(1))
    process.close()
    (record,) = (tmp_path / "token").glob("tokens/*/token.object")
    record.unlink() if left is None else record.write_bytes(left)
    process.open(LABEL, lambda: USER_PIN)
    assert process.find_key(key_id(1)) == made


def test_a_login_that_was_killed_loses_nothing(process, kills):
    made = process.generate_key(spec(1))
    for _ in range(kills):
        process.close()
        process.call("close", {})  # starts the process
        timer = kill_after(process.pid, random.uniform(0, 0.02))
        with contextlib.suppress(DriverDied):
            while timer.is_alive():
                process.call("open", {"label": LABEL, "pin": USER_PIN})
                process.call("close", {})
        timer.join()
        process.open(LABEL, lambda: USER_PIN)
        assert process.find_key(key_id(1)) == made


def test_a_token_without_its_user_pin_is_made_anew(profile, tmp_path):
    prepare(profile, tmp_path)
    assert attempt("initialise_without_user_pin", tmp_path, SO_PIN, LABEL.encode()) == "done"
    driver = DriverProcess(profile, tmp_path)
    with pytest.raises(PinRefused) as refused:
        driver.open(LABEL, lambda: USER_PIN)
    assert refused.value.code == "CKR_USER_PIN_NOT_INITIALIZED"
    driver.initialise(LABEL, "another-so-pin", USER_PIN)
    driver.open(LABEL, lambda: USER_PIN)
    driver.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, "another-so-pin")
    driver.close()


def prepare(profile, directory):
    """Leave a directory as a driver process does before there is a token."""
    driver = DriverProcess(profile, directory)
    driver.call("close", {})
    driver.close()
