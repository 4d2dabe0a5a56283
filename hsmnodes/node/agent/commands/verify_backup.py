"""`quorate-node verify-backup FILE`: check a backup's structure, signature, count and blobs, without an HSM.

Whether the node that signed it is to be trusted, its reader must know: the words of its identity are shown.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from hsmnodes.node.agent.commands import DONE, NOT_DONE
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.terminal import complain, say
from hsmnodes.node.protocol import canonical, words
from hsmnodes.node.protocol.backups import Backup, read_backup
from hsmnodes.node.protocol.documents.backups import LONGEST_BACKUP
from hsmnodes.node.protocol.errors import Refused


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("--keys", action="store_true", help="list the keys in it")
    parser.add_argument("file", type=Path, help="the backup")


def execute(options: argparse.Namespace) -> int:
    """Check it, and show what it is and by whom it says to be signed."""
    try:
        backup = read_backup(_read(options.file))
    except Refused as refused:
        complain(f"Not good: {refused.message} [{refused.code}]")
        return NOT_DONE
    say(*_lines(backup), *(_keys(backup) if options.keys else ()))
    return DONE


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LONGEST_BACKUP + 1)
    except OSError as error:
        raise NodeError(f"Cannot read {file}: {error.strerror}.") from None


def _lines(backup: Backup) -> list[str]:
    manifest = backup.manifest
    taken = datetime.fromtimestamp(manifest.taken_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    identity = canonical.sha256_hex(manifest.identity_point)
    return [
        f"The backup of Trust Zone {manifest.zone.name} holds: {len(backup.keys)} keys, taken {taken}.",
        f"It opens under the backup key of epoch {manifest.epoch}, check value {manifest.kcv}.",
        f"Signed by node {manifest.node.name}; compare the words of its identity key with those you know:",
        " ".join(words.fingerprint(identity)),
        _known_by(backup),
    ]


def _known_by(backup: Backup) -> str:
    parts = len(backup.pieces) - 1
    if not parts:
        return f"SHA-256 of the file: {backup.sha256}"
    return (
        f"It is in {parts} parts. SHA-256 of the index that lists them, with its signature: {backup.sha256}"
    )


def _keys(backup: Backup) -> list[str]:
    return [f"{key.id}  {key.algorithm:8}  {key.label}" for key in backup.keys]
