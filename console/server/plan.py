"""What `script/server` does, in order: the steps that prepare, and the processes that then run."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.server.layout import ROOT, Layout, Unusable


@dataclass(frozen=True)
class Step:
    """A command that must succeed before anything runs; each may be repeated without harm."""

    title: str
    command: Sequence[str]


@dataclass(frozen=True)
class Process:
    """A command that is to run until the end; it is started again when it ends by itself."""

    name: str
    command: Sequence[str]


def steps(layout: Layout) -> list[Step]:
    """Everything that a start prepares."""
    return [
        Step("Bringing the database up to date", manage("migrate", "--no-input", "--verbosity", "0")),
        Step("Setting up the sample organisations and nodes", manage("demo_setup")),
        Step("Building the desk", manage("build_desk", "--out", str(layout.desk_folder))),
    ]


def processes(layout: Layout) -> list[Process]:
    """Everything that then runs. Called after the steps: they make the nodes."""
    return [
        Process("console", web("console.wsgi:application", layout.console_port, threads=4)),
        Process("desk", web("console.desk.server:application", layout.desk_port, threads=1)),
        Process("worker", worker(layout)),
        *(
            Process(f"node {configuration.parent.name}", node(configuration))
            for configuration in node_configurations(layout)
        ),
    ]


def manage(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def web(application: str, port: int, *, threads: int) -> list[str]:
    """A WSGI application under granian: one process, for the database is a file."""
    return [
        program("granian"),
        *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", str(threads), "--log-level", "warning"),
        *("--workers-kill-timeout", "3", application),
    ]


def worker(layout: Layout) -> list[str]:
    """The console's Celery worker, with its periodic tasks."""
    return [
        program("celery"),
        *("--app", "console.celery", "worker", "--queues", "console", "--hostname", "console@localhost"),
        *("--beat", "--schedule", str(layout.state / "beat-schedule"), "--concurrency", "1"),
        *("--without-gossip", "--without-mingle", "--loglevel", "warning"),
    ]


def node(configuration: Path) -> list[str]:
    return [program("quorate-node"), "run", "--config", str(configuration)]


def node_configurations(layout: Layout) -> list[Path]:
    """The configuration files of the nodes on this machine; Unusable when there is none."""
    found = sorted(layout.state.glob("nodes/*/node.toml"))
    if not found:
        raise Unusable(f"There are no nodes in {layout.state}. Begin anew with: script/server --fresh")
    return found


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
