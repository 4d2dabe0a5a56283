"""The endpoint's folder: who owns what in it, so that what serves applications can change no key.

tokens/<application>/   the token of an application: its files can be read by the endpoint's user, not written
conf/                   HAProxy's configuration, certificates and the node's TLS key: likewise
run/                    sockets: the endpoint's user makes them; the agent never writes here
"""

import os
import pwd
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hsmnodes.node.drivers.pkcs11.profile import Profile

HIDDEN, PASSABLE = 0o700, 0o711
SHARED_FOLDER, SHARED_FILE, WRITTEN_FILE = 0o550, 0o440, 0o660


class EndpointError(Exception):
    """The endpoint cannot work as it is configured. Says what to do."""


@dataclass(frozen=True)
class Account:
    """The user that HAProxy and `p11-kit server` run as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Folder:
    """The folder, and the account that serves from it: none if this process could not change to another."""

    root: Path
    account: Account | None

    @classmethod
    def prepared(cls, root: Path, user: str) -> "Folder":
        """The folder, made as far as it is not there. Raises EndpointError if root finds no such user."""
        folder = cls(root, _account(user))
        for path, mode in ((root, PASSABLE), (folder.tokens, PASSABLE), (folder.conf, HIDDEN)):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
        folder.share(folder.conf)
        folder.run.mkdir(mode=HIDDEN, exist_ok=True)
        if folder.account is not None:
            os.chown(folder.run, folder.account.uid, folder.account.gid)
        return folder

    def require_reachable(self) -> None:
        """Raise EndpointError if the endpoint's user cannot get to the folder."""
        for parent in self.root.parents:
            if self.account is not None and not parent.stat().st_mode & 0o001:
                raise EndpointError(
                    f"The endpoint's user cannot pass {parent}: choose another folder for it."
                )

    @property
    def tokens(self) -> Path:
        return self.root / "tokens"

    @property
    def conf(self) -> Path:
        return self.root / "conf"

    @property
    def run(self) -> Path:
        return self.root / "run"

    def token(self, application: str) -> Path:
        """The token directory of an application."""
        return self.tokens / application

    def socket(self, application: str) -> Path:
        """The socket of an application's `p11-kit server`."""
        return self.run / application

    def write(self, name: str, content: bytes) -> Path:
        """A whole file in `conf` that the endpoint's user can read; what was there is replaced at once."""
        file = self.conf / name
        new = file.with_name(f"{name}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
        self.share(new)
        new.replace(file)
        return file

    def share(self, path: Path, *, written: Collection[Path] = ()) -> None:
        """Let the endpoint's user read `path` with everything in it, and write what is among `written`."""
        for one in (*path.rglob("*"), path):
            if self.account is not None:
                os.chown(one, os.getuid(), self.account.gid)
            readable = SHARED_FOLDER if one.is_dir() else SHARED_FILE
            one.chmod(WRITTEN_FILE if one in written else readable)
        if path == self.conf:
            path.chmod(0o750)

    def share_token(self, application: str, profile: Profile) -> None:
        """Share the token of an application; of its files can be written what every login writes."""
        directory = self.token(application)
        patterns = (profile.rewritten_at_login, *profile.touched_at_login)
        self.share(directory, written={file for one in patterns for file in directory.glob(one)})

    def has_token(self, application: str) -> bool:
        """Whether the token of an application is there, and was shared as a whole, which comes last."""
        directory = self.token(application)
        return directory.exists() and directory.stat().st_mode & 0o777 == SHARED_FOLDER

    def take_back(self, path: Path) -> None:
        """Let the agent alone read and write a folder and everything in it."""
        for one in (path, *path.rglob("*")):
            one.chmod(0o700 if one.is_dir() else 0o600)

    def remove_token(self, application: str) -> None:
        """Remove the token directory of an application, if there is one. Raises OSError."""
        directory = self.token(application)
        if directory.exists():
            self.take_back(directory)
            shutil.rmtree(directory)


def _account(user: str) -> Account | None:
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam(user)
    except KeyError:
        raise EndpointError(f"There is no user {user} for the endpoint to run as.") from None
    if found.pw_uid == 0:
        raise EndpointError("The endpoint does not run as root.")
    return Account(found.pw_uid, found.pw_gid)
