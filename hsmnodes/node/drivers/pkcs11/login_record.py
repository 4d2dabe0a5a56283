"""A copy of what a module rewrites at every login, in case the process dies while it does.

SoftHSM2 empties a token's own file and writes it again (its flags) whenever somebody logs in: a kill in that
moment loses the token with all its keys. The file never grows or shrinks, and all that changes in it are the
flags, so a copy of it from any earlier time is as good.
"""

import os
from pathlib import Path

from hsmnodes.node.drivers.pkcs11.profile import Profile

COPIES = "kept"


def keep_login_record(profile: Profile, directory: Path) -> None:
    """Copy the records that are not copied yet, durably. For when the token has just been used well."""
    for record in directory.glob(profile.rewritten_at_login):
        copy = directory / COPIES / record.relative_to(directory)
        if not copy.exists():
            _write(copy, record.read_bytes())


def restore_login_record(profile: Profile, directory: Path) -> None:
    """Put back the records that were cut off. For before the module is initialised."""
    copies = directory / COPIES
    for copy in copies.glob(profile.rewritten_at_login):
        record = directory / copy.relative_to(copies)
        if not record.exists() or record.stat().st_size != copy.stat().st_size:
            _write(record, copy.read_bytes())


def _write(file: Path, content: bytes) -> None:
    """Write a whole file so that a crash leaves all of it or none."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    with new.open("wb") as stream:
        new.chmod(0o600)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
