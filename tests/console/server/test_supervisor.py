"""What script/server starts is looked after, stops on request in a few seconds, and never outlives it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.server.plan import Process
from console.server.supervisor import Supervisor
from tests.servers.process import wait_until

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""

RUN_TWO = """
import os, sys
from pathlib import Path
from console.server.plan import Process
from console.server.supervisor import Supervisor
folder = Path(sys.argv[1])
note = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[2]], start_new_session=True).wait()"
supervisor = Supervisor(
    [
        Process("first", [sys.executable, "-c", note, str(folder / "first.pid")]),
        Process("second", [sys.executable, "-c", child, note, str(folder / "second.pid")]),
    ],
    environment=os.environ, logs=folder, say=print,
)
supervisor.start()
supervisor.watch()
supervisor.stop()
print("stopped in order", flush=True)
"""  # noqa: E501


@pytest.fixture
def running(tmp_path: Path):
    """A supervisor in a process of its own, with a process and a grandchild, by their ids."""
    files = [tmp_path / "first.pid", tmp_path / "second.pid"]
    supervisor = subprocess.Popen(
        [sys.executable, "-c", RUN_TWO, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert wait_until(lambda: all(file.exists() and file.read_text() for file in files), seconds=20)
        yield supervisor, [int(file.read_text()) for file in files]
    finally:
        supervisor.kill()
        supervisor.communicate()


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(running, number):
    supervisor, pids = running
    supervisor.send_signal(number)
    printed, _ = supervisor.communicate(timeout=60)
    assert printed.endswith("stopped in order\n")
    assert supervisor.returncode == 0
    assert not any(map(is_alive, pids))


def test_nothing_is_left_when_the_supervisor_is_killed(running):
    supervisor, pids = running
    supervisor.kill()
    supervisor.wait()
    assert wait_until(lambda: not any(map(is_alive, pids)), seconds=60)


def test_a_process_that_ends_is_started_again(tmp_path: Path):
    said = []
    log = tmp_path / "short.log"
    supervisor = Supervisor(
        [Process("short", ["sh", "-c", "echo once more"])],
        environment=os.environ,
        logs=tmp_path,
        say=said.append,
    )
    supervisor.start()
    supervisor.watch(lambda: log.read_text().count("once more") == 2, seconds=20)
    supervisor.stop()
    assert log.read_text().count("once more") == 2
    assert said[0].startswith("short ended; starting it again in 1 s.")


def test_who_does_not_stop_when_asked_is_made_to(tmp_path: Path):
    log = tmp_path / "stubborn.log"
    supervisor = Supervisor(
        [Process("stubborn", [sys.executable, "-c", STUBBORN])],
        environment=os.environ,
        logs=tmp_path,
        say=print,
    )
    supervisor.start()
    supervisor.watch(lambda: "deaf" in log.read_text(), seconds=20)
    began = time.monotonic()
    supervisor.stop()
    assert 3 < time.monotonic() - began < 6


@pytest.fixture(autouse=True)
def own_signals():
    """The supervisor takes over signals; give them back to pytest."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
