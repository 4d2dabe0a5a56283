"""The files of a token that the driver looks after, because a kill can cut them off.

SoftHSM2 empties a token's own file and writes it again (its flags) whenever somebody logs in: a kill in that
moment would lose the token with all its keys. The file never grows or shrinks once the token is finished, and
all that changes in it are the flags, so a copy of it from any earlier time is as good. The copy is made when
the token is finished, and so also tells that it is.
"""

import os
import shutil
from pathlib import Path

from hsmnodes.node.drivers.pkcs11.profile import Profile

COPIES = "kept"


def keep_token_files(profile: Profile, directory: Path) -> None:
    """Copy, durably, the files that are not copied yet. For when the token is known to be whole."""
    for original in directory.glob(profile.rewritten_at_login):
        copy = directory / COPIES / original.relative_to(directory)
        if not copy.exists():
            _write(copy, original.read_bytes())


def restore_token_files(profile: Profile, directory: Path) -> None:
    """Put back the files that were cut off. For before the module is initialised."""
    copies = directory / COPIES
    for copy in copies.glob(profile.rewritten_at_login):
        original = directory / copy.relative_to(copies)
        if not original.exists() or original.stat().st_size != copy.stat().st_size:
            _write(original, copy.read_bytes())


def remove_remains(profile: Profile, directory: Path) -> None:
    """Remove tokens whose making was cut off: those without a copy of their file and without any object."""
    pattern = Path(profile.rewritten_at_login)
    for token in directory.glob(str(pattern.parent)):
        copy = directory / COPIES / token.relative_to(directory) / pattern.name
        if not copy.exists() and not any(file.name != pattern.name for file in token.glob("*.object")):
            shutil.rmtree(token)


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
