"""What PKCS#11 itself refuses to someone with the module and the user PIN: tried for real on SoftHSM2."""

import pytest

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.drivers.pkcs11.objects import IDENTITY_ID, STORAGE_KEY_ID
from hsmnodes.node.drivers.supervisor import DriverProcess
from hsmnodes.node.drivers.values import Algorithm
from tests.hsmnodes.node.drivers.attacker import attempt
from tests.hsmnodes.node.drivers.cast import (
    BACKUP_KEY,
    BACKUP_KEY_ID,
    BACKUP_KEY_KCV,
    LABEL,
    SO_PIN,
    USER_PIN,
    key_id,
    spec,
)

FORBIDDEN = "CKR_ACTION_PROHIBITED"
FIXED = "CKR_ATTRIBUTE_READ_ONLY"


@pytest.fixture(scope="module")
def zone(profile, tmp_path_factory):
    """A zone's token with one EC and one AES key, and the node's own keys; the directory and both blobs."""
    directory = tmp_path_factory.mktemp("zone")
    driver = DriverProcess(profile, directory)
    driver.initialise(LABEL, SO_PIN, USER_PIN)
    driver.open(LABEL, lambda: USER_PIN)
    driver.generate_identity("node ams-1")
    driver.generate_storage_key()
    driver.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
    driver.generate_key(spec(1))
    driver.generate_key(spec(2, Algorithm.AES_256))
    blob = driver.wrap_key(key_id(2), BACKUP_KEY_ID)
    yield driver, directory, blob
    driver.close()


@pytest.mark.parametrize(
    ("attack", "outcome"),
    [
        ("read_the_backup_key", "CKR_ATTRIBUTE_SENSITIVE"),
        ("let_the_backup_key_decrypt", FORBIDDEN),
        ("decrypt_with_the_backup_key", "CKR_KEY_FUNCTION_NOT_PERMITTED"),
        ("copy_the_backup_key_with_decrypt", FIXED),
        ("copy_the_backup_key_as_modifiable", FIXED),
        ("copy_the_backup_key_as_extractable", FIXED),
        ("copy_the_backup_key_to_stay_for_ever", FIXED),
        ("wrap_the_backup_key_by_itself", "CKR_KEY_UNEXTRACTABLE"),
        ("wrap_the_backup_key_by_an_own_key", "CKR_KEY_UNEXTRACTABLE"),
        ("make_an_own_key_trusted", FIXED),
        ("create_a_trusted_key", FIXED),
    ],
)
def test_nobody_reads_changes_or_replaces_the_backup_key(zone, attack, outcome):
    driver, directory, _ = zone
    assert attempt(attack, directory, USER_PIN) == outcome
    assert driver.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV


def test_who_destroys_the_backup_key_has_not_put_another_in_its_place(profile, tmp_path):
    """It can be lost, as any key of the zone can: the driver finds that out, and can put it back."""
    driver = DriverProcess(profile, tmp_path)
    driver.initialise(LABEL, SO_PIN, USER_PIN)
    driver.open(LABEL, lambda: USER_PIN)
    driver.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
    driver.close()
    assert attempt("destroy_the_backup_key", tmp_path, USER_PIN) == "done"
    assert attempt("create_a_trusted_key", tmp_path, USER_PIN) == FIXED
    driver.open(LABEL, lambda: USER_PIN)
    assert driver.backup_key_kcv(BACKUP_KEY_ID) is None
    assert driver.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN) == BACKUP_KEY_KCV
    driver.close()


def test_a_backup_key_that_could_not_be_destroyed_later_gets_no_successor(profile, tmp_path):
    driver = DriverProcess(profile, tmp_path)
    driver.call("close", {})  # prepares the directory
    driver.close()
    assert attempt("install_a_backup_key_for_ever", tmp_path, USER_PIN, BACKUP_KEY) == "done"
    assert attempt("destroy_the_backup_key", tmp_path, USER_PIN) == FORBIDDEN
    driver.open(LABEL, lambda: USER_PIN)
    driver.generate_key(spec(1))
    with pytest.raises(DriverError, match="never be destroyed"):
        driver.install_backup_key("next", key_id(9), bytes(32), SO_PIN)
    assert driver.wrap_key(key_id(1), BACKUP_KEY_ID)
    driver.close()


@pytest.mark.parametrize(
    ("attack", "outcome"),
    [
        ("read_a_private_key", "CKR_ATTRIBUTE_SENSITIVE"),
        ("wrap_a_key_by_an_untrusted_key", "CKR_KEY_NOT_WRAPPABLE"),
        ("make_a_key_wrappable_by_any_key", FORBIDDEN),
        ("make_a_key_not_sensitive", FORBIDDEN),
        ("add_a_usage_to_a_key", FORBIDDEN),
        ("copy_a_key_with_another_usage", FORBIDDEN),
        ("rename_a_key", FORBIDDEN),
    ],
)
def test_a_zones_key_leaves_only_by_the_backup_key_and_keeps_its_usages(zone, attack, outcome):
    driver, directory, _ = zone
    before = driver.find_key(key_id(1))
    assert attempt(attack, directory, USER_PIN, key_id(1)) == outcome
    assert driver.find_key(key_id(1)) == before


@pytest.mark.parametrize(
    "attack",
    [
        "unwrap_a_blob_as_not_sensitive",
        "unwrap_a_blob_as_wrappable_by_any_key",
        "unwrap_a_blob_as_public",
        "unwrap_a_blob_to_derive_from",
    ],
)
def test_a_blob_is_unwrapped_only_as_protected_as_the_key_was(zone, attack):
    _, directory, blob = zone
    assert attempt("unwrap_a_blob", directory, USER_PIN, blob) == "done"
    assert attempt(attack, directory, USER_PIN, blob) == "CKR_TEMPLATE_INCONSISTENT"


def test_the_nodes_identity_does_not_leave_it_in_any_form(zone):
    _, directory, _ = zone
    assert attempt("read_a_private_key", directory, USER_PIN, IDENTITY_ID) == "CKR_ATTRIBUTE_SENSITIVE"
    assert attempt("wrap_by_the_backup_key", directory, USER_PIN, IDENTITY_ID) == "CKR_KEY_UNEXTRACTABLE"
    assert attempt("add_a_usage_to_a_key", directory, USER_PIN, IDENTITY_ID) == FORBIDDEN


def test_the_storage_key_does_not_leave_the_node_in_any_form(zone):
    _, directory, _ = zone
    assert attempt("read_a_secret_key", directory, USER_PIN, STORAGE_KEY_ID) == "CKR_ATTRIBUTE_SENSITIVE"
    assert attempt("wrap_a_secret_by_the_backup_key", directory, USER_PIN, STORAGE_KEY_ID) == (
        "CKR_KEY_UNEXTRACTABLE"
    )


@pytest.mark.parametrize("allowed", ["let_an_own_key_decrypt", "wrap_an_own_key_by_an_own_key"])
def test_the_same_is_allowed_with_keys_of_ones_own_so_the_refusals_above_are_the_protection(zone, allowed):
    _, directory, _ = zone
    assert attempt(allowed, directory, USER_PIN) == "done"


def test_a_blob_opens_under_no_other_zones_backup_key(zone, profile, tmp_path):
    _, _, blob = zone
    other = DriverProcess(profile, tmp_path)
    other.initialise("lumen-records", SO_PIN, USER_PIN)
    other.open("lumen-records", lambda: USER_PIN)
    other.install_backup_key("backup key", BACKUP_KEY_ID, bytes(32), SO_PIN)
    other.close()
    assert attempt("unwrap_a_blob", tmp_path, USER_PIN, blob) in {
        "CKR_WRAPPED_KEY_INVALID",
        "CKR_GENERAL_ERROR",
    }


def test_a_plain_copy_of_the_backup_key_is_no_weaker_than_it(zone):
    """SoftHSM2 cannot make a copied key uncopyable, so an exact copy can be made; last, as it stays."""
    driver, directory, _ = zone
    assert attempt("change_a_plain_copy_of_the_backup_key", directory, USER_PIN) == FORBIDDEN
    driver.close()
    driver.open(LABEL, lambda: USER_PIN)
    assert driver.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV
