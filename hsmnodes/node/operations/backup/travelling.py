"""How a backup travels: beside a receipt when it was taken, and beside a warrant to where it is needed.

A receipt states the hash of what a backup is known by and, if it is in parts, of each part. Beside a warrant
come the first piece, of which the proposal or an earlier receipt has the hash, and those of the parts that
the step needs: the node knows them by the index, which is that first piece.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from hsmnodes.node.operations.base import Attachment
from hsmnodes.node.protocol.backup_pieces import name_of_part
from hsmnodes.node.protocol.backups import Backup, read_index, read_pieces
from hsmnodes.node.protocol.documents.backups import BackupIndex
from hsmnodes.node.protocol.errors import DocumentRefused

TITLES = {"archive_sha256": "Backup, SHA-256", "parts_sha256": "Its parts, SHA-256"}


def beside(backup: Backup) -> tuple[Attachment, ...]:
    """What of a backup travels beside the receipt of the proposal under which it was taken."""
    name = f"{backup.manifest.proposal}.backup"
    first, *parts = backup.pieces
    numbered = (Attachment(f"{name}-part-{number}", part) for number, part in enumerate(parts, start=1))
    return (Attachment(name, first), *numbered)


def stated(backup: Backup) -> dict[str, Any]:
    """What that receipt states of it."""
    if not isinstance(backup.manifest, BackupIndex):
        return {"archive_sha256": backup.sha256}
    return {
        "archive_sha256": backup.sha256,
        "parts_sha256": [part.sha256 for part in backup.manifest.parts],
    }


def parts_of(enclosed: Iterable[bytes], keys: Collection[str] | None = None) -> dict[str, str]:
    """What each part is called, by its SHA-256, of the backups in parts whose indexes are enclosed.

    Only the parts that can hold `keys`, by their ids, if these are given. Raises Refused if an index does not
    hold.
    """
    found: dict[str, str] = {}
    for first in enclosed:
        index = read_index(first)
        if index is not None:
            found |= {index.parts[place].sha256: name_of_part(index, place) for place in _places(index, keys)}
    return found


def read_whole(enclosures: Mapping[str, bytes], digest: str) -> Backup:
    """The backup with this hash, of which every part must have come. Raises Refused."""
    backup = read_pieces(enclosures[digest], enclosures)
    if isinstance(backup.manifest, BackupIndex) and len(backup.keys) != backup.manifest.keys:
        raise DocumentRefused("part-missing", "Not every part of the backup is there.")
    return backup


def _places(index: BackupIndex, keys: Collection[str] | None) -> Iterable[int]:
    if keys is None:
        return range(len(index.parts))
    firsts = [part.first for part in index.parts]
    return sorted({max(bisect_right(firsts, key) - 1, 0) for key in keys})
