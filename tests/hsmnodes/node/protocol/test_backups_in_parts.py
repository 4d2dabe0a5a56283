"""Backups in parts: each part is the one that the signed index has, and what is wrong with one is named."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hsmnodes.node.protocol import backup_pieces, backups, canonical
from hsmnodes.node.protocol.backup_pieces import listed, write_part
from hsmnodes.node.protocol.backups import Backup, read_backup, read_index, read_pieces, write_in_parts
from hsmnodes.node.protocol.documents import BackupIndex
from hsmnodes.node.protocol.errors import DocumentRefused, Refused
from hsmnodes.node.protocol.purposes import Purpose
from tests.hsmnodes.node.protocol.samples import VECTORS, backup_index, backup_manifest
from tests.hsmnodes.node.protocol.test_backups import BLOBS, NODE, refusal, sign

GOLDEN = VECTORS / "backups" / "two-keys-in-parts.backup"
MANIFEST = backup_manifest(NODE.public_key(), BLOBS)
INDEX, PARTS = backup_index(MANIFEST, BLOBS)


def make_backup(index: BackupIndex = INDEX, parts=PARTS) -> Backup:
    return write_in_parts(index, sign(index), parts)


def by_hash(*parts: bytes) -> dict[str, bytes]:
    return {canonical.sha256_hex(part): part for part in parts}


def relisted(place: int, data: bytes, **changes) -> BackupIndex:
    """The index with another part at a place, as it really is but for `changes`."""
    part = INDEX.parts[place].model_copy(
        update={"sha256": canonical.sha256_hex(data), "size": len(data)} | changes
    )
    parts = [*INDEX.parts[:place], part, *INDEX.parts[place + 1 :]]
    return INDEX.model_copy(update={"parts": tuple(parts)})


@pytest.fixture(scope="module")
def backup() -> Backup:
    return make_backup()


def test_a_backup_in_parts_is_read_as_it_was_written(backup):
    assert read_backup(backup.data) == backup
    assert (backup.keys, backup.blobs) == (MANIFEST.keys, BLOBS)
    assert read_pieces(backup.pieces[0], by_hash(*PARTS)) == backup


def test_it_is_known_by_its_index_with_the_signature(backup):
    assert backup.sha256 == canonical.sha256_hex(backup.pieces[0]) == backups.known_by(backup.data)
    assert read_index(backup.pieces[0]) == INDEX
    assert backups.known_by(b"one file") == canonical.sha256_hex(b"one file")
    assert read_index(b"quorate-backup/v1\nof one file") is None


def test_the_golden_backup_in_parts_is_read_and_made_the_same():
    assert GOLDEN.read_bytes() == make_backup().data
    wanted, found = json.loads(GOLDEN.with_suffix(".json").read_text()), read_backup(GOLDEN.read_bytes())
    assert found.sha256 == wanted["sha256"]
    assert found.manifest.sha256 == wanted["index_sha256"]
    assert [part.sha256 for part in found.manifest.parts] == wanted["parts"]
    assert [blob.hex() for blob in found.blobs] == wanted["blobs"]


def test_every_byte_that_is_altered_is_detected_and_named(backup):
    head = len(backup.pieces[0])
    for place in range(len(backup.data)):
        data = bytearray(backup.data)
        data[place] ^= 0x01
        refused = refusal(bytes(data))
        if place < len(backups.MAGIC_IN_PARTS):
            assert refused.code == "not-a-backup"
        elif place < head - 64:
            assert refused.code == "manifest-altered", place
        elif place < head:
            assert refused.code == "bad-signature"
        else:
            number = 1 if place < head + len(PARTS[0]) else 2
            assert (refused.code, f"part {number} of 2" in refused.message) == ("part-altered", True)


def test_wherever_it_is_cut_off_or_goes_on_it_is_named(backup):
    for length in range(len(backup.data)):
        assert refusal(backup.data[:length]).code in {"not-a-backup", "cut-off", "manifest-altered"}
    assert "part 1 of 2" in refusal(backup.data[: -len(PARTS[1]) - 1]).message
    assert "part 2 of 2" in refusal(backup.data[: -len(PARTS[1])]).message
    assert refusal(backup.data + b"\0").code == "too-much"


def test_parts_that_change_places_are_named(backup):
    assert refusal(backup.pieces[0] + PARTS[1] + PARTS[0]).code == "part-altered"


def test_of_the_parts_that_are_there_the_keys_are_read_and_no_others_count(backup):
    part = read_pieces(backup.pieces[0], by_hash(PARTS[1], b"of another backup"))
    assert (part.keys, part.blobs) == (MANIFEST.keys[1:], BLOBS[1:])
    assert part.sha256 == backup.sha256
    assert read_pieces(backup.pieces[0], {}).keys == ()


def test_a_part_that_goes_by_a_hash_that_is_not_its_own_is_refused(backup):
    wrong = {INDEX.parts[0].sha256: PARTS[0] + b"\0"}
    with pytest.raises(DocumentRefused, match="part 1 of 2 was altered"):
        read_pieces(backup.pieces[0], wrong)


def test_an_index_travels_by_itself(backup):
    with pytest.raises(DocumentRefused, match="by itself"):
        read_index(backup.data)


def test_an_index_that_is_signed_for_another_purpose_or_by_another_node_is_none():
    for index, signature in [
        (INDEX, sign(INDEX, Purpose.RECEIPT)),
        (INDEX, sign(MANIFEST)),
        (other := backup_index(backup_manifest(_stranger(), BLOBS), BLOBS)[0], sign(other)),
    ]:
        assert refusal(write_in_parts(index, signature, PARTS).data).code == "bad-signature"


def test_a_manifest_under_the_first_line_of_an_index_is_refused():
    head = backup_pieces.write_head(backups.MAGIC_IN_PARTS, MANIFEST, sign(MANIFEST))
    assert isinstance(refusal(head), Refused)
    head = backup_pieces.write_head(backups.MAGIC, INDEX, sign(INDEX))
    assert isinstance(refusal(head), Refused)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (write_part(2, MANIFEST.keys[:1], BLOBS[:1]), "other keys"),
        (write_part(1, MANIFEST.keys, BLOBS), "other keys"),
        (write_part(1, MANIFEST.keys[1:], BLOBS[1:]), "other keys"),
        (write_part(1, MANIFEST.keys[:1], (b"\x03" * 40,)), "of these keys"),
        (write_part(1, MANIFEST.keys[:1], BLOBS), "goes on too long"),
        (b"quorate-backup-part/v1\n", "does not begin"),
        (b"quorate-backup/v1\n" + PARTS[0], "does not begin"),
    ],
)
def test_a_part_that_a_node_signed_for_is_still_refused_if_it_is_not_what_the_index_says(part, said):
    index = relisted(0, part)
    with pytest.raises(Refused, match=said):
        read_backup(backup_pieces.write_head(backups.MAGIC_IN_PARTS, index, sign(index)) + part + PARTS[1])


def test_no_two_keys_of_different_parts_have_the_same_label():
    first, second = MANIFEST.keys
    same = second.model_copy(update={"label": first.label.upper()})
    parts = (PARTS[0], write_part(2, (same,), BLOBS[1:]))
    index = relisted(1, parts[1])
    with pytest.raises(Refused, match="same label"):
        make_backup(index, parts)


def test_an_index_adds_up_and_is_in_order():
    first, second = INDEX.parts
    for changes in [
        {"keys": 3},
        {"parts": (second, first)},
        {"parts": (first, first)},
        {"parts": (first, second.model_copy(update={"first": first.first}))},
        {"parts": ()},
    ]:
        with pytest.raises(ValueError, match="parts"):
            INDEX.model_copy(update=changes)


def test_a_backup_that_is_too_long_altogether_is_neither_written_nor_read(monkeypatch, backup):
    monkeypatch.setattr(backups, "LONGEST_BACKUP", sum(map(len, PARTS)) - 1)
    with pytest.raises(DocumentRefused, match="chosen keys"):
        make_backup()
    assert refusal(backup.data).code == "too-long"
    with pytest.raises(DocumentRefused, match="chosen keys"):
        read_index(backup.pieces[0])


def test_a_part_is_listed_as_it_is():
    assert listed(MANIFEST.keys[:1], PARTS[0]) == INDEX.parts[0]


def _stranger() -> ec.EllipticCurvePublicKey:
    return ec.derive_private_key(8, ec.SECP256R1()).public_key()
