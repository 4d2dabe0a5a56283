"""A key on every member of a cluster of three: how long the others need once the first has made it.

On three SoftHSM2 nodes in one process, one after the other, as each is given its step: verified, journalled,
copied under the backup key, the receipt signed. Nodes of their own do this beside each other, so the last
receipt is there earlier; what the broker takes is measured by `dispatch`. What it takes to fill an empty
member is measured by `backups`, as keys that arrive where a zone is extended to.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.figures import Figure, plain
from tests.cast.clusters import agree_to_cluster, form_cluster, formed
from tests.cast.deployment import Deployment
from tests.cast.people import CUSTODIANS
from tests.hsmnodes.node.agent.making import Site, real_drivers
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.agent.test_several_nodes import Trio

ROUNDS = 15


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
        cast = Deployment()
        made: list[Site] = []

        def make_site(**options: object) -> Site:
            made.append(Site(Path(folder), cast, **options))
            return made[-1]

        trio = Trio(make_site, cast, cast.zone(members=CUSTODIANS), real_drivers)
        _form(trio)
        spans = [_generate(trio, f"key {number}") for number in range(ROUNDS)]
        assert trio.in_step()
        for site in made:
            site.stop()
    first, last = (median(one[place] for one in spans) * 1000 for place in (0, 1))
    yield plain("a key made on the first member of a cluster, warrant to receipt", "ms", first)
    yield plain("from that receipt to the one of the third member", "ms", last)


def _form(trio: Trio) -> None:
    members = [site.at for site in trio.sites]
    state = formed(members)
    for site in trio.sites:
        said = site.send(agree_to_cluster(trio.cast, state, site.at, trio.zone, "form"))
        assert said.outcome == "done", said
    said = Carrier(form_cluster(trio.cast, state, members), trio.sites).carry()
    assert said.outcome == "done", said


def _generate(trio: Trio, label: str) -> tuple[float, float]:
    """Seconds until the first member's receipt, and from it until the last one's."""
    making = trio.generating((label, "ec-p256", ("sign",)))
    began = time.perf_counter()
    receipts = [making.take(0)]
    first = time.perf_counter()
    receipts += [making.take(1), making.take(2)]
    last = time.perf_counter()
    assert all(one.outcome == "done" for one in receipts), receipts
    return first - began, last - first
