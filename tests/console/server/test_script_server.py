"""`script/server` as newcomers meet it: it starts, answers, stops, starts again, leaves nothing behind."""

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hsmnodes.node.agent.config import Config
from hsmnodes.node.endpoint.folder import Folder
from tests.servers.process import free_ports, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Server:
    """One `script/server` with state and ports of its own, and what it printed."""

    def __init__(self, state: Path):
        self.state = state
        self.console_port, self.desk_port = free_ports(2)
        self.process = None

    def start(self, *words):
        own = {
            "QUORATE_STATE_DIR": str(self.state),
            "QUORATE_CONSOLE_PORT": str(self.console_port),
            "QUORATE_DESK_PORT": str(self.desk_port),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("QUORATE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console.server", *words],
            env=kept | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed = ""
        for line in self.process.stdout:
            printed += line
            if "Ctrl-C" in line:
                return printed
        pytest.fail(f"it did not start:\n{printed}")

    def get(self, port, host):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/", headers={"Host": f"{host}:{port}"})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def processes(self):
        """The processes that know this state folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if str(self.state).encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


@pytest.fixture
def server():
    """In a folder that everybody may pass, which those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="quorate-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        yield from _living(Server(Path(folder) / "var"))


def _living(server):
    yield server
    if server.process and server.process.poll() is None:
        server.process.kill()
    if server.process:
        server.process.communicate()
    assert wait_until(lambda: not server.processes(), seconds=60)


def test_the_whole_life_of_a_server(server):
    printed = server.start()
    assert re.search(rf"Console +http://127\.0\.0\.1:{server.console_port}\n", printed)
    assert server.get(server.console_port, "127.0.0.1")[0] in {200, 302}
    assert server.get(server.desk_port, "localhost")[0] == 200

    second = subprocess.run(
        [sys.executable, "-m", "console.server"],
        env={**os.environ, "QUORATE_STATE_DIR": str(server.state)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "another script/server uses" in second.stdout

    server.process.send_signal(signal.SIGINT)
    rest, _ = server.process.communicate(timeout=30)
    assert rest.endswith("Stopped.\n")
    assert server.process.returncode == 0
    assert server.processes() == []

    nodes = sorted(server.state.glob("nodes/*/node.toml"))
    before = [file.read_text() for file in nodes]
    server.start()
    assert [file.read_text() for file in nodes] == before

    server.process.kill()
    server.process.communicate()
    assert wait_until(lambda: not server.processes(), seconds=60)

    server.start("--fresh")
    assert [file.read_text() for file in nodes] != before


def test_programs_reach_their_hsms_and_nobody_else_reads_the_state(server):
    printed = server.start()
    assert "Programs cannot use keys here" not in printed
    nodes = [Config.load(file) for file in server.state.glob("nodes/*/node.toml")]
    assert len(nodes) == 3
    for node in nodes:
        Folder.prepared(node.endpoint.folder, node.endpoint.user).require_reachable()

    shared = [node.endpoint.folder for node in nodes]
    private = [one for one in server.state.rglob("*") if not any(one.is_relative_to(part) for part in shared)]
    open_files = [one for one in private if one.is_file() and one.stat().st_mode & 0o077]
    assert open_files == []
    readable = [one for one in private if one.is_dir() and one.stat().st_mode & 0o066]
    assert readable == []


def test_who_cannot_have_programs_connect_is_told_what_it_takes(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("HAProxy runs as another user only where root starts it")
    for server in _living(Server(tmp_path / "var")):
        printed = server.start()
        rest = server.process.stdout.readline() + server.process.stdout.readline()
        assert "Programs cannot use keys here" in printed + rest
