"""What each fault costs and how soon all is whole again, on hosts of their own (tests/faults).

A figure is held against what docs/availability.md promises: a ratio of at most 1 keeps it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure, at_most, plain
from tests.faults.hosting import Hosting
from tests.faults.namespaces import NoNamespaces
from tests.faults.node_host import missing_for_faults
from tests.faults.trials import Measured, in_turn

SECONDS = 15
SERVED_AGAIN = 5
HOW = {"webshop": "those that use all nodes", "failover": "those that use the next only without the first"}


def measure(seconds: float = SECONDS) -> Iterator[Figure]:
    """Strike every fault for so many seconds each. Raises NoNamespaces where hosts cannot be made."""
    if missing := missing_for_faults():
        raise NoNamespaces(missing)
    folder = Path(tempfile.mkdtemp(prefix="qrf-"))
    folder.chmod(0o755)
    hosting = Hosting(folder)
    try:
        hosting.set_up()
        for measured in in_turn(hosting, seconds=seconds):
            yield from _figures(measured)
        hosting.check_whole()
        yield plain("operations that ran twice or were lost", "of all", 0)
        yield plain("operations carried out meanwhile, each on three nodes", "", len(hosting.approved))
    finally:
        hosting.close()
        shutil.rmtree(folder)


def _figures(measured: Measured) -> Iterator[Figure]:
    name = measured.name
    yield Figure(
        f"{name}: signatures failed elsewhere",
        "",
        measured.failed,
        target="0",
        ok=measured.failed == 0,
    )
    if measured.hit:
        sessions = max(1, measured.sessions_hit)
        yield at_most(f"{name}: signatures lost, against sessions there", "", measured.lost, sessions, 1)
    for clients, after in measured.served_after.items():
        yield at_most(f"{name}: {HOW[clients]} sign again", "s", after, SERVED_AGAIN, 1)
    if not measured.hit:
        yield plain(f"{name}: longest wait for a signature", "s", measured.longest_wait)
    for what, value in measured.notes.items():
        yield plain(f"{name}: {what}", "", value)
    yield plain(f"{name}: whole again after it was mended", "s", measured.whole_after)
