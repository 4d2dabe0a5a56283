"""The contract of every driver, continued: copies of a zone's keys in the token of an application."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hsmnodes.node.drivers.errors import BlobBroken, DriverError, ObjectExists, ObjectNotFound, PinRefused
from hsmnodes.node.drivers.supervisor import DriverProcess
from hsmnodes.node.drivers.values import Algorithm, KeySpec, SignMechanism, Usage, WrappedKey
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
from tests.hsmnodes.node.drivers.test_contract import verify_digest

CARRIER = bytes.fromhex("c4" * 32)
DIGEST = sha256(b"an order").digest()


@pytest.fixture
def application(make_driver, tmp_path):
    """A driver whose open token is an application's."""
    driver = make_driver(tmp_path / "application")
    driver.initialise("webshop", "so-pin-of-shop", "user-pin-of-shop")
    driver.open("webshop", lambda: "user-pin-of-shop")
    return driver


def narrowed(key: WrappedKey, *usages: Usage) -> WrappedKey:
    return key.model_copy(update={"spec": key.spec.model_copy(update={"usages": frozenset(usages)})})


def test_a_copy_signs_as_the_key_does_and_cannot_be_extracted(zone, application):
    made = zone.generate_key(spec(1))
    application.make_copies(zone.wrap_for_copying([key_id(1)], CARRIER, SO_PIN), CARRIER)
    copy = application.find_key(key_id(1))
    assert (copy.label, copy.public_key, copy.complete) == (made.label, made.public_key, True)
    assert copy.attributes["sensitive"]
    assert not copy.attributes["extractable"]
    assert not copy.attributes["modifiable"]
    assert not copy.attributes["copyable"]
    public = load_der_public_key(made.public_key)
    verify_digest(public, application.sign(key_id(1), DIGEST, SignMechanism.ECDSA), DIGEST)


def test_a_copy_has_the_usages_it_is_made_for_and_no_others(zone, application):
    zone.generate_key(spec(1, Algorithm.RSA_2048, Usage.SIGN, Usage.DECRYPT))
    zone.generate_key(spec(2, Algorithm.AES_256, Usage.ENCRYPT, Usage.DECRYPT))
    pair, secret = zone.wrap_for_copying([key_id(1), key_id(2)], CARRIER, SO_PIN)
    application.make_copies([narrowed(pair, Usage.SIGN), narrowed(secret, Usage.DECRYPT)], CARRIER)
    copies = {key.key_id: key for key in application.list_keys()}
    assert copies[key_id(1)].usages == {Usage.SIGN}
    assert copies[key_id(2)].usages == {Usage.DECRYPT}
    for copy in copies.values():
        assert not any(copy.attributes.get(name) for name in ("wrap", "unwrap", "derive", "extractable"))


def test_the_token_of_an_application_has_the_copies_and_nothing_else(zone, application):
    for number in (1, 2, 3):
        zone.generate_key(spec(number))
    application.make_copies(zone.wrap_for_copying([key_id(2)], CARRIER, SO_PIN), CARRIER)
    assert [key.key_id for key in application.list_keys()] == [key_id(2)]
    assert application.backup_key_kcv(BACKUP_KEY_ID) is None


def test_the_zone_s_token_is_as_it_was_afterwards(zone):
    zone.generate_key(spec(1))
    before = zone.list_keys()
    zone.wrap_for_copying([key_id(1)], CARRIER, SO_PIN)
    assert zone.list_keys() == before
    assert zone.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV
    assert zone.wrap_key(key_id(1), BACKUP_KEY_ID)
    zone.generate_key(spec(2))


def test_only_the_carrier_opens_what_is_under_way(zone, application):
    zone.generate_key(spec(1))
    keys = zone.wrap_for_copying([key_id(1)], CARRIER, SO_PIN)
    with pytest.raises(BlobBroken):
        application.make_copies(keys, BACKUP_KEY)
    assert application.list_keys() == []


def test_a_key_under_way_that_is_another_is_refused(zone, application):
    zone.generate_key(spec(1))
    zone.generate_key(spec(2))
    first, second = zone.wrap_for_copying([key_id(1), key_id(2)], CARRIER, SO_PIN)
    with pytest.raises(BlobBroken):
        application.make_copies([first.model_copy(update={"blob": second.blob})], CARRIER)
    assert application.list_keys() == []


def test_without_the_security_officers_pin_nothing_is_wrapped(zone):
    zone.generate_key(spec(1))
    with pytest.raises(PinRefused):
        zone.wrap_for_copying([key_id(1)], CARRIER, "another-pin")
    assert zone.find_key(key_id(1)).complete


def test_a_key_that_is_not_there_is_said_to_be_missing(zone):
    with pytest.raises(ObjectNotFound):
        zone.wrap_for_copying([key_id(9)], CARRIER, SO_PIN)


def test_no_two_copies_have_one_label(zone, application):
    zone.generate_key(spec(1))
    (key,) = zone.wrap_for_copying([key_id(1)], CARRIER, SO_PIN)
    other = KeySpec(
        key_id=key_id(2), label=key.spec.label, algorithm=key.spec.algorithm, usages=key.spec.usages
    )
    with pytest.raises(ObjectExists):
        application.make_copies([key, key.model_copy(update={"spec": other})], CARRIER)


def test_a_copy_is_not_copied_further(zone, application):
    zone.generate_key(spec(1))
    application.make_copies(zone.wrap_for_copying([key_id(1)], CARRIER, SO_PIN), CARRIER)
    with pytest.raises(DriverError):
        application.wrap_for_copying([key_id(1)], CARRIER, "so-pin-of-shop")


@pytest.fixture(scope="module")
def directory(profile, tmp_path_factory):
    """The directory of an application's token on SoftHSM2, with a copy of an EC key."""
    folder = tmp_path_factory.mktemp("copies")
    zone, application = (DriverProcess(profile, folder / name) for name in ("zone", "application"))
    zone.initialise(LABEL, SO_PIN, USER_PIN)
    application.initialise(LABEL, SO_PIN, USER_PIN)
    for driver in (zone, application):
        driver.open(LABEL, lambda: USER_PIN)
    zone.generate_key(spec(1))
    application.make_copies(zone.wrap_for_copying([key_id(1)], CARRIER, SO_PIN), CARRIER)
    yield folder / "application"
    zone.close()
    application.close()


@pytest.mark.parametrize(
    ("attack", "outcome"),
    [
        ("read_a_private_key", "CKR_ATTRIBUTE_SENSITIVE"),
        ("wrap_a_key_by_an_untrusted_key", "CKR_KEY_UNEXTRACTABLE"),
        ("make_a_key_wrappable_by_any_key", "CKR_ACTION_PROHIBITED"),
        ("make_a_key_not_sensitive", "CKR_ACTION_PROHIBITED"),
        ("add_a_usage_to_a_key", "CKR_ACTION_PROHIBITED"),
        ("copy_a_key_with_another_usage", "CKR_ACTION_PROHIBITED"),
    ],
)
def test_who_has_the_pin_gets_no_copy_out_and_alters_none(directory, attack, outcome):
    assert attempt(attack, directory, USER_PIN, key_id(1)) == outcome
