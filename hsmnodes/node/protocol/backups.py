"""A backup as one file: a manifest that a node signed, and the wrapped keys (docs/formats/backup.md).

    "quorate-backup/v1" and a line feed, and the rest of a head with the manifest
    the blobs, in the order of the manifest's keys, each as long as it says there

or, if that would be too long to travel at once, an index that a node signed, and parts that can travel one
by one, each known by the hash that the index has of it:

    "quorate-backup/v2" and a line feed, and the rest of a head with the index
    the parts, in the order of the index

Whoever reads one is told what is wrong with it: every byte belongs to one of these, and is covered by a hash,
a signature, or the only value it can have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backup_pieces import (
    DIGEST_LENGTH,
    LENGTH,
    SIGNATURE_LENGTH,
    Blobs,
    end_of_head,
    name_of_part,
    read_blobs,
    read_head,
    read_part,
    write_head,
)
from hsmnodes.node.protocol.documents.backups import (
    LONGEST_BACKUP,
    LONGEST_PART,
    BackedUpKey,
    BackupIndex,
    BackupManifest,
    check_named_once,
)
from hsmnodes.node.protocol.errors import DocumentRefused

MAGIC = b"quorate-backup/v1\n"
MAGIC_IN_PARTS = b"quorate-backup/v2\n"
BESIDE_MANIFEST = len(MAGIC) + LENGTH.size + DIGEST_LENGTH + SIGNATURE_LENGTH


@dataclass(frozen=True)
class Backup:
    """A backup whose structure, signature and blobs hold. Whose signature it is, is for the reader to judge.

    `manifest` is what the node signed; `blobs` are the wrapped keys in the order of `keys`; `pieces` what it
    travels as: the whole file, or the head with the index and then the parts.
    """

    manifest: BackupManifest | BackupIndex
    keys: tuple[BackedUpKey, ...]
    blobs: Blobs
    pieces: tuple[bytes, ...]

    @property
    def data(self) -> bytes:
        """The whole file."""
        return b"".join(self.pieces)

    @cached_property
    def sha256(self) -> str:
        """What the backup is known by: SHA-256 of the first of its pieces, in hexadecimal."""
        return canonical.sha256_hex(self.pieces[0])


def fits_in_one_file(manifest: BackupManifest, blobs: Sequence[bytes]) -> bool:
    """Whether a backup with this manifest can be read, and carried to a node, as one file."""
    raw = len(manifest.raw)
    return raw <= BackupManifest.LIMIT and raw + sum(map(len, blobs)) + BESIDE_MANIFEST <= LONGEST_PART


def write_backup(manifest: BackupManifest, signature: bytes, blobs: Blobs) -> Backup:
    """A backup that is one file. Raises DocumentRefused if it becomes too long."""
    data = write_head(MAGIC, manifest, signature) + b"".join(blobs)
    _check_length(len(data), LONGEST_PART)
    return Backup(manifest, manifest.keys, blobs, (data,))


def write_in_parts(index: BackupIndex, signature: bytes, parts: Sequence[bytes]) -> Backup:
    """A backup in parts, which are as the index has them. Raises DocumentRefused if it becomes too long."""
    _check_length(sum(map(len, parts)), LONGEST_BACKUP)
    return _put_together(index, write_head(MAGIC_IN_PARTS, index, signature), dict(enumerate(parts)))


def read_backup(data: bytes) -> Backup:
    """The backup in a file. Raises DocumentRefused or SignatureRefused, which name what is wrong with it."""
    if not data.startswith(MAGIC_IN_PARTS):
        return _read_one_file(data)
    index, head, rest = _read_index(data)
    wanted, at, parts = sum(part.size for part in index.parts), 0, {}
    if len(rest) > wanted:
        raise DocumentRefused("too-much", f"The file goes on too long, by {len(rest) - wanted:,} bytes.")
    for place, part in enumerate(index.parts):
        parts[place], at = rest[at : at + part.size], at + part.size
        if len(rest) < at:
            raise DocumentRefused("cut-off", f"The file ends before the end of {name_of_part(index, place)}.")
    return _put_together(index, head, parts)


def read_pieces(first: bytes, others: Mapping[str, bytes]) -> Backup:
    """The backup that begins with a piece, as far as its parts are among `others`, by SHA-256.

    Of a backup in parts it has the keys of these alone. Raises DocumentRefused and SignatureRefused.
    """
    index = read_index(first)
    if index is None:
        return _read_one_file(first)
    there = {place: others[part.sha256] for place, part in enumerate(index.parts) if part.sha256 in others}
    return _put_together(index, first, there)


def read_index(first: bytes) -> BackupIndex | None:
    """The index that is the first piece of a backup in parts; None if it is not one in parts.

    Raises DocumentRefused and SignatureRefused.
    """
    if not first.startswith(MAGIC_IN_PARTS):
        return None
    index, _, rest = _read_index(first)
    if rest:
        raise DocumentRefused("too-much", "Something follows the index, which travels by itself.")
    return index


def known_by(data: bytes) -> str:
    """What the backup in a file is known by, if it is one. Raises DocumentRefused."""
    in_parts = data.startswith(MAGIC_IN_PARTS)
    return canonical.sha256_hex(data[: end_of_head(MAGIC_IN_PARTS, data)] if in_parts else data)


def _read_one_file(data: bytes) -> Backup:
    _check_length(len(data), LONGEST_PART)
    if not data.startswith(MAGIC):
        raise DocumentRefused("not-a-backup", "The file does not begin as a backup does.")
    manifest, _, rest = read_head(MAGIC, data, BackupManifest)
    return Backup(manifest, manifest.keys, read_blobs(manifest.keys, rest), (data,))


def _read_index(data: bytes) -> tuple[BackupIndex, bytes, bytes]:
    """The index at the head of `data`, the head, and what follows it. Raises Refused."""
    index, head, rest = read_head(MAGIC_IN_PARTS, data, BackupIndex)
    _check_length(sum(part.size for part in index.parts), LONGEST_BACKUP)
    return index, head, rest


def _put_together(index: BackupIndex, head: bytes, parts: Mapping[int, bytes]) -> Backup:
    """The backup of these parts, by their places from 0. Raises DocumentRefused if one is not as listed."""
    keys: list[BackedUpKey] = []
    blobs: list[bytes] = []
    for place, data in parts.items():
        these, wrapped = read_part(index, place, data)
        keys += these
        blobs += wrapped
    try:
        check_named_once(keys)
    except ValueError as error:
        raise DocumentRefused("bad-field", f"The backup's parts do not fit together: {error}.") from None
    return Backup(index, tuple(keys), tuple(blobs), (head, *parts.values()))


def _check_length(length: int, longest: int) -> None:
    if length > longest:
        raise DocumentRefused(
            "too-long",
            f"The backup has {length:,} bytes; at most {longest:,} can be carried: back up chosen keys, "
            "in several backups.",
        )
