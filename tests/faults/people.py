"""What people do at the console's host, each in a fork of the zygote (tests/hsmnodes/pipe/zygote.py)."""

from collections.abc import Sequence
from typing import Any

from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, LEA
from tests.hsmnodes.pipe.parts import Reopened, approve, create_slot, found, hurry
from tests.world.nodes import NodeOfWorld

__all__ = ["approve", "create_slot", "found", "hurry"]

CENTRES = {"ams": "Amsterdam", "fra": "Frankfurt"}


def register(nodes: Sequence[dict[str, str]]) -> list[str]:
    """Nodes are registered, each in its data centre, and their enrolments signed."""
    from hsmnodes import carrier
    from hsmnodes.registering import add_data_centre, register_node

    world = Reopened()
    cleo, found_centres = world.person(CLEO), {}
    for one in nodes:
        centre = one["name"].partition("-")[0]
        if centre not in found_centres:
            found_centres[centre] = add_data_centre(name=CENTRES[centre], by=cleo)
        register_node(
            data_centre=found_centres[centre],
            name=one["name"],
            identity=one["identity"],
            by=cleo,
            node_id=one["id"],
        )
    carrier.declare_queues([one["id"] for one in nodes])
    return [
        world.approve(world.propose_enrolment(NodeOfWorld(one["id"], None)), ADA, BEN).id for one in nodes
    ]


def start_services(nodes: Sequence[str]) -> list[str]:
    """One service is signed, and to be started on every node."""
    world = Reopened()
    first, *others = [NodeOfWorld(node, None) for node in nodes]
    made = world.approve(world.propose_service(first), ADA, BEN, GUS, LEA)
    started = [made]
    for node in others:
        parameters = made.document.parameters
        further = world.propose("service.start/v1", parameters, by=CLEO, nodes=[node])
        started.append(world.approve(further, ADA, BEN, GUS, LEA))
    return [one.id for one in started]


def extend(receiver: str, sender: str) -> str:
    """The extension of the zone to a further node is signed."""
    from hsmnodes.models import Receipt, Slot
    from tenants import charters
    from tenants.models import TrustZone

    world, zone = Reopened(), TrustZone.objects.get()
    to, came_from = NodeOfWorld(receiver, None), NodeOfWorld(sender, None)
    created = Receipt.objects.get(
        proposal=Slot.objects.get(node=sender).proposal, node=sender, outcome="done"
    )
    backup_key = created.results["backup_key"]
    parameters = {
        "slot": {"id": receiver, "name": f"Payments on {to.row.name}"},
        "zone": zone.named().model_dump(),
        "service": zone.service.named().model_dump(),
        "zone_charter": charters.anchor_of(zone.pk),
        "backup_key": "TBK",
        "receiver": to.row.named().model_dump(),
        "sender": came_from.row.named().model_dump(),
        "epoch": 1,
        "kcv": backup_key["kcv"],
        "commitment": backup_key["commitment"],
    }
    proposal = world.propose("zone.extend/v1", parameters, by=CLEO, nodes=[to, came_from])
    return world.approve(proposal, ADA, BEN, DINA, EMIL).id


def propose_keys(nodes: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Keys are proposed for all nodes, each beginning with another; each lacks Fay's signature."""
    from tenants.models import TrustZone

    world, zone = Reopened(), TrustZone.objects.get()
    made = []
    for place, label in enumerate(labels):
        turned = [NodeOfWorld(node, None) for node in _turned(nodes, place)]
        keys = [{"label": label, "algorithm": "ec-p256", "usages": ["sign"]}]
        parameters = {"zone": zone.named().model_dump(), "keys": keys}
        proposal = world.propose("key.generate/v1", parameters, by=DINA, nodes=turned)
        made.append(world.approve(proposal, EMIL).id)
    return made


def _turned(nodes: Sequence[str], by: int) -> list[str]:
    by %= len(nodes)
    return [*nodes[by:], *nodes[:by]]


def admit(application: dict[str, str], request: dict[str, Any], nodes: Sequence[str]) -> str:
    """An application is to be admitted to the zone's first key on all nodes."""
    from hsmnodes.models import Key
    from tenants.models import TrustZone

    world, zone, key = Reopened(), TrustZone.objects.get(), Key.objects.get()
    parameters = {
        "zone": zone.named().model_dump(),
        "application": application,
        **request,
        "keys": [{"id": key.id, "label": key.label, "usages": ["sign"]}],
    }
    at = [NodeOfWorld(node, None) for node in nodes]
    proposal = world.propose("application.admit/v1", parameters, by=DINA, nodes=at)
    return world.approve(proposal, EMIL, FAY).id


def beside(proposal: str) -> list[dict[str, str]]:
    """What came beside each receipt of a proposal, in the order of its steps, by how its name ends."""
    from hsmnodes.models import Receipt
    from hsmnodes.node.protocol import canonical

    receipts = Receipt.objects.filter(proposal=proposal, outcome="done").order_by("step")
    return [
        {one.name.rpartition(".")[2]: canonical.b64u(bytes(one.data)) for one in receipt.attachments.all()}
        for receipt in receipts
    ]


def look() -> dict[str, Any]:
    """What the console has: receipts by node, states of proposals, nodes as they are shown, and alarms."""
    from hsmnodes.models import Node, OutboxMessage, Receipt
    from tenants import log
    from tenants.models import LogEntry, Proposal

    carried = Receipt.objects.exclude(outcome="refused")
    return {
        "receipts": [list(row) for row in carried.values_list("node", "proposal", "step", "outcome", "hash")],
        "states": dict(Proposal.objects.values_list("id", "state")),
        "nodes": {
            node.name: [node.status, node.reported_state, node.whole_reason] for node in Node.objects.all()
        },
        "unsettled": OutboxMessage.objects.filter(settled_at=None).count(),
        "flaws": [str(flaw) for flaw in log.verify()],
        "alarms": list(LogEntry.objects.filter(severity="alarm").values_list("summary", flat=True)),
    }


def amiss(nodes: Sequence[str]) -> list[str]:
    """What is not as it should be: nodes that are not online and ready, and a zone that is not in step."""
    from hsmnodes.comparing import compare
    from hsmnodes.models import Node, NodeStatus
    from tenants.models import TrustZone

    found = [
        f"{node.name}: {node.status} {node.reported_state} {node.whole_reason}"
        for node in Node.objects.filter(pk__in=nodes)
        if node.status != NodeStatus.ONLINE or node.reported_state != "ready"
    ]
    return found + [f"{zone} is not in step" for zone in TrustZone.objects.all() if not compare(zone).in_step]
