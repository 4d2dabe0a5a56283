"""How much one console holds: many light nodes and a large database, on PostgreSQL and RabbitMQ.

The nodes have real identity keys and sign real heartbeats, which go through the real broker to a real worker
of the console. The database is generated around one zone that was really made.
`QUORATE_BENCH_SCALE="nodes zones keys"` takes other numbers.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure, plain
from tests.servers import shared
from tests.servers.stacks import PRODUCTION, make_stack

USUAL = "1000 10000 1000000"


def measure() -> Iterator[Figure]:
    shared.begin()
    try:
        size = [int(one) for one in os.environ.get("QUORATE_BENCH_SCALE", USUAL).split()]
        with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
            found = simulate(Path(folder), *size)
    finally:
        shared.end()
    for name, (value, unit) in found.items():
        yield plain(name, unit, value)


def simulate(folder: Path, nodes: int, zones: int, keys: int) -> dict[str, tuple[float, str]]:
    """Run it in a process of its own, since Django takes its database from the environment."""
    stack = make_stack(PRODUCTION, folder)
    environment = {
        **os.environ,
        **stack.environment,
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "QUORATE_STATE_DIR": str(folder),
        "QUORATE_DEMO": "1",
        "QUORATE_LOG_LEVEL": "WARNING",
    }
    output = subprocess.run(
        [sys.executable, "-m", "tests.bench.crowd", str(nodes), str(zones), str(keys)],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    return json.loads(output)
