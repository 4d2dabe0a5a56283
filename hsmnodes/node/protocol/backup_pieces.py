"""What files of backups are put together from: a head, whose document a node signed, and wrapped keys.

A head is

    its first line, which says what it is
    length of the document, 4 bytes, big-endian
    SHA-256 of the document, 32 bytes
    document
    signature of the node that took the backup, r || s, 64 bytes

and a part of a backup is

    "quorate-backup-part/v1" and a line feed
    length of its manifest, 4 bytes, big-endian
    manifest
    the blobs, in the order of the manifest's keys, each as long as it says there

A part has no signature of its own: the index that a node signed has its hash.
"""

import struct
from collections.abc import Sequence
from typing import TypeVar

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.backups import (
    BackedUpKey,
    BackupIndex,
    BackupManifest,
    BackupPart,
    PartManifest,
)
from hsmnodes.node.protocol.errors import DocumentRefused, SignatureRefused
from hsmnodes.node.protocol.nodesigning import verify_signature
from hsmnodes.node.protocol.purposes import Purpose

MAGIC_OF_PART = b"quorate-backup-part/v1\n"
LENGTH = struct.Struct(">I")
DIGEST_LENGTH, SIGNATURE_LENGTH = 32, 64
NAMED_AT_MOST = 5

D = TypeVar("D", BackupManifest, BackupIndex)
Blobs = tuple[bytes, ...]


def write_head(magic: bytes, document: BackupManifest | BackupIndex, signature: bytes) -> bytes:
    """The head of a backup."""
    raw = document.raw
    return b"".join([magic, LENGTH.pack(len(raw)), bytes.fromhex(document.sha256), raw, signature])


def end_of_head(magic: bytes, data: bytes) -> int:
    """Where the head ends with which `data` begins, by what it says itself."""
    at = len(magic) + LENGTH.size + DIGEST_LENGTH
    if len(data) < at:
        raise DocumentRefused("cut-off", "The file ends before its manifest.")
    return at + int(LENGTH.unpack_from(data, len(magic))[0]) + SIGNATURE_LENGTH


def read_head(magic: bytes, data: bytes, kind: type[D]) -> tuple[D, bytes, bytes]:
    """The document at the head of `data`, the head, and what follows it, if the node's signature holds.

    Raises DocumentRefused and SignatureRefused. Whose signature it is, is for the reader to judge.
    """
    end = end_of_head(magic, data)
    at = len(magic) + LENGTH.size + DIGEST_LENGTH
    raw, signature = data[at : end - SIGNATURE_LENGTH], data[end - SIGNATURE_LENGTH : end]
    if canonical.sha256_hex(raw) != data[at - DIGEST_LENGTH : at].hex():
        raise DocumentRefused(
            "manifest-altered", "The manifest, its length or its hash was altered, or the file is cut off."
        )
    document = kind.from_bytes(raw)
    if len(signature) != SIGNATURE_LENGTH:
        raise DocumentRefused("cut-off", "The file ends within the signature of its manifest.")
    try:
        verify_signature(raw, signature, identity=document.identity_point, purpose=Purpose.BACKUP)
    except SignatureRefused:
        raise SignatureRefused(
            "bad-signature",
            f"The signature over the manifest does not hold: {document.node.name} has not signed this.",
        ) from None
    return document, data[:end], data[end:]


def read_blobs(keys: Sequence[BackedUpKey], rest: bytes, *, what: str = "The file") -> Blobs:
    """The blobs of keys, of which `rest` consists, one after the other.

    Raises DocumentRefused, naming the keys whose blobs are not theirs.
    """
    wanted = sum(key.blob_size for key in keys)
    if len(rest) != wanted:
        code, how = ("cut-off", "ends too early") if len(rest) < wanted else ("too-much", "goes on too long")
        raise DocumentRefused(
            code, f"{what} {how}: {len(rest):,} bytes of wrapped keys instead of {wanted:,}."
        )
    blobs, altered, at = [], [], 0
    for key in keys:
        blob, at = rest[at : at + key.blob_size], at + key.blob_size
        blobs.append(blob)
        if canonical.sha256_hex(blob) != key.blob_sha256:
            altered.append(f"{key.label} ({key.id})")
    if altered:
        more = f" and {len(altered) - NAMED_AT_MOST} more" if len(altered) > NAMED_AT_MOST else ""
        names = ", ".join(altered[:NAMED_AT_MOST])
        raise DocumentRefused("blob-altered", f"What is wrapped was altered, of these keys: {names}{more}.")
    return tuple(blobs)


def write_part(number: int, keys: tuple[BackedUpKey, ...], blobs: Blobs) -> bytes:
    """A part of a backup, number `number` from 1."""
    raw = PartManifest(number=number, keys=keys).raw
    return b"".join([MAGIC_OF_PART, LENGTH.pack(len(raw)), raw, *blobs])


def read_part(index: BackupIndex, place: int, data: bytes) -> tuple[tuple[BackedUpKey, ...], Blobs]:
    """The keys and blobs of the part that has the `place` (from 0) in an index. Raises DocumentRefused."""
    name, listed = name_of_part(index, place), index.parts[place]
    if (canonical.sha256_hex(data), len(data)) != (listed.sha256, listed.size):
        raise DocumentRefused("part-altered", f"The backup's {name} was altered.")
    at = len(MAGIC_OF_PART) + LENGTH.size
    if not data.startswith(MAGIC_OF_PART) or len(data) < at:
        raise DocumentRefused("bad-part", f"The backup's {name} does not begin as a part does.")
    (length,) = LENGTH.unpack_from(data, len(MAGIC_OF_PART))
    manifest = PartManifest.from_bytes(data[at : at + length])
    if not _is_as_listed(manifest, index, place):
        raise DocumentRefused("bad-part", f"The backup's {name} holds other keys than its index says.")
    return manifest.keys, read_blobs(manifest.keys, data[at + length :], what=f"The backup's {name}")


def name_of_part(index: BackupIndex, place: int) -> str:
    """What a part is called: "part 2 of 5"."""
    return f"part {place + 1} of {len(index.parts)}"


def listed(keys: tuple[BackedUpKey, ...], data: bytes) -> BackupPart:
    """A part as an index has it."""
    return BackupPart(first=keys[0].id, keys=len(keys), sha256=canonical.sha256_hex(data), size=len(data))


def _is_as_listed(manifest: PartManifest, index: BackupIndex, place: int) -> bool:
    ids, after = [key.id for key in manifest.keys], index.parts[place + 1 :]
    return (manifest.number, ids[0], len(ids)) == (
        place + 1,
        index.parts[place].first,
        index.parts[place].keys,
    ) and (not after or ids[-1] < after[0].first)
