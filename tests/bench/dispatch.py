"""From the last signature to the receipt shown, against an empty Celery round trip on the same broker.

Each stack runs in a process of its own (tests/bench/tries.py), since Django takes database and broker from
the environment when it starts. What the HSM itself takes for the operation is measured beside it and taken
off before the two are compared; it stands in a line of its own.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure, at_most, plain
from tests.servers import shared
from tests.servers.stacks import EMBEDDED, PRODUCTION, make_stack


def measure() -> Iterator[Figure]:
    shared.begin()
    try:
        for stack in (EMBEDDED, PRODUCTION):
            yield from _figures(stack, _seconds(stack))
    finally:
        shared.end()


def _seconds(name: str) -> dict[str, list[float]]:
    """What each of the three took, try by try."""
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
        node = secrets.token_hex(16)
        stack = make_stack(name, Path(folder), nodes=(node,))
        environment = {
            **os.environ,
            **stack.environment,
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "QUORATE_STATE_DIR": folder,
            "QUORATE_DEMO": "1",
            "QUORATE_LOG_LEVEL": "WARNING",
        }
        output = subprocess.run(
            [sys.executable, "-m", "tests.bench.tries", node, stack.broker_url_of(node)],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    return json.loads(output)


def _figures(stack: str, seconds: dict[str, list[float]]) -> Iterator[Figure]:
    dispatch, hsm, empty = (median(seconds[name]) * 1000 for name in ("dispatch", "hsm", "empty"))
    yield plain(f"{stack}: last signature to receipt shown", "ms", dispatch)
    yield plain(f"{stack}: of that the HSM itself, for a P-256 key", "ms", hsm)
    yield at_most(
        f"{stack}: signature to receipt without the HSM, against an empty round trip",
        "ms",
        dispatch - hsm,
        empty,
        1.5,
    )
