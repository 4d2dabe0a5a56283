"""Two tenants of one HSM: neither reaches, wraps or unwraps the other's keys. Tried for real on SoftHSM2.

Each slot is made by the driver, and once more both are put side by side into one HSM for the bare module.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.drivers.supervisor import DriverProcess
from hsmnodes.node.drivers.values import Algorithm, WrappedKey
from tests.hsmnodes.node.drivers.cast import (
    BACKUP_KEY,
    BACKUP_KEY_ID,
    LABEL,
    NEXT_BACKUP_KEY,
    NEXT_BACKUP_KEY_ID,
    SO_PIN,
    USER_PIN,
    key_id,
    spec,
)
from tests.hsmnodes.node.drivers.neighbour import attempt

LUMEN, LUMEN_PIN, LUMEN_SO_PIN = "lumen-records", "user-pin-of-lumen", "so-pin-of-lumen"
OWN, THEIRS, THEIR_SECRET = key_id(1), key_id(11), key_id(12)


@dataclass(frozen=True)
class Shared:
    """Both tenants' drivers, the HSM with both slots, and the blob of a secret key of Lumen's."""

    meridian: DriverProcess
    lumen: DriverProcess
    hsm: Path
    blob: bytes

    def attempt(self, name: str, data: bytes = b"") -> str:
        """What Meridian's tenant tries against Lumen's slot."""
        return attempt(name, self.hsm, own=LABEL, beside=LUMEN, pin=USER_PIN, data=data)


@pytest.fixture(scope="module")
def shared(profile, tmp_path_factory):
    meridian, lumen, hsm = (tmp_path_factory.mktemp(name) for name in ("meridian", "lumen", "hsm"))
    ours, theirs = DriverProcess(profile, meridian), DriverProcess(profile, lumen)
    ours.initialise(LABEL, SO_PIN, USER_PIN)
    ours.open(LABEL, lambda: USER_PIN)
    ours.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
    ours.generate_key(spec(1))
    theirs.initialise(LUMEN, LUMEN_SO_PIN, LUMEN_PIN)
    theirs.open(LUMEN, lambda: LUMEN_PIN)
    theirs.install_backup_key("backup key", NEXT_BACKUP_KEY_ID, NEXT_BACKUP_KEY, LUMEN_SO_PIN)
    theirs.generate_key(spec(11))
    theirs.generate_key(spec(12, Algorithm.AES_256))
    blob = theirs.wrap_key(THEIR_SECRET, NEXT_BACKUP_KEY_ID)
    put_side_by_side(hsm, meridian, lumen)
    yield Shared(ours, theirs, hsm, blob)
    ours.close()
    theirs.close()


def put_side_by_side(hsm: Path, *directories: Path) -> None:
    """One token directory with the tokens of several."""
    for directory in directories:
        shutil.copytree(directory / "tokens", hsm / "tokens", dirs_exist_ok=True)
    text = (directories[0] / "softhsm2.conf").read_text("utf-8")
    (hsm / "softhsm2.conf").write_text(text.replace(str(directories[0]), str(hsm)), "utf-8")


@pytest.mark.parametrize(
    ("attack", "data", "outcome"),
    [
        ("log_in_with_the_own_pin", b"", "CKR_PIN_INCORRECT"),
        ("log_in_as_its_security_officer", b"", "CKR_PIN_INCORRECT"),
        ("look_for_secrets_without_logging_in", b"", "found 0"),
        ("look_for_its_keys_in_the_own_slot", THEIRS, "found 0"),
        ("look_for_its_keys_in_the_own_slot", NEXT_BACKUP_KEY_ID, "found 0"),
        ("wrap_its_key_by_the_own_backup_key", THEIRS, "no such key"),
        ("wrap_its_key_by_an_own_key", THEIRS, "no such key"),
        ("make_a_key_there_without_logging_in", b"", "CKR_USER_NOT_LOGGED_IN"),
    ],
)
def test_a_tenant_with_the_bare_module_does_not_reach_the_slot_beside(shared, attack, data, outcome):
    assert shared.attempt(attack, data) == outcome


def test_a_tenant_with_the_bare_module_does_not_unwrap_what_the_slot_beside_has_wrapped(shared):
    outcome = shared.attempt("unwrap_its_blob_by_the_own_backup_key", shared.blob)
    assert outcome in {"CKR_WRAPPED_KEY_INVALID", "CKR_GENERAL_ERROR"}


def test_the_same_with_the_own_keys_works_so_the_refusals_above_are_the_protection(shared):
    assert shared.attempt("wrap_an_own_key_by_the_own_backup_key", OWN) == "done"
    assert shared.attempt("look_for_own_keys_in_the_own_slot") == "found 2"


def test_a_driver_does_not_wrap_a_key_of_the_slot_beside(shared):
    assert shared.lumen.wrap_key(THEIRS, NEXT_BACKUP_KEY_ID)
    for wanted in (THEIRS, THEIR_SECRET, NEXT_BACKUP_KEY_ID):
        assert shared.meridian.find_key(wanted) is None
        with pytest.raises(DriverError):
            shared.meridian.wrap_key(wanted, BACKUP_KEY_ID)
        with pytest.raises(DriverError):
            shared.meridian.wrap_key(OWN, NEXT_BACKUP_KEY_ID)


def test_a_driver_does_not_take_in_what_the_slot_beside_has_wrapped(shared):
    stolen = WrappedKey(
        spec=spec(12, Algorithm.AES_256),
        blob=shared.blob,
        kcv=shared.lumen.find_key(THEIR_SECRET).kcv,
        public_key=None,
    )
    for take in (shared.meridian.prove_key, shared.meridian.unwrap_key):
        with pytest.raises(DriverError):
            take(stolen, BACKUP_KEY_ID)
    assert [one.key_id for one in shared.meridian.list_keys()] == [OWN]
    shared.lumen.prove_key(stolen, NEXT_BACKUP_KEY_ID)
