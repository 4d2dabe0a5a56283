"""What each process of `script/server` takes while nobody does anything: of a core, and of memory.

Each with its children: the drivers are their node's, the pool and the beat are the worker's. Memory is the
proportional set size, in which a page that several processes share is counted once in all.
"""

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.bench.figures import Figure, plain
from tests.e2e.running import running_demo

SETTLE_SECONDS, SECONDS = 20, 15
TICKS = os.sysconf("SC_CLK_TCK")
# By a word of the command that the keepers of console/server run; the rest of the line names the instance.
NAMES = {
    "console.wsgi": "console",
    "console.desk.server": "desk",
    "console.celery": "worker with beat",
    "console.post": "post, with beat",
}


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder, running_demo(Path(folder, "state")):
        time.sleep(SETTLE_SECONDS)
        processes = _processes(os.getpid())
        before, began = _processor_seconds(processes), time.monotonic()
        time.sleep(SECONDS)
        after, lasted = _processor_seconds(processes), time.monotonic() - began
        memory = {name: sum(map(_memory, pids)) for name, pids in processes.items()}
    for name in sorted(processes):
        yield plain(f"idle: {name}, processor", "% of a core", (after[name] - before[name]) / lasted * 100)
    for name in sorted(processes):
        yield plain(f"idle: {name}, memory", "MB", memory[name] / 1e6)


def _processes(top: int) -> Mapping[str, list[int]]:
    """The processes that run below this one, by what they belong to."""
    children = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        children[_parent(int(entry.name))].append(int(entry.name))
    found: dict[str, list[int]] = defaultdict(list)

    def walk(pids: Iterable[int], inherited: str) -> None:
        for pid in pids:
            name = _name(_command(pid)) or inherited
            found[name].append(pid)
            walk(children[pid], name)

    walk(children[top], "supervisor with keepers")
    return found


def _name(command: str) -> str | None:
    """What a process is; None if it belongs to its parent."""
    if "console/server/keeper.py" in command:
        return "supervisor with keepers"
    if "quorate-node" in command:
        return f"node {Path(command.rsplit(maxsplit=1)[-1]).parent.name} with its drivers"
    return next((name for word, name in NAMES.items() if word in command), None)


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ").strip()


def _parent(pid: int) -> int:
    """0 for a process that is gone."""
    try:
        return int(_stat(pid)[1])
    except OSError:
        return 0


def _processor_seconds(processes: Mapping[str, Iterable[int]]) -> Mapping[str, float]:
    """Seconds of processor time since their start, in the program and in the kernel."""
    return {
        name: sum(int(ticks) for pid in pids for ticks in _stat(pid)[11:13]) / TICKS
        for name, pids in processes.items()
    }


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything (proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _memory(pid: int) -> int:
    """The proportional set size in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
