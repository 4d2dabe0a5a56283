"""The promises of every driver, held against the fake and against SoftHSM2 in its driver process."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
)

from hsmnodes.node.drivers.errors import (
    InvalidRequest,
    MechanismUnavailable,
    ObjectExists,
    ObjectNotFound,
    PinRefused,
    SealBroken,
    TokenExists,
    TokenNotFound,
    TokenNotOpen,
)
from hsmnodes.node.drivers.return_values import ReturnValue
from hsmnodes.node.drivers.values import Algorithm, SignMechanism, Usage
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


def verify_digest(public: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes) -> None:
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    public.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(SHA256())))


class TestToken:
    def test_a_token_tells_who_it_is(self, token):
        information = token.info()
        assert information.label == LABEL
        assert information.serial
        assert information.library_version

    def test_a_second_token_is_not_made_over_the_first(self, token):
        token.write_record("journal", b"head")
        with pytest.raises(TokenExists):
            token.initialise(LABEL, SO_PIN, USER_PIN)
        with pytest.raises(TokenExists):
            token.initialise("other", "other-so-pin", "other-user-pin")
        assert token.read_record("journal") == b"head"

    def test_an_empty_directory_has_no_token_to_open(self, driver):
        with pytest.raises(TokenNotFound):
            driver.open(LABEL, lambda: USER_PIN)

    def test_a_token_of_another_label_is_not_opened(self, driver):
        driver.initialise(LABEL, SO_PIN, USER_PIN)
        with pytest.raises(TokenNotFound):
            driver.open("lumen-payments", lambda: USER_PIN)

    def test_a_wrong_pin_is_refused_by_its_pkcs11_name_and_not_repeated(self, driver):
        driver.initialise(LABEL, SO_PIN, USER_PIN)
        with pytest.raises(PinRefused) as refused:
            driver.open(LABEL, lambda: "wrong-pin-99")
        assert refused.value.code == "CKR_PIN_INCORRECT"
        assert refused.value.ck == ReturnValue.PIN_INCORRECT
        assert "wrong-pin-99" not in f"{refused.value!r} {refused.value} {refused.value.args}"
        driver.open(LABEL, lambda: USER_PIN)

    def test_nothing_works_until_the_token_is_open_or_after_it_is_closed(self, driver):
        driver.initialise(LABEL, SO_PIN, USER_PIN)
        with pytest.raises(TokenNotOpen):
            driver.list_keys()
        driver.open(LABEL, lambda: USER_PIN)
        driver.list_keys()
        driver.close()
        with pytest.raises(TokenNotOpen):
            driver.list_keys()

    def test_what_is_in_a_token_is_there_when_it_is_opened_again(self, zone):
        made = zone.generate_key(spec(1))
        zone.close()
        zone.open(LABEL, lambda: USER_PIN)
        assert zone.find_key(key_id(1)) == made
        assert zone.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV

    def test_random_bytes_are_as_many_as_asked_for_and_differ(self, token):
        assert {len(token.random(length)) for length in (1, 32, 65_536)} == {1, 32, 65_536}
        assert token.random(32) != token.random(32)

    @pytest.mark.parametrize("length", [0, -1, 65_537])
    def test_random_bytes_have_bounds(self, token, length):
        with pytest.raises(InvalidRequest):
            token.random(length)


class TestNodeKeys:
    def test_the_identity_key_signs_digests(self, token):
        point = token.generate_identity("node ams-1")
        assert len(point) == 65
        assert token.identity_public() == point
        digest = sha256(b"receipt").digest()
        signature = token.sign_identity(digest)
        assert len(signature) == 64
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        verify_digest(public, signature, digest)

    def test_there_is_one_identity(self, token):
        point = token.generate_identity("node ams-1")
        with pytest.raises(ObjectExists):
            token.generate_identity("node ams-1")
        assert token.identity_public() == point

    def test_without_an_identity_nothing_is_signed(self, token):
        with pytest.raises(ObjectNotFound):
            token.identity_public()
        with pytest.raises(ObjectNotFound):
            token.sign_identity(bytes(32))

    def test_the_identity_signs_nothing_but_sha256_digests(self, token):
        token.generate_identity("node ams-1")
        with pytest.raises(InvalidRequest):
            token.sign_identity(b"a message that is no digest")

    @pytest.mark.parametrize("plaintext", [b"", b"user pin", b"x" * 100_000])
    def test_what_is_sealed_opens_in_its_context(self, token, plaintext):
        token.generate_storage_key()
        assert token.open_sealed(token.seal(plaintext, b"pin of zone 7"), b"pin of zone 7") == plaintext

    def test_what_is_sealed_opens_in_no_other_context_and_not_when_altered(self, token):
        token.generate_storage_key()
        blob = token.seal(b"user pin", b"pin of zone 7")
        for altered in (blob[:-1], blob[:-1] + bytes([blob[-1] ^ 1]), blob[:20], b"", b"\x02" + blob[1:]):
            with pytest.raises(SealBroken):
                token.open_sealed(altered, b"pin of zone 7")
        with pytest.raises(SealBroken):
            token.open_sealed(blob, b"pin of zone 8")
        assert token.open_sealed(blob, b"pin of zone 7") == b"user pin"

    def test_the_same_plaintext_is_sealed_differently_each_time(self, token):
        token.generate_storage_key()
        assert token.seal(b"user pin", b"") != token.seal(b"user pin", b"")

    def test_there_is_one_storage_key_and_sealing_needs_it(self, token):
        with pytest.raises(ObjectNotFound):
            token.seal(b"user pin", b"")
        token.generate_storage_key()
        blob = token.seal(b"user pin", b"")
        with pytest.raises(ObjectExists):
            token.generate_storage_key()
        assert token.open_sealed(blob, b"") == b"user pin"

    def test_the_nodes_own_keys_are_not_among_the_keys_of_a_zone(self, zone):
        zone.generate_identity("node ams-1")
        zone.generate_storage_key()
        assert zone.list_keys() == []
        assert zone.find_key(BACKUP_KEY_ID) is None


class TestRecords:
    def test_a_record_holds_what_was_written_last(self, token):
        assert token.read_record("journal") is None
        for head in (b"1", b"", b"x" * 4096, b"4"):
            token.write_record("journal", head)
            assert token.read_record("journal") == head

    def test_records_do_not_disturb_each_other(self, token):
        token.write_record("journal", b"head")
        token.write_record("clock", b"noon")
        token.write_record("clock", b"one")
        assert (token.read_record("journal"), token.read_record("clock")) == (b"head", b"one")

    def test_a_record_is_small(self, token):
        with pytest.raises(InvalidRequest):
            token.write_record("journal", b"x" * 4097)


class TestBackupKey:
    def test_installing_it_gives_its_check_value(self, token):
        assert token.backup_key_kcv(BACKUP_KEY_ID) is None
        kcv = token.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
        assert kcv == token.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV

    def test_it_is_not_installed_over_another_nor_over_a_key(self, zone):
        zone.generate_key(spec(1))
        for taken in (BACKUP_KEY_ID, key_id(1)):
            with pytest.raises(ObjectExists):
                zone.install_backup_key("another", taken, NEXT_BACKUP_KEY, SO_PIN)
        assert zone.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV

    def test_while_it_is_rotated_a_token_has_two_and_never_three(self, zone):
        zone.install_backup_key("next", NEXT_BACKUP_KEY_ID, NEXT_BACKUP_KEY, SO_PIN)
        with pytest.raises(ObjectExists):
            zone.install_backup_key("a third", key_id(9), bytes(32), SO_PIN)
        assert zone.backup_key_kcv(key_id(9)) is None
        assert zone.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV
        assert zone.backup_key_kcv(NEXT_BACKUP_KEY_ID) not in (None, BACKUP_KEY_KCV)

    def test_of_two_each_wraps_for_itself(self, zone):
        zone.install_backup_key("next", NEXT_BACKUP_KEY_ID, NEXT_BACKUP_KEY, SO_PIN)
        zone.generate_key(spec(1, Algorithm.AES_256))
        for wrapping, wrapping_id in ((BACKUP_KEY, BACKUP_KEY_ID), (NEXT_BACKUP_KEY, NEXT_BACKUP_KEY_ID)):
            assert aes_key_unwrap_with_padding(wrapping, zone.wrap_key(key_id(1), wrapping_id))

    @pytest.mark.parametrize("kept", [BACKUP_KEY_ID, NEXT_BACKUP_KEY_ID], ids=["the old", "the new"])
    def test_all_but_one_are_destroyed_and_the_keys_of_the_zone_stay(self, zone, kept):
        zone.install_backup_key("next", NEXT_BACKUP_KEY_ID, NEXT_BACKUP_KEY, SO_PIN)
        made = zone.generate_key(spec(1))
        for _ in range(2):
            zone.destroy_other_backup_keys(kept)
        zone.close()
        zone.open(LABEL, lambda: USER_PIN)
        [gone] = {BACKUP_KEY_ID, NEXT_BACKUP_KEY_ID} - {kept}
        assert zone.backup_key_kcv(kept)
        assert zone.backup_key_kcv(gone) is None
        with pytest.raises(ObjectNotFound):
            zone.wrap_key(key_id(1), gone)
        assert zone.wrap_key(key_id(1), kept)
        assert zone.list_keys() == [made]
        zone.install_backup_key("again", gone, BACKUP_KEY, SO_PIN)

    def test_the_last_one_is_not_destroyed_for_one_that_is_not_there(self, zone):
        with pytest.raises(ObjectNotFound):
            zone.destroy_other_backup_keys(NEXT_BACKUP_KEY_ID)
        assert zone.backup_key_kcv(BACKUP_KEY_ID) == BACKUP_KEY_KCV

    def test_a_wrong_so_pin_installs_nothing_and_leaves_the_token_usable(self, token):
        with pytest.raises(PinRefused) as refused:
            token.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, "wrong-pin-99")
        assert refused.value.code == "CKR_PIN_INCORRECT"
        assert token.backup_key_kcv(BACKUP_KEY_ID) is None
        assert token.generate_key(spec(1)).complete
        token.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)

    @pytest.mark.parametrize("length", [16, 31, 33])
    def test_it_is_an_aes_256_key(self, token, length):
        with pytest.raises(InvalidRequest) as refused:
            token.install_backup_key("backup key", BACKUP_KEY_ID, b"\xa5" * length, SO_PIN)
        assert "\\xa5" not in f"{refused.value!r} {refused.value}"

    def test_keys_made_before_it_was_installed_remain(self, token):
        made = token.generate_key(spec(1))
        token.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
        assert token.find_key(key_id(1)) == made
        assert token.wrap_key(key_id(1), BACKUP_KEY_ID)


class TestKeys:
    @pytest.mark.parametrize("algorithm", list(Algorithm))
    def test_every_algorithm_is_generated_protected_and_found_again(self, zone, algorithm):
        wanted = spec(1, algorithm)
        made = zone.generate_key(wanted)
        assert (made.key_id, made.label, made.algorithm, made.usages) == tuple(dict(wanted).values())
        assert made.complete
        expected = {"private": True, "sensitive": True, "always_sensitive": True, "local": True}
        expected |= {"wrap_with_trusted": True, "extractable": True, "modifiable": False, "copyable": False}
        expected |= {"unwrap": False, "derive": False}
        assert expected.items() <= made.attributes.items()
        assert zone.find_key(key_id(1)) == made
        assert zone.list_keys() == [made]

    @pytest.mark.parametrize(
        ("algorithm", "usages"),
        [
            (Algorithm.RSA_2048, {Usage.SIGN}),
            (Algorithm.RSA_2048, {Usage.DECRYPT}),
            (Algorithm.RSA_2048, {Usage.SIGN, Usage.DECRYPT}),
            (Algorithm.EC_P256, {Usage.SIGN}),
            (Algorithm.AES_256, {Usage.ENCRYPT}),
            (Algorithm.AES_256, {Usage.DECRYPT}),
            (Algorithm.AES_256, {Usage.ENCRYPT, Usage.DECRYPT}),
        ],
    )
    def test_a_key_has_the_usages_asked_for_and_no_others(self, zone, algorithm, usages):
        made = zone.generate_key(spec(1, algorithm, *usages))
        assert made.usages == usages
        may = {name for name in ("sign", "verify", "encrypt", "decrypt", "wrap") if made.attributes.get(name)}
        assert may == set(usages)

    @pytest.mark.parametrize(
        ("algorithm", "usage"),
        [
            (Algorithm.EC_P256, Usage.DECRYPT),
            (Algorithm.AES_256, Usage.SIGN),
            (Algorithm.RSA_2048, Usage.ENCRYPT),
        ],
    )
    def test_usages_that_do_not_fit_the_algorithm_cannot_even_be_asked_for(self, algorithm, usage):
        with pytest.raises(ValueError, match="cannot"):
            spec(1, algorithm, usage)

    @pytest.mark.parametrize("algorithm", [Algorithm.EC_P256, Algorithm.EC_P384])
    def test_an_ec_key_signs_for_the_public_key_given(self, zone, algorithm):
        public = load_der_public_key(zone.generate_key(spec(1, algorithm)).public_key)
        digest = sha256(b"payment").digest()
        verify_digest(public, zone.sign(key_id(1), digest, SignMechanism.ECDSA), digest)

    @pytest.mark.parametrize(
        ("mechanism", "scheme"),
        [
            (SignMechanism.RSA_PKCS1_SHA256, padding.PKCS1v15()),
            (SignMechanism.RSA_PSS_SHA256, padding.PSS(padding.MGF1(SHA256()), 32)),
        ],
    )
    def test_an_rsa_key_signs_for_the_public_key_given(self, zone, mechanism, scheme):
        public = load_der_public_key(zone.generate_key(spec(1, Algorithm.RSA_2048)).public_key)
        public.verify(zone.sign(key_id(1), b"payment", mechanism), b"payment", scheme, SHA256())

    def test_a_key_that_was_not_made_to_sign_does_not(self, zone):
        zone.generate_key(spec(1, Algorithm.RSA_2048, Usage.DECRYPT))
        zone.generate_key(spec(2, Algorithm.AES_256))
        for number in (1, 2):
            with pytest.raises(MechanismUnavailable):
                zone.sign(key_id(number), b"payment", SignMechanism.RSA_PKCS1_SHA256)

    def test_ids_and_labels_are_not_used_twice(self, zone):
        made = zone.generate_key(spec(1, label="signing key"))
        with pytest.raises(ObjectExists):
            zone.generate_key(spec(1, label="another"))
        with pytest.raises(ObjectExists):
            zone.generate_key(spec(2, label="signing key"))
        assert zone.list_keys() == [made]

    def test_an_unknown_key_is_not_found_wrapped_used_or_destroyed(self, zone):
        assert zone.find_key(key_id(1)) is None
        for attempt in (
            lambda: zone.wrap_key(key_id(1), BACKUP_KEY_ID),
            lambda: zone.destroy_key(key_id(1)),
            lambda: zone.sign(key_id(1), bytes(32), SignMechanism.ECDSA),
        ):
            with pytest.raises(ObjectNotFound):
                attempt()

    def test_a_destroyed_key_is_gone_and_its_label_free(self, zone):
        zone.generate_key(spec(1, label="signing key"))
        zone.destroy_key(key_id(1))
        assert zone.find_key(key_id(1)) is None
        assert zone.list_keys() == []
        zone.generate_key(spec(2, label="signing key"))

    def test_keys_are_listed_by_label(self, zone):
        for number, label in ((1, "c"), (2, "a"), (3, "b")):
            zone.generate_key(spec(number, label=label))
        assert [key.label for key in zone.list_keys()] == ["a", "b", "c"]

    def test_threads_may_share_a_driver(self, zone):
        def work(thread: int) -> bool:
            for number in range(thread * 10 + 1, thread * 10 + 6):
                public = load_der_public_key(zone.generate_key(spec(number)).public_key)
                digest = sha256(number.to_bytes(8)).digest()
                verify_digest(public, zone.sign(key_id(number), digest, SignMechanism.ECDSA), digest)
                zone.write_record(f"thread {thread}", digest)
                assert zone.read_record(f"thread {thread}") == digest
            return True

        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(work, range(4)))
        assert len(zone.list_keys()) == 20
