"""`script/server`: prepare, start, say where to go, and look after it until Ctrl-C."""

import argparse
import contextlib
import fcntl
import http.client
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from console.server.kept import start_kept
from console.server.layout import Layout, Unusable, layout_from_environment
from console.server.plan import node_configurations, preparation, processes
from console.server.supervisor import Supervisor
from hsmnodes.node.agent.config import Config

FIRST_ANSWER_SECONDS = 60
PATIENCE_SECONDS = 6
# What is in the folder of state is its owner's alone. Others may pass: the endpoint's user goes to its own.
PRIVATE, PASSABLE = 0o077, 0o711

GREETING = """
Quorate is running ({seconds:.0f} s).

  Console   {console}
  Desk      {desk}   (you are sent there to sign)
  Logs      {logs}
"""

STORY = """To sign in: open the console, go to the desk, press its button and choose who you are. To be
somebody else, sign out at the bottom left. What waits for you stands under "To sign". Try first:
  1. Cleo of Northgate proposes to start a shared service for Meridian Bank ("Propose", on the left).
     Ada and Ben sign for Northgate, Gus and Lea for the bank: both sides must agree.
  2. Dina of Meridian Bank drafts a Trust Zone with Emil and Fay as its key managers. All three sign its
     charter with both their tokens; Dina proposes its founding, Gus and Lea sign that.
     Cleo then proposes its slot; Ada, Ben, Dina and Emil sign.
  3. Dina proposes a key in it; Emil and Fay sign. Open the proposal: the node's receipt stands on its page.

Every key here is in a simulated HSM, and the simulated tokens are anybody's. Ctrl-C stops everything.
"""

NO_ENDPOINT = """Programs cannot use keys here: that needs HAProxy, and a checkout at a short path that every
user of this machine may pass, such as /srv/quorate. All the rest works. To change it, begin anew there.
"""

FIRST_PERSON = """If nobody is here yet, this prints the link for the first person:
  .venv/bin/python manage.py first_person --provider PROVIDER --name NAME

Ctrl-C stops everything.
"""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="script/server",
        description="Prepare and start Quorate, say where to go, and end everything on Ctrl-C.",
    )
    parser.add_argument("--fresh", action="store_true", help="forget all state and begin anew")
    arguments = parser.parse_args()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.umask(PRIVATE)
    try:
        layout = layout_from_environment()
        with only_one(layout):
            if arguments.fresh:
                forget(layout)
            return run(layout, began=began)
    except Unusable as problem:
        say(f"script/server: {problem}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped before everything had started.")
        return 130


def run(layout: Layout, *, began: float) -> int:
    """Prepare and run until asked to stop."""
    layout.logs.mkdir(exist_ok=True)
    for port in (layout.console_port, layout.desk_port):
        require_free(port)
    environment = layout.environment()
    prepare(layout, environment)
    supervisor = Supervisor(processes(layout), environment=environment, logs=layout.logs, say=say)
    say("Starting console, desk, workers and nodes …")
    try:
        supervisor.start()
        waiting = [layout.console_origin, layout.desk_origin]
        supervisor.watch(lambda: all(map(answers, waiting)), seconds=FIRST_ANSWER_SECONDS)
        if not supervisor.stopping:
            greet(layout, seconds=time.monotonic() - began)
            supervisor.watch()
    finally:
        say("\nStopping …")
        supervisor.stop()
    say("Stopped.")
    return 0


@contextlib.contextmanager
def only_one(layout: Layout) -> Iterator[None]:
    """Hold the state folder for this process alone; Unusable when another has it."""
    if not layout.state.exists():
        layout.state.mkdir(parents=True)
        layout.state.chmod(PASSABLE)
    with (layout.state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(f"another script/server uses {layout.state}. Stop that one first.") from None
        yield


def forget(layout: Layout) -> None:
    """Remove all state but the lock we hold."""
    for entry in layout.state.iterdir():
        if entry.name == "lock":
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    layout.state.chmod(PASSABLE)


def require_free(port: int) -> None:
    """Wait a moment for a port that a previous run is just leaving; Unusable when it stays taken."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return
        if time.monotonic() > deadline:
            raise Unusable(
                f"port {port} is taken by another program. "
                "Choose others with QUORATE_CONSOLE_PORT and QUORATE_DESK_PORT."
            )
        time.sleep(0.2)


def prepare(layout: Layout, environment: Mapping[str, str]) -> None:
    """Run the preparation to its end; Unusable, with what it complained about, when it fails."""
    log = layout.logs / "prepare.log"
    log.write_bytes(b"")
    keeper = start_kept(preparation(layout), environment=environment, log=log, aloud=True)
    try:
        code = keeper.wait()
    except KeyboardInterrupt:
        keeper.terminate()
        keeper.wait()
        raise
    if code != 0:
        raise Unusable(f"that step failed.\n\n{log.read_text(errors='replace')}")


def answers(origin: str) -> bool:
    """Whether a web server answers there at all; what it answers is not asked."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def greet(layout: Layout, *, seconds: float) -> None:
    missing = [origin for origin in (layout.console_origin, layout.desk_origin) if not answers(origin)]
    if missing:
        say(f"{' and '.join(missing)} does not answer yet. The logs are in {layout.logs}")
        return
    say(
        GREETING.format(
            seconds=seconds, console=layout.console_origin, desk=layout.desk_origin, logs=layout.logs
        )
    )
    nodes = [Config.load(file) for file in node_configurations(layout)]
    say(STORY if nodes else FIRST_PERSON)
    if nodes and not any(node.endpoint for node in nodes):
        say(NO_ENDPOINT)


if __name__ == "__main__":
    sys.exit(main())
