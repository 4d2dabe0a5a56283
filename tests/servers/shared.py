"""The servers that one test run shares: started by whichever worker needs one first, ended with the run."""

import functools
import json
import os
import select
import shutil
import signal
import tempfile
import uuid
from pathlib import Path

from filelock import FileLock

from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer

# Set once by the process that was called pytest, and inherited by its workers.
FOLDER = "QUORATE_TEST_SERVERS"
OWNER = "QUORATE_TEST_SERVERS_OWNER"


def begin() -> None:
    """Make the folder of this run; the servers will live as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="quorate-"))
    folder.chmod(0o755)
    os.environ[FOLDER] = str(folder)
    os.environ[OWNER] = str(os.getpid())


def end() -> None:
    """Stop what was started and remove the folder. Should this never run, the keepers stop the servers."""
    folder = Path(os.environ.pop(FOLDER))
    for keeper in folder.glob("*/*.keeper"):
        stop_keeper(int(keeper.read_text()))
    shutil.rmtree(folder, ignore_errors=True)


def stop_keeper(pid: int) -> None:
    """SIGTERM to a keeper, and wait until it is gone: it is not our child, so by its process descriptor."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    os.kill(pid, signal.SIGTERM)
    select.select([descriptor], [], [], 15)
    os.close(descriptor)


def unique_name(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


@functools.cache
def postgres() -> PostgresServer:
    """The PostgreSQL of this run, started if it was not."""
    folder = Path(os.environ[FOLDER])
    with FileLock(folder / "postgres.lock"):
        server = PostgresServer(folder / "pg", owner=int(os.environ[OWNER]))
        if not server.is_ready():
            server.start()
            server.leave()
    return server


@functools.cache
def rabbitmq() -> RabbitServer:
    """The RabbitMQ of this run, started if it was not."""
    folder = Path(os.environ[FOLDER])
    remembered = folder / "rabbitmq.json"
    with FileLock(folder / "rabbitmq.lock"):
        ports = tuple(json.loads(remembered.read_text())) if remembered.exists() else None
        server = RabbitServer(folder / "mq", owner=int(os.environ[OWNER]), ports=ports)
        if not ports:
            server.start()
            server.leave()
            remembered.write_text(json.dumps(server.ports))
    return server
