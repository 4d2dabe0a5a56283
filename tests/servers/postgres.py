"""A private PostgreSQL: own data folder, unix socket alone, gone with the test run."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from psycopg import sql

from tests.servers.process import KeptProcess, ServerFailed, unprivileged_user

# The socket's name holds a port number; in a folder of its own any will do.
PORT = 5432


class PostgresServer:
    """One PostgreSQL in `folder`, which must be short (unix sockets) and is made if it is not there.

    fsync is off, for speed: a killed server loses nothing by that, only a machine that crashes does.
    """

    def __init__(self, folder: Path, *, owner: int | None = None) -> None:
        self.folder = folder
        self.user = unprivileged_user()
        self.programs = find_programs()
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if self.user:
            shutil.chown(folder, self.user)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "port": str(PORT),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "100",
            "shared_buffers": "64MB",
        }
        self.process = KeptProcess(
            [
                str(self.programs / "postgres"),
                *("-D", str(folder / "data")),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ],
            folder=folder,
            name="postgres",
            owner=owner,
            user=self.user,
        )

    def start(self) -> None:
        """Make the data folder the first time, and start."""
        if not (self.folder / "data").exists():
            self.make_data_folder()
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        self.process.start(self.is_ready)

    def kill(self) -> None:
        self.process.kill()

    def stop(self) -> None:
        self.process.stop()

    def leave(self) -> None:
        self.process.leave()

    def make_data_folder(self) -> None:
        made = subprocess.run(
            [
                str(self.programs / "initdb"),
                *("-D", str(self.folder / "data"), "-U", "quorate", "-A", "trust", "-E", "UTF8"),
                *("--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
            capture_output=True,
            text=True,
            user=self.user,
            cwd=self.folder,
            check=False,
        )
        if made.returncode:
            raise ServerFailed(f"initdb failed\n{made.stderr}")

    def is_ready(self) -> bool:
        try:
            with self.connect(connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def connect(self, database: str = "postgres", **options: object) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder), port=PORT, user="quorate", dbname=database, autocommit=True, **options
        )

    def create_database(self, name: str) -> str:
        """A new, empty database; returns its URL. Its owner is no superuser, as in production."""
        with self.connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'console'").fetchone()
            if not known:
                connection.execute("CREATE ROLE console LOGIN CREATEDB")
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER console").format(sql.Identifier(name)))
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://console@/{database}?{urlencode({'host': str(self.folder), 'port': PORT})}"


def find_programs() -> Path:
    """The folder of Debian's newest PostgreSQL programs, else of those on the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if debian:
        return debian[-1]
    found = shutil.which("initdb")
    if not found:
        raise ServerFailed("PostgreSQL is not installed: run script/setup")
    return Path(found).parent
