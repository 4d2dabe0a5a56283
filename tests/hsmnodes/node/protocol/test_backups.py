"""Backups as files: read only as they were written, and what is wrong with one is named."""

import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hsmnodes.node.protocol import backups, canonical
from hsmnodes.node.protocol.backups import Backup, read_backup, write_backup
from hsmnodes.node.protocol.documents import BackupIndex, BackupManifest
from hsmnodes.node.protocol.documents.backups import PartManifest
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import DocumentRefused, Refused
from hsmnodes.node.protocol.purposes import Purpose, pae
from tests.hsmnodes.node.protocol.samples import VECTORS, backup_manifest

NODE = ec.derive_private_key(7, ec.SECP256R1())
BLOBS = (b"\x01" * 40, b"\x02" * 24)
AT_LENGTH = len(backups.MAGIC)
AT_DIGEST = AT_LENGTH + 4
AT_MANIFEST = AT_DIGEST + 32


def sign(manifest: BackupManifest | BackupIndex, purpose: Purpose = Purpose.BACKUP) -> bytes:
    r, s = decode_dss_signature(
        NODE.sign(pae(purpose, manifest.raw), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    )
    return r.to_bytes(32) + s.to_bytes(32)


def make_backup(**changes) -> Backup:
    manifest = backup_manifest(NODE.public_key(), BLOBS).model_copy(update=changes)
    return write_backup(manifest, sign(manifest), BLOBS)


@pytest.fixture(scope="module")
def backup() -> Backup:
    return make_backup()


def test_what_is_written_from_the_fields_is_the_canonical_form():
    """Not sorted and looked through once more when it is written: a zone has thousands of keys."""
    manifest = backup_manifest(NODE.public_key(), BLOBS)
    named = manifest.model_copy(update={"zone": Named(id="0" * 32, name="“Müller” \\ Söhne/日本")})
    part = PartManifest(number=2, keys=manifest.keys)
    for made in (manifest, named, part):
        assert made.raw == canonical.encode(made.model_dump(mode="json"))
        assert type(made).from_bytes(made.raw) == made


def refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        read_backup(data)
    return refused.value


def test_a_backup_is_read_as_it_was_written(backup):
    assert read_backup(backup.data) == backup
    assert read_backup(backup.data).blobs == BLOBS


def test_the_golden_backup_is_read_and_made_the_same():
    golden = VECTORS / "backups" / "two-keys.backup"
    assert golden.read_bytes() == make_backup().data
    wanted = json.loads((VECTORS / "backups" / "two-keys.json").read_text())
    found = read_backup(golden.read_bytes())
    assert found.sha256 == wanted["sha256"]
    assert found.manifest.sha256 == wanted["manifest_sha256"]
    assert [blob.hex() for blob in found.blobs] == wanted["blobs"]


def test_every_byte_that_is_altered_is_detected_and_named(backup):
    at_signature = AT_MANIFEST + len(backup.manifest.raw)
    at_blobs = at_signature + 64
    first, second = backup.manifest.keys
    for place in range(len(backup.data)):
        for bit in (0x01, 0x80):
            data = bytearray(backup.data)
            data[place] ^= bit
            refused = refusal(bytes(data))
            if place < AT_LENGTH:
                assert refused.code == "not-a-backup"
            elif place < at_signature:
                assert refused.code == "manifest-altered", place
            elif place < at_blobs:
                assert refused.code == "bad-signature"
                assert "ams-1" in refused.message
            else:
                key, other = (first, second) if place < at_blobs + 40 else (second, first)
                assert refused.code == "blob-altered"
                assert key.label in refused.message
                assert key.id in refused.message
                assert other.label not in refused.message


def test_wherever_the_file_is_cut_off_or_goes_on_it_is_named(backup):
    for length in range(len(backup.data)):
        assert refusal(backup.data[:length]).code in {"not-a-backup", "cut-off", "manifest-altered"}
    assert refusal(backup.data[:-1]).code == "cut-off"
    assert refusal(backup.data + b"\0").code == "too-much"


def test_blobs_that_change_places_are_named(backup):
    data = backup.data[: -sum(map(len, BLOBS))] + BLOBS[1] + BLOBS[0]
    assert refusal(data).code == "blob-altered"


def test_what_is_signed_for_another_purpose_or_by_another_node_is_no_backup():
    manifest = backup_manifest(NODE.public_key(), BLOBS)
    assert (
        refusal(write_backup(manifest, sign(manifest, Purpose.RECEIPT), BLOBS).data).code == "bad-signature"
    )
    other = backup_manifest(ec.derive_private_key(8, ec.SECP256R1()).public_key(), BLOBS)
    assert refusal(write_backup(other, sign(other), BLOBS).data).code == "bad-signature"


def test_a_manifest_that_is_not_one_is_refused_although_its_hash_holds(backup):
    raw = backup.manifest.raw.replace(b'"demo":true', b'"demo":"no"')
    data = backups.MAGIC + len(raw).to_bytes(4) + bytes.fromhex(canonical.sha256_hex(raw)) + raw + bytes(64)
    assert refusal(data).code == "bad-field"


def test_a_manifest_names_each_key_once_and_in_order(backup):
    first, second = backup.manifest.keys
    for keys in [(second, first), (first, first), (first, second.model_copy(update={"label": "CARDS"})), ()]:
        with pytest.raises(ValueError, match="keys"):
            backup.manifest.model_copy(update={"keys": keys})


def test_a_key_is_what_its_algorithm_is(backup):
    pair, secret = sorted(backup.manifest.keys, key=lambda key: key.public_key is None)
    wrong = [
        (pair, {"public_key": None}),
        (pair, {"check_value": "010203"}),
        (pair, {"usages": ("sign", "decrypt")}),
        (secret, {"public_key": pair.public_key}),
        (secret, {"algorithm": "ec-p256"}),
        (secret, {"blob_size": 0}),
    ]
    for key, changes in wrong:
        with pytest.raises(ValueError, match="validation error"):
            key.model_copy(update=changes)


def test_a_backup_that_no_message_could_carry_is_not_written(monkeypatch, backup):
    monkeypatch.setattr(backups, "LONGEST_PART", len(backup.data) - 1)
    assert not backups.fits_in_one_file(backup.manifest, BLOBS)
    with pytest.raises(DocumentRefused, match="chosen keys"):
        make_backup()
    assert refusal(backup.data).code == "too-long"
