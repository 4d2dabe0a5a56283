"""The main job on one node, from enrolment to a key that signs, on the fake driver and on SoftHSM2."""

from itertools import pairwise

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hsmnodes.node.agent.messages import LONGEST
from hsmnodes.node.drivers.values import SignMechanism
from hsmnodes.node.operations.node import export_log
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying, real_drivers

KEYS = [
    ("card-signing", "ec-p256", ("sign",)),
    ("settlement", "ec-p384", ("sign",)),
    ("archive", "rsa-2048", ("decrypt", "sign")),
    ("files", "aes-256", ("decrypt", "encrypt")),
    ("old files", "aes-128", ("decrypt",)),
]


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def site(request, make_site, zone):
    return make_site(drivers=request.param).with_zone(zone)


def test_keys_are_generated_and_sign(site, cast, zone):
    [said] = site.deliver(carrying(cast.generate_keys(site.at, zone, *KEYS))).said
    receipt = site.read(said)
    assert receipt.outcome == "done", receipt
    keys = receipt.results["keys"]
    assert [(key["label"], key["algorithm"], tuple(key["usages"])) for key in keys] == KEYS
    [archive] = said.attachments
    backup = read_backup(canonical.b64u_decode(archive.data))
    assert backup.sha256 == archive.sha256 == receipt.results["archive_sha256"]
    assert {key.id: key.blob_sha256 for key in backup.manifest.keys} == {
        key["id"]: key["blob"] for key in keys
    }
    assert {key.proposal for key in backup.manifest.keys} == {receipt.proposal}
    assert all((key["public_key"] is None) == key["algorithm"].startswith("aes") for key in keys)

    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"a payment")
    digest = digest.finalize()
    driver = site.node.parts.executor._hands.driver(zone.current.authority.id)
    raw = driver.sign(bytes.fromhex(keys[0]["id"]), digest, SignMechanism.ECDSA)
    public = load_der_public_key(canonical.b64u_decode(keys[0]["public_key"]))
    half = len(raw) // 2
    signature = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
    public.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_a_destroyed_key_is_gone_and_its_name_stays_taken(site, cast, zone):
    key = site.send(cast.generate_keys(site.at, zone)).results["keys"][0]
    receipt = site.send(cast.destroy_keys(site.at, zone, (key["id"], key["label"])))
    assert receipt.outcome == "done", receipt
    assert receipt.results == {"keys": [{"id": key["id"], "label": key["label"]}]}
    driver = site.node.parts.executor._hands.driver(zone.current.authority.id)
    assert driver.find_key(bytes.fromhex(key["id"])) is None
    assert site.send(cast.generate_keys(site.at, zone)).code == "name-in-use"


def test_a_start_finds_everything_again(site, cast, zone):
    key = site.send(cast.generate_keys(site.at, zone)).results["keys"][0]
    held, head = site.facts.holdings, site.head
    site.start()
    assert (site.facts.holdings, site.head, site.state) == (held, head, "ready")
    assert site.send(cast.destroy_keys(site.at, zone, (key["id"], key["label"]))).outcome == "done"


def test_receipts_follow_each_other(site, cast, zone):
    receipts = [
        site.send(cast.generate_keys(site.at, zone, (f"key {number}", "aes-128", ("encrypt",))))
        for number in range(3)
    ]
    for before, after in pairwise(receipts):
        assert (after.sequence, after.previous) == (before.sequence + 1, before.sha256)


def test_the_slot_has_a_backup_key_of_its_own(site, zone):
    slot = site.facts.holdings.slots[zone.current.authority.id]
    driver = site.node.parts.executor._hands.driver(zone.current.authority.id)
    assert (slot.backup_key, slot.epoch, slot.kcv) == (
        "TBK",
        1,
        driver.backup_key_kcv(bytes.fromhex(slot.backup_key_id)),
    )


def test_the_log_is_exported_as_it_stands(site, cast):
    [said] = site.deliver(carrying(cast.export_log(site.at, 1, 4))).said
    [log] = said.attachments
    data = canonical.b64u_decode(log.data)
    assert canonical.sha256_hex(data) == site.read(said).results["sha256"]
    assert data.splitlines() == site.node.parts.ledger.journal.read(1, 4)


def test_no_more_of_the_log_is_exported_than_a_message_can_carry(site, cast, monkeypatch):
    monkeypatch.setattr(export_log, "MOST_BYTES", site.node.parts.ledger.journal.size(1, 3))
    assert site.send(cast.export_log(site.at, 1, 4)).code == "too-large"
    assert site.send(cast.export_log(site.at, 1, 3)).outcome == "done"
    assert len(canonical.b64u(bytes(8_000_000))) < LONGEST


def test_an_export_of_more_entries_than_allowed_is_refused(site, cast, monkeypatch):
    monkeypatch.setattr(export_log, "MOST_ENTRIES", 3)
    assert site.send(cast.export_log(site.at, 1, 4)).code == "too-many"
