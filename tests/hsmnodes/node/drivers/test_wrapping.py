"""The contract of every driver, continued: keys leave their token wrapped and come back, in no other way."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from hsmnodes.node.drivers.errors import BlobBroken, InvalidRequest, ObjectExists, ObjectNotFound
from hsmnodes.node.drivers.values import Algorithm, SignMechanism, Usage, WrappedKey
from tests.hsmnodes.node.drivers.cast import (
    BACKUP_KEY,
    BACKUP_KEY_ID,
    LABEL,
    SO_PIN,
    USER_PIN,
    key_id,
    spec,
)
from tests.hsmnodes.node.drivers.test_contract import verify_digest


def without_zeros_after(der: bytes) -> bytes:
    """A DER document without what follows it: SoftHSM2 fills a private key with zeros before it wraps it."""
    length = (
        der[1] + 2 if der[1] < 0x80 else int.from_bytes(der[2 : 2 + (der[1] & 0x7F)]) + 2 + (der[1] & 0x7F)
    )
    assert not any(der[length:])
    assert len(der) - length < 8
    return der[:length]


class TestWrapping:
    @pytest.mark.parametrize("algorithm", [Algorithm.RSA_2048, Algorithm.EC_P256, Algorithm.EC_P384])
    def test_the_backup_key_opens_a_wrapped_private_key(self, zone, algorithm):
        made = zone.generate_key(spec(1, algorithm))
        der = without_zeros_after(
            aes_key_unwrap_with_padding(BACKUP_KEY, zone.wrap_key(key_id(1), BACKUP_KEY_ID))
        )
        opened = load_der_private_key(der, None)
        public = opened.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert public == made.public_key

    @pytest.mark.parametrize(("algorithm", "length"), [(Algorithm.AES_128, 16), (Algorithm.AES_256, 32)])
    def test_the_backup_key_opens_a_wrapped_aes_key(self, zone, algorithm, length):
        zone.generate_key(spec(1, algorithm))
        assert len(aes_key_unwrap_with_padding(BACKUP_KEY, zone.wrap_key(key_id(1), BACKUP_KEY_ID))) == length

    def test_no_other_key_opens_it(self, zone):
        zone.generate_key(spec(1))
        with pytest.raises(InvalidUnwrap):
            aes_key_unwrap_with_padding(bytes(32), zone.wrap_key(key_id(1), BACKUP_KEY_ID))

    def test_without_a_backup_key_nothing_is_wrapped(self, token):
        token.generate_key(spec(1))
        with pytest.raises(ObjectNotFound):
            token.wrap_key(key_id(1), BACKUP_KEY_ID)

    def test_many_keys_are_wrapped_at_once_as_they_are_one_by_one(self, zone):
        kinds = {1: Algorithm.EC_P256, 2: Algorithm.AES_256, 3: Algorithm.RSA_2048}
        made = {number: zone.generate_key(spec(number, kind)) for number, kind in kinds.items()}
        several = zone.wrap_keys([key_id(number) for number in (3, 1, 2)], BACKUP_KEY_ID)
        for number, one in zip((3, 1, 2), several, strict=True):
            assert one.blob == zone.wrap_key(key_id(number), BACKUP_KEY_ID)
            assert one.spec == spec(number, kinds[number])
            assert (one.public_key, one.kcv) == (made[number].public_key, made[number].kcv)
            zone.prove_key(one, BACKUP_KEY_ID)
        assert zone.wrap_keys([key_id(number) for number in (3, 1, 2)], BACKUP_KEY_ID) == several
        assert zone.wrap_keys([], BACKUP_KEY_ID) == []
        with pytest.raises(ObjectNotFound):
            zone.wrap_keys([key_id(1), key_id(9)], BACKUP_KEY_ID)


def wrapped(zone, number: int, algorithm: Algorithm = Algorithm.EC_P256, *usages: Usage) -> WrappedKey:
    """A key of the zone that was generated, wrapped and destroyed."""
    made = zone.generate_key(spec(number, algorithm, *usages))
    blob = zone.wrap_key(key_id(number), BACKUP_KEY_ID)
    zone.destroy_key(key_id(number))
    return WrappedKey(
        spec=spec(number, algorithm, *usages), blob=blob, public_key=made.public_key, kcv=made.kcv
    )


def flipped(blob: bytes, place: int) -> bytes:
    return blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]


class TestUnwrapping:
    @pytest.mark.parametrize("algorithm", list(Algorithm))
    def test_a_key_comes_back_as_it_was_and_as_protected(self, zone, algorithm):
        made = zone.generate_key(spec(1, algorithm))
        blob = zone.wrap_key(key_id(1), BACKUP_KEY_ID)
        zone.destroy_key(key_id(1))
        key = WrappedKey(spec=spec(1, algorithm), blob=blob, public_key=made.public_key, kcv=made.kcv)
        back = zone.unwrap_key(key, BACKUP_KEY_ID)
        assert back.complete
        assert (back.key_id, back.label, back.algorithm) == (made.key_id, made.label, made.algorithm)
        assert (back.usages, back.public_key) == (made.usages, made.public_key)
        assert back.attributes == made.attributes | {"local": False, "always_sensitive": False}
        assert zone.find_key(key_id(1)) == back
        assert zone.list_keys() == [back]
        assert zone.wrap_key(key_id(1), BACKUP_KEY_ID) == blob
        zone.close()
        zone.open(LABEL, lambda: USER_PIN)
        assert zone.find_key(key_id(1)) == back
        assert zone.wrap_key(key_id(1), BACKUP_KEY_ID) == blob

    @pytest.mark.parametrize(
        ("algorithm", "usages"),
        [
            (Algorithm.RSA_2048, {Usage.DECRYPT}),
            (Algorithm.RSA_2048, {Usage.SIGN, Usage.DECRYPT}),
            (Algorithm.AES_128, {Usage.DECRYPT}),
            (Algorithm.AES_256, {Usage.ENCRYPT, Usage.DECRYPT}),
        ],
    )
    def test_it_has_the_usages_it_had_and_no_others(self, zone, algorithm, usages):
        back = zone.unwrap_key(wrapped(zone, 1, algorithm, *usages), BACKUP_KEY_ID)
        assert back.usages == usages
        may = {name for name in ("sign", "verify", "encrypt", "decrypt", "wrap") if back.attributes.get(name)}
        assert may == set(usages)

    def test_what_it_signs_then_verifies_with_the_public_key_from_before(self, zone):
        ec_key, rsa_key = wrapped(zone, 1), wrapped(zone, 2, Algorithm.RSA_2048)
        for key in (ec_key, rsa_key):
            zone.unwrap_key(key, BACKUP_KEY_ID)
        digest = sha256(b"payment").digest()
        verify_digest(
            load_der_public_key(ec_key.public_key),
            zone.sign(key_id(1), digest, SignMechanism.ECDSA),
            digest,
        )
        signature = zone.sign(key_id(2), b"payment", SignMechanism.RSA_PKCS1_SHA256)
        load_der_public_key(rsa_key.public_key).verify(signature, b"payment", padding.PKCS1v15(), SHA256())

    @pytest.mark.parametrize("algorithm", [Algorithm.EC_P256, Algorithm.RSA_2048, Algorithm.AES_256])
    def test_a_key_proves_itself_and_nothing_stays(self, zone, algorithm):
        key = wrapped(zone, 1, algorithm)
        zone.prove_key(key, BACKUP_KEY_ID)
        assert zone.list_keys() == []
        zone.unwrap_key(key, BACKUP_KEY_ID)
        there = zone.list_keys()
        zone.prove_key(key, BACKUP_KEY_ID)
        assert zone.list_keys() == there

    @pytest.mark.parametrize("algorithm", [Algorithm.EC_P256, Algorithm.AES_128])
    def test_no_byte_of_a_blob_can_be_altered(self, zone, algorithm):
        key = wrapped(zone, 1, algorithm)
        altered = [flipped(key.blob, place) for place in range(len(key.blob))]
        for blob in [*altered, b"", key.blob[:-1], key.blob[:-8], key.blob + bytes(8)]:
            for attempt in (zone.prove_key, zone.unwrap_key):
                with pytest.raises(BlobBroken):
                    attempt(key.model_copy(update={"blob": blob}), BACKUP_KEY_ID)
        assert zone.list_keys() == []

    def test_a_blob_that_opens_but_is_another_key_is_refused(self, zone):
        first, second = wrapped(zone, 1), wrapped(zone, 2)
        aes, other_aes = wrapped(zone, 3, Algorithm.AES_256), wrapped(zone, 4, Algorithm.AES_128)
        wide, rsa = wrapped(zone, 5, Algorithm.EC_P384), wrapped(zone, 6, Algorithm.RSA_2048)
        swapped = [
            first.model_copy(update={"blob": second.blob}),
            first.model_copy(update={"blob": wide.blob}),
            first.model_copy(update={"blob": rsa.blob}),
            first.model_copy(update={"blob": aes.blob}),
            first.model_copy(update={"public_key": second.public_key}),
            first.model_copy(update={"public_key": b"no key"}),
            first.model_copy(update={"spec": spec(1, Algorithm.EC_P384)}),
            rsa.model_copy(update={"blob": first.blob}),
            aes.model_copy(update={"blob": other_aes.blob}),
            aes.model_copy(update={"blob": first.blob}),
            aes.model_copy(update={"kcv": other_aes.kcv}),
            aes.model_copy(update={"spec": spec(3, Algorithm.AES_128)}),
        ]
        for key in swapped:
            for attempt in (zone.prove_key, zone.unwrap_key):
                with pytest.raises(BlobBroken):
                    attempt(key, BACKUP_KEY_ID)
        assert zone.list_keys() == []
        zone.unwrap_key(first, BACKUP_KEY_ID)

    def test_what_is_there_is_not_replaced(self, zone):
        key = wrapped(zone, 1)
        zone.unwrap_key(key, BACKUP_KEY_ID)
        with pytest.raises(ObjectExists):
            zone.unwrap_key(key, BACKUP_KEY_ID)
        with pytest.raises(ObjectExists):
            zone.unwrap_key(key.model_copy(update={"spec": spec(2, label="key 1")}), BACKUP_KEY_ID)

    def test_without_the_backup_key_nothing_is_unwrapped(self, zone, make_driver, tmp_path):
        key = wrapped(zone, 1)
        other = make_driver(tmp_path / "other")
        other.initialise(LABEL, SO_PIN, USER_PIN)
        other.open(LABEL, lambda: USER_PIN)
        for attempt in (other.prove_key, other.unwrap_key):
            with pytest.raises(ObjectNotFound):
                attempt(key, BACKUP_KEY_ID)

    def test_under_another_backup_key_nothing_is_unwrapped(self, zone, make_driver, tmp_path):
        key = wrapped(zone, 1)
        other = make_driver(tmp_path / "other")
        other.initialise(LABEL, SO_PIN, USER_PIN)
        other.open(LABEL, lambda: USER_PIN)
        other.install_backup_key("backup key", BACKUP_KEY_ID, bytes(32), SO_PIN)
        for attempt in (other.prove_key, other.unwrap_key):
            with pytest.raises(BlobBroken):
                attempt(key, BACKUP_KEY_ID)
        assert other.list_keys() == []


class TestUnwrappingMany:
    def test_they_come_back_as_they_do_one_by_one(self, zone):
        keys = [wrapped(zone, 1), wrapped(zone, 2, Algorithm.RSA_2048), wrapped(zone, 3, Algorithm.AES_256)]
        one_by_one = [zone.unwrap_key(key, BACKUP_KEY_ID) for key in keys]
        for key in keys:
            zone.destroy_key(key.spec.key_id)
        zone.prove_keys(keys, BACKUP_KEY_ID)
        assert zone.list_keys() == []
        zone.unwrap_keys(keys, BACKUP_KEY_ID)
        assert [zone.find_key(key.spec.key_id) for key in keys] == one_by_one
        zone.close()
        zone.open(LABEL, lambda: USER_PIN)
        assert zone.list_keys() == one_by_one
        zone.unwrap_keys([], BACKUP_KEY_ID)
        zone.prove_keys([], BACKUP_KEY_ID)

    def test_one_that_does_not_prove_itself_keeps_all_of_them_out(self, zone):
        first, second = wrapped(zone, 1), wrapped(zone, 2)
        for bad in (
            {"blob": flipped(second.blob, 9)},
            {"blob": first.blob},
            {"public_key": first.public_key},
        ):
            keys = [first, second.model_copy(update=bad)]
            for attempt in (zone.prove_keys, zone.unwrap_keys):
                with pytest.raises(BlobBroken):
                    attempt(keys, BACKUP_KEY_ID)
        assert zone.list_keys() == []

    @pytest.mark.parametrize("algorithm", [Algorithm.EC_P256, Algorithm.RSA_2048, Algorithm.AES_256])
    def test_what_proves_itself_as_another_of_them_keeps_all_of_them_out(self, zone, algorithm):
        first, second = (wrapped(zone, number, algorithm) for number in (1, 2))
        swapped = [
            first.model_copy(update={"blob": second.blob}),
            second.model_copy(update={"blob": first.blob}),
        ]
        for keys in (swapped, [*swapped, wrapped(zone, 3)]):
            for attempt in (zone.prove_keys, zone.unwrap_keys):
                with pytest.raises(BlobBroken):
                    attempt(keys, BACKUP_KEY_ID)
        assert zone.list_keys() == []

    def test_one_that_is_there_or_stands_twice_keeps_all_of_them_out(self, zone):
        first, second, third = (wrapped(zone, number) for number in (1, 2, 3))
        there = zone.unwrap_key(second, BACKUP_KEY_ID)
        same_label = third.model_copy(update={"spec": spec(3, label="key 1")})
        for keys in ([first, second], [first, first], [first, same_label]):
            with pytest.raises(ObjectExists):
                zone.unwrap_keys(keys, BACKUP_KEY_ID)
        assert zone.list_keys() == [there]

    def test_there_is_a_most_at_once(self, zone):
        key = wrapped(zone, 1)
        for attempt in (zone.prove_keys, zone.unwrap_keys):
            with pytest.raises(InvalidRequest):
                attempt([key] * 101, BACKUP_KEY_ID)

    def test_without_the_backup_key_nothing_is_unwrapped(self, zone, make_driver, tmp_path):
        key = wrapped(zone, 1)
        other = make_driver(tmp_path / "other")
        other.initialise(LABEL, SO_PIN, USER_PIN)
        other.open(LABEL, lambda: USER_PIN)
        for attempt in (other.prove_keys, other.unwrap_keys):
            with pytest.raises(ObjectNotFound):
                attempt([key], BACKUP_KEY_ID)
