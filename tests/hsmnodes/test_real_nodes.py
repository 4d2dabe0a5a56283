"""Console worker and real nodes on both stacks: what was signed arrives, whatever is killed on the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.process import KeptProcess, wait_until

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
NODES = ("ams-1", "ams-2", "fra-1")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Running:
    """A deployment of processes: the console's worker and the sample nodes, on one stack."""

    def __init__(self, stack, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **stack.environment,
            "QUORATE_STATE_DIR": str(folder),
            "QUORATE_DEMO": "1",
            "QUORATE_OUTBOX_RETRY_SECONDS": "1",
            "QUORATE_SWEEP_SECONDS": "1",
            "PYTHONPATH": str(ROOT),
        }
        self.worker = self._process(
            "worker",
            *("celery", "--app", "console.celery", "worker", "--queues", "console,heartbeats", "--beat"),
            *(
                "--schedule",
                str(folder / "beat"),
                "--concurrency",
                "1",
                "--without-gossip",
                "--without-mingle",
            ),
        )
        self.nodes = {
            name: self._process(
                name, "quorate-node", "run", "--config", str(folder / "nodes" / name / "node.toml")
            )
            for name in NODES
        }

    def _process(self, name: str, program: str, *words: str) -> KeptProcess:
        return KeptProcess(
            [str(PROGRAMS / program), *words], folder=self.folder, name=name, environment=self.environment
        )

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def states(self) -> list[str]:
        """The states of the enrolments."""
        script = (
            "from tenants.models import Proposal; "
            "print('states', *Proposal.objects.values_list('state', flat=True))"
        )
        line = next(line for line in self.manage("shell", "-c", script).splitlines() if "states" in line)
        return line.split("states", 1)[1].split()

    def all_done(self) -> bool:
        return self.states() == ["done"] * len(NODES)

    def stop(self) -> None:
        for process in (self.worker, *self.nodes.values()):
            process.stop()


@pytest.fixture
def running(stack, tmp_path):
    running = Running(stack, tmp_path)
    running.manage("migrate", "-v0")
    running.manage("demo_setup")
    yield running
    running.stop()


def begin(process: KeptProcess) -> None:
    process.start(process.pid_file.exists)


def test_what_was_signed_before_anything_ran_is_carried_out(running):
    assert set(running.states()) <= {"sent", "authorised"}
    for process in (running.worker, *running.nodes.values()):
        begin(process)
    assert wait_until(running.all_done, seconds=120, every=1), running.worker.log_end()
    flaws = "from tenants import log; from tenants.models import LogEntry; "
    flaws += "print('flaws', len(list(log.verify())), LogEntry.objects.filter(severity='alarm').count())"
    assert "flaws 0 0" in running.manage("shell", "-c", flaws)


def test_a_worker_killed_at_any_moment_loses_no_receipt(running):
    for process in running.nodes.values():
        begin(process)
    for seconds in (1, 2, 4):
        begin(running.worker)
        wait_until(lambda: False, seconds=seconds)
        running.worker.kill()
    begin(running.worker)
    assert wait_until(running.all_done, seconds=120, every=1), running.worker.log_end()


def test_the_set_up_can_be_repeated(running):
    before = running.states()
    running.manage("demo_setup")
    assert len(running.states()) == len(before)
