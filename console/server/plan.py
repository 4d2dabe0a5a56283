"""What `script/server` runs: the command that prepares, and then the processes."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.server.layout import ROOT, Layout


@dataclass(frozen=True)
class Process:
    """A command that is to run until the end; it is started again when it ends by itself."""

    name: str
    command: Sequence[str]


def preparation(layout: Layout) -> list[str]:
    """The command that must succeed before anything runs (console/management/commands/prepare.py)."""
    return [sys.executable, str(ROOT / "manage.py"), "prepare", "--desk", str(layout.desk_folder)]


def processes(layout: Layout) -> list[Process]:
    """Everything that then runs. Called after the preparation, which makes the nodes."""
    return [
        Process("console", web("console.wsgi:application", layout.console_port, threads=4)),
        Process("desk", web("console.desk.server:application", layout.desk_port, threads=1)),
        Process("worker", worker(layout, "console")),
        Process("post", worker(layout, "post")),
        *(
            Process(f"node {configuration.parent.name}", node(configuration))
            for configuration in node_configurations(layout)
        ),
    ]


def web(application: str, port: int, *, threads: int) -> list[str]:
    """A WSGI application under granian: one process, for the database is a file."""
    return [
        program("granian"),
        *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", str(threads), "--log-level", "warning"),
        *("--workers-kill-timeout", "3", application),
    ]


def worker(layout: Layout, queue: str) -> list[str]:
    """A Celery worker with its periodic tasks: of the console, or of what leaves it (`post`)."""
    return [
        program("celery"),
        *("--app", {"console": "console.celery", "post": "console.post"}[queue], "worker"),
        *("--queues", {"console": "console,heartbeats", "post": "post"}[queue]),
        *("--hostname", f"{queue}@localhost"),
        *("--beat", "--schedule", str(layout.state / f"beat-schedule-{queue}"), "--concurrency", "1"),
        *("--without-gossip", "--without-mingle", "--loglevel", "warning"),
    ]


def node(configuration: Path) -> list[str]:
    return [program("quorate-node"), "run", "--config", str(configuration)]


def node_configurations(layout: Layout) -> list[Path]:
    """The configuration files of the nodes on this machine; in production there is none."""
    return sorted(layout.state.glob("nodes/*/node.toml"))


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
