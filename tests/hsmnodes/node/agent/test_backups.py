"""Backups on a node: taken, verified, restored as signed, and refused when anything is not as it must be."""

from hashlib import sha256
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.drivers.values import SignMechanism
from hsmnodes.node.operations.backup import enclosed, restore
from hsmnodes.node.operations.key.making import key_id
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup, read_backup, write_backup
from hsmnodes.node.protocol.purposes import Purpose, pae
from tests.cast.backups import restore_backup, take_backup, verify_backup
from tests.cast.deployment import PAYMENTS
from tests.cast.people import named
from tests.hsmnodes.node.agent.making import Cluster, CountingDrivers, carrying, real_drivers
from tests.hsmnodes.node.agent.test_refusals import proposed
from tests.hsmnodes.node.agent.test_settling import fail_at, keys_in

KEYS = [
    ("cards", "ec-p256", ("sign",)),
    ("transfers", "rsa-2048", ("decrypt", "sign")),
    ("database", "aes-256", ("decrypt", "encrypt")),
]
LABELS = [label for label, _, _ in KEYS]


def enclosing(warrant, backup: Backup | bytes, *chains):
    data = backup if isinstance(backup, bytes) else backup.data
    return carrying(warrant, *chains).model_copy(update={"enclosures": (canonical.b64u(data),)})


def give(site, warrant, backup):
    """The receipt for a warrant that comes with a backup."""
    [said] = site.deliver(enclosing(warrant, backup)).said
    return site.read(said)


def back_up(site, cast, zone, *keys) -> Backup:
    """The backup that the node takes, as it travels beside its receipt."""
    [said] = site.deliver(carrying(take_backup(cast, site.at, zone, *keys))).said
    receipt = site.read(said)
    assert receipt.outcome == "done", receipt
    [attachment] = said.attachments
    assert attachment.sha256 == receipt.results["archive_sha256"]
    backup = read_backup(canonical.b64u_decode(attachment.data))
    assert backup.manifest.identity_point == site.at.identity
    return backup


def destroy(site, cast, zone, backup, *labels):
    doomed = [(key.id, key.label) for key in backup.keys if key.label in labels]
    assert site.send(cast.destroy_keys(site.at, zone, *doomed)).outcome == "done"


def signed_anew(backup: Backup, private_key, **changes) -> Backup:
    """A backup with another manifest, signed by a key that is no node's."""
    point = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    manifest = backup.manifest.model_copy(update={"identity": canonical.b64u(point)} | changes)
    r, s = decode_dss_signature(
        private_key.sign(pae(Purpose.BACKUP, manifest.raw), ec.ECDSA(hashes.SHA256()))
    )
    return write_backup(manifest, r.to_bytes(32) + s.to_bytes(32), backup.blobs)


def without_trace(site):
    facts = site.facts
    return repr((facts.holdings, facts.intents, facts.outcomes)), [key.key_id for key in keys_in(site)]


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def filled(request, make_site, cast, zone):
    """A node with three keys in Payments, on each driver."""
    site = make_site(drivers=request.param).with_zone(zone)
    site.made = site.send(cast.generate_keys(site.at, zone, *KEYS)).results["keys"]
    return site


@pytest.fixture
def fake(site, cast, zone):
    """The same with fake drivers alone."""
    site.made = site.send(cast.generate_keys(site.at, zone, *KEYS)).results["keys"]
    return site


class TestTaking:
    def test_a_backup_says_of_every_key_what_it_is_and_whence_it_came(self, filled, cast, zone):
        warrant = cast.generate_keys(filled.at, zone, ("later", "ec-p384", ("sign",)))
        assert filled.send(warrant).outcome == "done"
        manifest = back_up(filled, cast, zone).manifest
        slot = filled.facts.holdings.slots[PAYMENTS.id]
        assert (manifest.zone, manifest.epoch, manifest.kcv) == (PAYMENTS, 1, slot.kcv)
        assert {key.label for key in manifest.keys} == {*LABELS, "later"}
        made = {key["label"]: key for key in filled.made}
        for key in manifest.keys:
            if key.label == "later":
                assert (key.id, key.proposal) == (
                    key_id(proposed(warrant).proposal, 0).hex(),
                    proposed(warrant).proposal,
                )
                continue
            said = made[key.label]
            assert [key.id, key.algorithm, list(key.usages)] == [
                said["id"],
                said["algorithm"],
                said["usages"],
            ]
            assert (key.public_key, key.check_value) == (said["public_key"], said["kcv"])
            assert key.blob_sha256 == said["blob"]

    def test_chosen_keys_alone_are_in_it(self, fake, cast, zone):
        chosen = [(key["id"], key["label"]) for key in fake.made if key["label"] != "cards"]
        assert {key.label for key in back_up(fake, cast, zone, *chosen).manifest.keys} == {
            "transfers",
            "database",
        }

    def test_destroyed_keys_are_not_in_it(self, fake, cast, zone):
        destroy(fake, cast, zone, back_up(fake, cast, zone), "cards")
        assert "cards" not in {key.label for key in back_up(fake, cast, zone).manifest.keys}

    def test_what_is_not_there_is_refused(self, fake, cast, zone, make_site):
        key = fake.made[0]
        for wanted, code in [
            ((("0" * 32, "cards"),), "no-such-key"),
            (((key["id"], "other"),), "other-name"),
            (((key["id"], key["label"]),) * 2, "key-twice"),
        ]:
            assert fake.send(take_backup(cast, fake.at, zone, *wanted)).code == code
        empty = make_site(name="ams-2").with_zone(zone)
        assert empty.send(take_backup(cast, empty.at, zone)).code == "no-keys"

    def test_a_zone_with_more_keys_than_a_backup_holds_is_refused_before_the_hsm_is_asked(
        self, fake, cast, zone, monkeypatch
    ):
        monkeypatch.setattr("hsmnodes.node.operations.backup.take.MOST_KEYS", 2)
        assert fake.send(take_backup(cast, fake.at, zone)).code == "too-many"

    def test_a_backup_that_is_too_long_to_be_carried_fails_with_what_to_do(
        self, fake, cast, zone, monkeypatch
    ):
        monkeypatch.setattr("hsmnodes.node.protocol.backups.LONGEST_PART", 1000)
        monkeypatch.setattr("hsmnodes.node.protocol.backups.LONGEST_BACKUP", 1000)
        receipt = fake.send(take_backup(cast, fake.at, zone))
        assert receipt.outcome == "failed"
        assert "back up chosen keys" in receipt.detail


class TestVerifying:
    def test_a_good_backup_proves_itself_and_nothing_stays(self, filled, cast, zone):
        backup = back_up(filled, cast, zone)
        destroy(filled, cast, zone, backup, *LABELS)
        receipt = give(filled, verify_backup(cast, filled.at, zone, backup), backup)
        assert (receipt.outcome, receipt.results["keys"]) == ("done", 3)
        assert keys_in(filled) == []

    def test_every_way_in_which_it_can_be_wrong_is_named(self, fake, cast, zone):
        backup, stranger = back_up(fake, cast, zone), ec.generate_private_key(ec.SECP256R1())
        good = verify_backup(cast, fake.at, zone, backup)
        altered = backup.data[:-1] + bytes([backup.data[-1] ^ 1])
        for data in (b"", altered, backup.data[:-1], b"quorate-backup/v1\n" + bytes(100)):
            assert give(fake, good, data).code == "other-enclosure"
        for data, code in [
            (altered, "blob-altered"),
            (backup.data[:-1], "cut-off"),
            (b"nonsense", "not-a-backup"),
        ]:
            named_so = verify_backup(cast, fake.at, zone, backup, backup=canonical.sha256_hex(data))
            assert give(fake, named_so, data).code == code
        forged = signed_anew(backup, stranger)
        assert give(fake, verify_backup(cast, fake.at, zone, forged), forged).code == "unknown-node"
        assert give(fake, verify_backup(cast, fake.at, zone, backup, keys=4), backup).code == "other-count"
        late = verify_backup(cast, fake.at, zone, backup, taken_at=backup.manifest.taken_at + 1)
        assert give(fake, late, backup).code == "other-backup"

    def test_keys_that_do_not_open_make_it_fail(self, fake, cast, zone):
        """As a backup would that the node itself signed, over other blobs: its HSM is the last to judge."""
        backup = back_up(fake, cast, zone)
        fail_at(fake, "prove_keys", DriverError("blob broken"))
        receipt = give(fake, verify_backup(cast, fake.at, zone, backup), backup)
        assert receipt.outcome == "failed"


class TestRestoring:
    def test_what_was_lost_comes_back_and_signs_for_the_public_key_from_before(self, filled, cast, zone):
        backup = back_up(filled, cast, zone)
        before = {key["id"]: key for key in filled.made}
        destroy(filled, cast, zone, backup, *LABELS)
        actions = dict.fromkeys(LABELS, "create")
        receipt = give(filled, restore_backup(cast, filled.at, zone, backup, actions), backup)
        assert receipt.outcome == "done", receipt
        assert receipt.results["counts"] == {"create": 3, "replace": 0, "skip": 0}
        driver = filled.node.parts.executor._hands.driver(PAYMENTS.id)
        stored = {key.key_id.hex(): key for key in driver.list_keys()}
        assert set(stored) == set(before)
        for key, found in stored.items():
            was = before[key]
            assert found.complete
            assert (found.label, found.algorithm, sorted(found.usages)) == (
                was["label"],
                was["algorithm"],
                was["usages"],
            )
            assert (found.public_key and canonical.b64u(found.public_key)) == was["public_key"]
        cards = next(key for key in filled.made if key["label"] == "cards")
        digest = sha256(b"payment").digest()
        signature = driver.sign(bytes.fromhex(cards["id"]), digest, SignMechanism.ECDSA)
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        load_der_public_key(canonical.b64u_decode(cards["public_key"])).verify(
            encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(hashes.SHA256()))
        )

    def test_it_is_backed_up_again_as_what_it_was(self, filled, cast, zone):
        backup = back_up(filled, cast, zone)
        destroy(filled, cast, zone, backup, *LABELS)
        give(filled, restore_backup(cast, filled.at, zone, backup, dict.fromkeys(LABELS, "create")), backup)
        assert back_up(filled, cast, zone).manifest.keys == backup.manifest.keys
        filled.start()
        filled.node.advance()
        assert Facts.of(filled.node.parts.ledger.journal.verify()).holdings == filled.facts.holdings
        assert back_up(filled, cast, zone).manifest.keys == backup.manifest.keys

    def test_keys_are_replaced_or_left_as_the_plan_says(self, filled, cast, zone):
        backup = back_up(filled, cast, zone)
        destroy(filled, cast, zone, backup, "cards")
        plan = {"cards": "create", "transfers": "replace", "database": "skip"}
        receipt = give(filled, restore_backup(cast, filled.at, zone, backup, plan), backup)
        assert receipt.outcome == "done", receipt
        local = {key.label: key.attributes["local"] for key in keys_in(filled)}
        assert local == {"cards": False, "transfers": False, "database": True}

    def test_its_file_is_read_once_and_of_its_keys_those_alone_that_come_back(
        self, fake, cast, zone, monkeypatch
    ):
        backup = back_up(fake, cast, zone)
        destroy(fake, cast, zone, backup, "cards")
        files, keys = Mock(wraps=restore.read_pieces), Mock(wraps=enclosed.wrapped_key)
        monkeypatch.setattr(restore, "read_pieces", files)
        monkeypatch.setattr(enclosed, "wrapped_key", keys)
        receipt = give(fake, restore_backup(cast, fake.at, zone, backup, {"cards": "create"}), backup)
        assert (receipt.outcome, files.call_count, keys.call_count) == ("done", 1, 1)

    def test_a_plan_that_is_not_what_would_happen_is_refused(self, fake, cast, zone):
        backup = back_up(fake, cast, zone)
        destroy(fake, cast, zone, backup, "cards")
        for plan in ({"cards": "replace"}, {"database": "create"}, {"cards": "skip", "database": "replace"}):
            before = without_trace(fake)
            assert (
                give(fake, restore_backup(cast, fake.at, zone, backup, plan), backup).code == "plan-differs"
            )
            assert without_trace(fake) == before
        only = restore_backup(cast, fake.at, zone, backup, {"database": "skip"})
        assert give(fake, only, backup).code == "nothing-to-do"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"label": "other"}, "other-key"),
            ({"algorithm": "ec-p384"}, "other-key"),
            ({"proposal": "0" * 32}, "other-key"),
            ({"kcv": "000000"}, "other-key"),
            ({"usages": ["decrypt"]}, "other-key"),
            ({"public_key": "0" * 64}, "other-key"),
            ({"public_key": None}, "other-key"),
            ({"id": "0" * 32}, "not-in-backup"),
        ],
    )
    def test_a_plan_that_describes_a_key_otherwise_than_the_backup_is_refused(
        self, fake, cast, zone, changes, code
    ):
        backup = back_up(fake, cast, zone)
        destroy(fake, cast, zone, backup, "cards")
        good = restore_backup(cast, fake.at, zone, backup, {"cards": "create"})
        [key] = proposed(good).parameters["keys"]
        for keys, wanted in [([key | changes], code), ([key, key], "key-twice")]:
            warrant = restore_backup(cast, fake.at, zone, backup, {}, keys=keys)
            assert give(fake, warrant, backup).code == wanted
        assert give(fake, good, backup).outcome == "done"

    def test_a_backup_of_another_zone_is_refused(self, make_site, cast, zone, fake):
        foreign_zone = cast.zone(named("Cards"))
        assert fake.send(cast.create_slot(fake.at, foreign_zone, slot=named("Slot 2")), foreign_zone).outcome
        backup = back_up(fake, cast, zone)
        before = without_trace(fake)
        warrant = restore_backup(cast, fake.at, foreign_zone, backup, {"cards": "create"})
        assert give(fake, warrant, backup).code == "other-zone"
        assert give(fake, verify_backup(cast, fake.at, foreign_zone, backup), backup).code == "other-zone"
        assert without_trace(fake) == before

    def test_a_backup_by_a_node_that_is_not_known_here_is_refused(self, make_site, cast, zone, fake):
        elsewhere = make_site(name="fra-1").with_zone(zone)
        elsewhere.send(cast.generate_keys(elsewhere.at, zone, *KEYS))
        backup = back_up(elsewhere, cast, zone)
        warrant = restore_backup(
            cast, fake.at, zone, backup, dict.fromkeys(LABELS, "skip") | {"cards": "create"}
        )
        assert give(fake, warrant, backup).code == "unknown-node"

    def test_without_its_backup_a_warrant_does_nothing(self, fake, cast, zone):
        backup = back_up(fake, cast, zone)
        destroy(fake, cast, zone, backup, "cards")
        warrant = restore_backup(cast, fake.at, zone, backup, {"cards": "create"})
        assert fake.send(warrant).code == "other-enclosure"
        assert give(fake, warrant, backup).outcome == "done"  # an early incomplete one spoils nothing

    def test_what_comes_beside_a_warrant_that_has_no_use_for_it_is_not_kept(self, fake, cast, zone):
        [said] = fake.deliver(enclosing(take_backup(cast, fake.at, zone), b"x" * 1000)).said
        assert fake.read(said).outcome == "done"
        assert fake.node.parts.store.rows("SELECT * FROM enclosed") == []


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def pair(request, make_site, cast, zone):
    """Two nodes that know each other, each with a slot for Payments, under the same backup key."""
    sites = [make_site(name=name, drivers=request.param) for name in ("ams-1", "fra-1")]
    Cluster(sites)
    for site in sites:
        assert site.send(cast.start_service(site.at), cast.northgate, cast.meridian).outcome == "done"
        hands = site.node.parts.executor._hands
        hands._vault.put(f"zone/{PAYMENTS.id}/backup-key/1", bytes(range(32)))  # as an import would
        assert site.send(cast.create_slot(site.at, zone), zone).outcome == "done"
    first, second = sites
    first.made = first.send(cast.generate_keys(first.at, zone, *KEYS)).results["keys"]
    return first, second


class TestElsewhere:
    def test_keys_are_restored_into_an_empty_node_that_has_the_backup_key(self, pair, cast, zone):
        first, second = pair
        backup = back_up(first, cast, zone)
        assert give(second, verify_backup(cast, second.at, zone, backup), backup).outcome == "done"
        actions = dict.fromkeys(LABELS, "create")
        receipt = give(second, restore_backup(cast, second.at, zone, backup, actions), backup)
        assert receipt.outcome == "done", receipt
        assert back_up(second, cast, zone).manifest.keys == backup.manifest.keys
        assert {key.key_id for key in keys_in(second)} == {key.key_id for key in keys_in(first)}

    def test_a_key_whose_label_another_key_has_here_is_not_created(self, pair, cast, zone):
        first, second = pair
        assert second.send(cast.generate_keys(second.at, zone, KEYS[0])).outcome == "done"
        backup = back_up(first, cast, zone)
        actions = dict.fromkeys(LABELS, "create")
        refused = give(second, restore_backup(cast, second.at, zone, backup, actions), backup)
        assert refused.code == "plan-differs"
        assert "label" in refused.detail
        plan = actions | {"cards": "skip"}
        assert give(second, restore_backup(cast, second.at, zone, backup, plan), backup).outcome == "done"
        assert {key.label for key in keys_in(second)} == set(LABELS)

    def test_a_node_with_another_backup_key_refuses_it(self, make_site, cast, zone):
        sites = [make_site(name=name) for name in ("ams-1", "fra-1")]
        Cluster(sites)
        for site in sites:
            site.send(cast.start_service(site.at), cast.northgate, cast.meridian)
            assert site.send(cast.create_slot(site.at, zone), zone).outcome == "done"
        first, second = sites
        first.send(cast.generate_keys(first.at, zone, *KEYS))
        backup = back_up(first, cast, zone)
        warrant = restore_backup(cast, second.at, zone, backup, dict.fromkeys(LABELS, "create"))
        refused = give(second, warrant, backup)
        assert refused.code == "other-backup-key"
        assert backup.manifest.kcv in refused.detail
