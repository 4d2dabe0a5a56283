"""The crowd behind tests/bench/scale.py, on the stack of the environment; what was measured, as JSON.

This process generates the database, signs and sends what the nodes say, and asks for pages. What takes
heartbeats is the worker of `script/server`, a process of its own. A heartbeat's age is counted from when
it is signed to when the worker writes it down.
"""

import json
import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from unittest.mock import patch

import django
import psutil

django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from console import watching  # noqa: E402
from console.server import plan  # noqa: E402
from console.server.kept import start_kept  # noqa: E402
from console.server.layout import Layout  # noqa: E402
from hsmnodes import carrier, conditions, history  # noqa: E402
from hsmnodes import watching as silence  # noqa: E402
from hsmnodes.models import Node, Sample, Slot, Span  # noqa: E402
from hsmnodes.node.agent import broker  # noqa: E402
from hsmnodes.node.agent.messages import HEARTBEAT_QUEUE, RECEIVE  # noqa: E402
from hsmnodes.node.operations.zone.inventory import digest_of  # noqa: E402
from tenants import clock  # noqa: E402
from tests.bench import generating  # noqa: E402
from tests.cast.people import CLEO, DINA  # noqa: E402
from tests.world.history import FIGURES  # noqa: E402
from tests.world.nodes import KCV, NodeOfWorld  # noqa: E402
from tests.world.signing_in import sign_in  # noqa: E402
from tests.world.world import World  # noqa: E402

ROUNDS, PATIENCE, TRIES = 3, 900, 3
STEADY_SECONDS = int(os.environ.get("QUORATE_BENCH_SECONDS", "30"))
TOKEN = "the bench's own token, of some length".replace(" ", "-")
Found = dict[str, tuple[float, str]]


class Crowd:
    """Light nodes: a key each, and what they say of the zones they have."""

    def __init__(self, nodes: list[NodeOfWorld]) -> None:
        self.nodes = nodes
        self.told: dict[str, list[dict[str, object]]] = defaultdict(list)
        for slot in Slot.objects.filter(node__in=[one.id for one in nodes]).order_by("zone"):
            held = {"keys": slot.keys_count, "digest": slot.keys_digest or digest_of([])}
            self.told[slot.node_id].append({"id": slot.zone_id, "epoch": 1, "kcv": KCV, **held})
        self.rows = {row.pk: row.named() for row in Node.objects.all()}
        self.sent: dict[str, float] = {}
        self.last: dict[str, int] = {}
        self.said = 0

    def say(self, number: int) -> None:
        """One node says a heartbeat; it has carried out one operation more than whoever spoke before."""
        self.said += 1
        node = self.nodes[number % len(self.nodes)]
        zones = tuple(self.told[node.id])
        text = node.heartbeat_message(
            node=self.rows[node.id],
            figures={**FIGURES, "operations": self.said},
            zones=zones or None,
            capacity={"slots": 50, "slots_used": len(zones), "keys": sum(one["keys"] for one in zones)},
        )
        self.sent[node.id], self.last[node.id] = time.time(), self.said
        broker.send(carrier.app(), RECEIVE, text, to=HEARTBEAT_QUEUE, declare=False)


def main(nodes: int, zones: int, keys: int) -> None:
    """Run everything, and print what it took."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    found: Found = {}
    with patch("hsmnodes.carrier.send_to_node"):
        world = World()
        real = world.node()
        zone = world.ready_zone(real)
        world.key(zone, real)
    with timed(found, "database generated"):
        made = generating.make_nodes(real.row, nodes)
        generating.make_zones(zone, [one.id for one in made], zones)
        generating.make_keys(zone, keys)
    found["database"] = (size_of_database() / 2**20, "MiB")
    with timed(found, "queues of all nodes declared"):
        carrier.declare_queues([real.id, *(one.id for one in made)])
    crowd = Crowd(made)
    layout = Layout(settings.STATE_DIR)
    log = layout.state / "worker.log"
    worker = start_kept(plan.worker(layout, "console"), environment=layout.environment(), log=log)
    try:
        with timed(found, "all nodes heard of for the first time, and shown to their peers"):
            _say_rounds(crowd, 1)
            _wait_for_all(crowd)
        _taken(crowd, found, psutil.Process(worker.pid))
        _steadily(crowd, found)
        print(json.dumps(found, indent=1), file=sys.stderr, flush=True)
    finally:
        worker.terminate()
        worker.wait()
    _pages(world, found)
    _watching(found)
    found["history of a node, with its indexes"] = (history_of_one() / 2**10, "KiB")
    json.dump(found, sys.stdout)


def _say_rounds(crowd: Crowd, rounds: int) -> float:
    """Each node says so many heartbeats, as fast as they can be signed and sent; how many a second."""
    began, count = time.perf_counter(), rounds * len(crowd.nodes)
    for number in range(count):
        crowd.say(number)
    return count / (time.perf_counter() - began)


def _taken(crowd: Crowd, found: Found, keeper: psutil.Process) -> None:
    """How fast the worker takes what comes as fast as it can, and then what waits of it."""
    began, worked = time.perf_counter(), _worked(keeper)
    rate = _say_rounds(crowd, ROUNDS)
    found["signed and sent by one process"] = (rate, "heartbeats/s")
    _wait_for_all(crowd)
    seconds = time.perf_counter() - began
    cost = (_worked(keeper) - worked) / (ROUNDS * len(crowd.nodes))
    found["of the worker's processor, for a heartbeat"] = (cost * 1000, "ms")
    found["taken by one worker meanwhile"] = (ROUNDS * len(crowd.nodes) / seconds, "heartbeats/s")


def _worked(keeper: psutil.Process) -> float:
    """The seconds of a processor that the processes of a keeper have had."""
    return sum(sum(one.cpu_times()[:2]) for one in keeper.children(recursive=True))


def _behind(crowd: Crowd) -> list[str]:
    """The nodes whose last heartbeat has not been taken."""
    taken = {pk: figures.get("operations") for pk, figures in Node.objects.values_list("pk", "figures")}
    return [node for node, said in crowd.last.items() if taken[node] != said]


def _wait_for_all(crowd: Crowd) -> None:
    """Until all are taken. Who was not in time says it again, as nodes do: the broker drops what is old."""
    places = {one.id: place for place, one in enumerate(crowd.nodes)}
    deadline, again = time.monotonic() + PATIENCE, time.monotonic() + broker.FRESH_SECONDS
    while behind := _behind(crowd):
        if time.monotonic() > deadline:
            raise TimeoutError("the worker has not taken what was sent")
        if time.monotonic() > again:
            again += broker.FRESH_SECONDS
            for node in behind:
                crowd.say(places[node])
        time.sleep(0.1)


def _steadily(crowd: Crowd, found: Found) -> None:
    """At half of what the worker takes, spread evenly: how old a heartbeat is when it is in the database."""
    rate = found["taken by one worker meanwhile"][0] / 2
    began, number, lags = time.time(), 0, []
    crowd.sent.clear()
    while time.time() - began < STEADY_SECONDS:
        crowd.say(number)
        number += 1
        if number % len(crowd.nodes) == 0 or number % 200 == 0:
            lags += _lags(crowd)
        time.sleep(max(0, began + number / rate - time.time()))
    time.sleep(2)
    lags = _lags(crowd) + lags
    found["at half of that: heartbeats"] = (number / STEADY_SECONDS, "/s")
    found["at half of that: from signed to committed, median"] = (median(lags) * 1000, "ms")
    found["at half of that: from signed to committed, 95 %"] = (quantiles(lags, n=20)[-1] * 1000, "ms")


def _lags(crowd: Crowd) -> list[float]:
    seen = dict(Node.objects.exclude(last_seen_at=None).values_list("pk", "last_seen_at"))
    ages = [seen[node].timestamp() - sent for node, sent in crowd.sent.items() if node in seen]
    return [age for age in ages if age > 0]


def _pages(world: World, found: Found) -> None:
    """What pages take, the second time on; of the whole answer, in this process and the database."""
    settings.METRICS_TOKEN = TOKEN
    someone = Node.objects.filter(name="node-0001").first()
    zone = Slot.objects.filter(node=someone).first()
    of_provider = {
        "overview": "/",
        "overview asked again, nothing new": "/overview/live",
        "HSMs": "/hsms",
        "an HSM": f"/hsms/{someone.pk}",
        "Trust Zones": "/zones",
        "a Trust Zone": f"/zones/{zone.zone_id}",
        "HSMs of a zone compared": f"/zones/{zone.zone_id}/comparison",
        "search": "/search?q=key-7",
    }
    for who, member, paths in (("provider", CLEO, of_provider), ("customer", DINA, {"overview": "/"})):
        client = sign_in(Client(SERVER_NAME="127.0.0.1"), world.person(member))
        for name, path in paths.items():
            seen = ""
            if name.startswith("overview asked"):
                seen = "?" + re.search(rb"seen=[0-9a-f]{16}", client.get("/").content)[0].decode()
            _page(found, f"{who}: {name}", client, path + seen)
    scraper = Client(SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {TOKEN}"})
    _page(found, "/metrics", scraper, "/metrics")


def _page(found: Found, name: str, client: Client, path: str) -> None:
    seconds = []
    for _ in range(TRIES):
        began = time.perf_counter()
        answer = client.get(path)
        seconds.append(time.perf_counter() - began)
        if answer.status_code not in (200, 204):
            raise AssertionError(f"{path} answered {answer.status_code}")
        if seconds[-1] > 20:
            break
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    found[name] = (median(seconds) * 1000, "ms")
    found[f"{name}: queries"] = (len(queries), "")
    print(f"{name}: {found[name][0]:.0f} ms, {len(queries)} queries", file=sys.stderr, flush=True)
    slowest = max(queries.captured_queries, key=lambda one: float(one["time"]), default=None)
    if slowest and float(slowest["time"]) > 0.2:
        print(f"{name}: {slowest['time']} s: {slowest['sql'][:400]}", file=sys.stderr, flush=True)


def _watching(found: Found) -> None:
    """What the worker does from time to time."""
    tasks: dict[str, Callable[[], None]] = {
        "conditions of nodes and zones looked for": conditions.look,
        "silent nodes looked for": silence.note_silent_nodes,
        "custody looked at": watching.note_losses,
        "statements looked at": watching.note_broken_statements,
        "drills looked at": watching.note_overdue_drills,
        "history rolled up": history.roll_up,
    }
    for name, task in tasks.items():
        with timed(found, name):
            task()


@contextmanager
def timed(found: Found, name: str) -> Iterator[None]:
    """How many seconds something takes."""
    began = time.perf_counter()
    yield
    found[name] = (time.perf_counter() - began, "s")
    print(f"{name}: {found[name][0]:.2f} s", file=sys.stderr, flush=True)


def history_of_one() -> float:
    """The bytes of a node's samples once it has as many as it ever has."""
    node, now = Node.objects.filter(last_seen_at__isnull=False).first(), clock.now()
    made = Sample(node=node, heard=12, standing=0, slots_used=20, keys=2000, waiting=0, behind=0, clock=0)
    made.operations, made.held, made.load, made.sessions, made.disk_free = 4000, 0, 30, 12, 5000
    fields = {one.attname: getattr(made, one.attname) for one in Sample._meta.concrete_fields}
    fields.pop("id")
    Sample.objects.all().delete()
    spans = (
        (Span.MINUTE, history.MINUTE, history.MINUTES_KEPT),
        (Span.HOUR, history.HOUR, history.HOURS_KEPT),
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL hsmnodes_sample")
        Sample.objects.bulk_create(
            Sample(**fields | {"span": span, "at": now - n * each})
            for span, each, kept in spans
            for n in range(kept // each)
        )
        cursor.execute("SELECT pg_total_relation_size('hsmnodes_sample')")
        return float(cursor.fetchone()[0])


def size_of_database() -> int:
    """Its bytes on disk."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
