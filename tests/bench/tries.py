"""The tries behind tests/bench/dispatch.py, on the stack of the environment; their seconds, as JSON.

This process stands for the console's web process. Worker and node are the processes of `script/server`, the
node on SoftHSM2. The clock starts when the last signature is committed, before its warrant is handed over,
and stops when the database says that the proposal is done; a round trip starts before it is sent.
"""

import json
import sys
import time
from contextlib import ExitStack

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up first
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from console.server import plan  # noqa: E402
from console.server.kept import start_kept  # noqa: E402
from console.server.layout import Layout  # noqa: E402
from hsmnodes import carrier  # noqa: E402
from tenants.models import Proposal, Service, TrustZone  # noqa: E402
from tests.bench import bare  # noqa: E402
from tests.bench.hsm import Hsm  # noqa: E402
from tests.bench.site import Site  # noqa: E402
from tests.cast.people import ADA, BEN, DINA, EMIL, FAY, GUS, LEA  # noqa: E402
from tests.world.nodes import NodeOfWorld, nonce  # noqa: E402
from tests.world.world import World  # noqa: E402

WARM_UP, TRIES = 3, 30
POLL_SECONDS, PATIENCE_SECONDS = 0.002, 60


def main(node_id: str, broker: str) -> None:
    """Run everything, and print what it took."""
    call_command("migrate", verbosity=0)
    layout = Layout(settings.STATE_DIR)
    world, site = World(), Site(layout.state / "node", node_id, broker)
    node = site.register(world)
    carrier.declare_queues([node_id])
    bare.prepare()
    commands = [plan.worker(layout, "console"), plan.node(site.file), *bare.workers()]
    with ExitStack() as running:
        for number, command in enumerate(commands):
            log = layout.state / f"{number}.log"
            running.callback(_end, start_kept(command, environment=layout.environment(), log=log))
        zone = _zone(world, node)
        hsm = running.enter_context(Hsm(layout.state / "hsm"))
        measures = {
            "dispatch": lambda: dispatch(world, zone, node),
            "empty": round_trip,
            "hsm": hsm.generate,
        }
        seconds: dict[str, list[float]] = {name: [] for name in measures}
        for _ in range(WARM_UP + TRIES):
            for name, measure in measures.items():
                seconds[name].append(measure())
        json.dump({name: taken[WARM_UP:] for name, taken in seconds.items()}, sys.stdout)


def dispatch(world: World, zone: TrustZone, node: NodeOfWorld) -> float:
    """Seconds from the last signature on a new key to its receipt."""
    proposal = world.approve(world.propose_key(zone, node, label=nonce()), EMIL)
    began: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: began.append(time.perf_counter()))
        world.approve(proposal, FAY)
    _wait_for("SELECT 1 FROM tenants_proposal WHERE id = %s AND state = 'done'", proposal.pk)
    return time.perf_counter() - began[0]


def round_trip() -> float:
    """Seconds of an empty round trip."""
    text = nonce()
    began = time.perf_counter()
    bare.send(text)
    _wait_for("SELECT 1 FROM bench_notes WHERE text = %s", text)
    return time.perf_counter() - began


def _zone(world: World, node: NodeOfWorld) -> TrustZone:
    """A zone with its slot, each step of it carried out by the node."""
    _carry_out(world, world.propose_enrolment(node), ADA, BEN)
    service = _carry_out(world, world.propose_service(node), ADA, BEN, GUS, LEA)
    service_id = service.document.parameters["service"]["id"]
    zone = world.zone(Service.objects.get(pk=service_id))
    _carry_out(world, world.propose_slot(zone, node), ADA, BEN, DINA, EMIL)
    return zone


def _carry_out(world: World, proposal: Proposal, *approvers: object) -> Proposal:
    world.approve(proposal, *approvers)
    _wait_for("SELECT 1 FROM tenants_proposal WHERE id = %s AND state = 'done'", proposal.pk)
    return Proposal.objects.get(pk=proposal.pk)


def _wait_for(query: str, value: str) -> None:
    """Ask every 2 ms until the query finds a row."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while True:
            cursor.execute(query, [value])
            if cursor.fetchone():
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing came of {value}: see the logs in {settings.STATE_DIR}")
            time.sleep(POLL_SECONDS)


def _end(keeper) -> None:
    keeper.terminate()
    keeper.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
