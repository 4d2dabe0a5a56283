"""What a fork of the zygote can be: the console's worker, a node, or people at the console.

A `moment` is when it is to die (tests/hsmnodes/pipe/moments.py), or None.
"""

from typing import Any

from django.core.management import call_command

from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, LEA, MERIDIAN, NORTHGATE
from tests.hsmnodes.pipe import moments
from tests.world.nodes import NodeOfWorld
from tests.world.world import MEMBERS, World


class Reopened(World):
    """The world that is in the database already."""

    def __init__(self) -> None:
        from tenants.models import Organisation, Token

        for token in Token.objects.all():  # their counters go on where they were
            MEMBERS[token.person_id].key.counter = token.counter
        self.northgate = Organisation.objects.get(pk=NORTHGATE.id)
        self.meridian = Organisation.objects.get(pk=MERIDIAN.id)


def worker(words: list[str], moment: str | None) -> None:
    """The console's worker, by its own command line."""
    from console.celery import app

    if moment is not None:
        moments.WORKER[moment]()
    app.worker_main(words)


def node(config: str, moment: str | None) -> None:
    """`quorate-node run`."""
    from hsmnodes.node.agent import cli
    from hsmnodes.node.agent.commands import run

    plain = run.Node

    def armed(*arguments: Any) -> Any:
        made = plain(*arguments)
        if moment is not None:
            moments.NODE[moment](made)
        return made

    run.Node = armed
    cli.main(["run", "--config", config])


def found() -> str:
    """An empty database becomes the cast's; the hash of the provider's founding charter."""
    from tenants import charters

    call_command("migrate", verbosity=0, interactive=False)
    return str(charters.anchor_of(World().northgate.id))


def enrol(node_id: str, name: str, identity: str) -> str:
    """A node is registered and its enrolment signed."""
    from hsmnodes import carrier
    from hsmnodes.registering import add_data_centre, register_node

    world = Reopened()
    cleo = world.person(CLEO)
    centre = add_data_centre(name="Amsterdam", by=cleo)
    register_node(data_centre=centre, name=name, identity=identity, by=cleo, node_id=node_id)
    carrier.declare_queues([node_id])
    return world.approve(world.propose_enrolment(NodeOfWorld(node_id, None)), ADA, BEN).id


def start_service(node_id: str) -> str:
    """A service is signed."""
    world = Reopened()
    return world.approve(world.propose_service(NodeOfWorld(node_id, None)), ADA, BEN, GUS, LEA).id


def create_slot(node_id: str) -> str:
    """A zone is founded and its slot signed."""
    from tenants.models import Service

    world = Reopened()
    zone = world.zone(Service.objects.get())
    return world.approve(world.propose_slot(zone, NodeOfWorld(node_id, None)), ADA, BEN, DINA, EMIL).id


def propose_keys(node_id: str, first: int, count: int) -> list[str]:
    """Keys are proposed; each lacks Fay's signature."""
    from tenants.models import TrustZone

    world, here, zone = Reopened(), NodeOfWorld(node_id, None), TrustZone.objects.get()
    return [
        world.approve(world.propose_key(zone, here, label=f"key {number}"), EMIL).id
        for number in range(first, first + count)
    ]


def approve(proposal: str, moment: str | None) -> None:
    """Fay gives the last signature."""
    from tenants.models import Proposal

    if moment is not None:
        moments.PEOPLE[moment]()
    Reopened().approve(Proposal.objects.get(pk=proposal), FAY)


def hurry() -> None:
    """Time goes on until everything in the outbox is due."""
    from hsmnodes.models import OutboxMessage
    from tenants import clock

    OutboxMessage.objects.filter(settled_at=None).update(next_at=clock.now(), attempts=0)


def look() -> dict[str, Any]:
    """What the console has in the end."""
    from hsmnodes.models import Key, OutboxMessage, Receipt
    from tenants import log
    from tenants.models import LogEntry

    return {
        "receipts": sorted(Receipt.objects.values_list("hash", flat=True)),
        "keys": sorted(Key.objects.values_list("id", flat=True)),
        "unsettled": OutboxMessage.objects.filter(settled_at=None).count(),
        "flaws": [str(flaw) for flaw in log.verify()],
        "alarms": list(LogEntry.objects.filter(severity="alarm").values_list("summary", flat=True)),
    }
