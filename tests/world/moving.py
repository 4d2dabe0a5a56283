"""A zone on its way to a further node, as the console hears of it step by step."""

from hsmnodes.models import Key
from hsmnodes.node.protocol import canonical
from tenants import charters
from tenants.models import Proposal, TrustZone
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, GUS, LEA
from tests.world.nodes import KCV, NodeOfWorld, attachment
from tests.world.world import World

SLOT = {"id": "5" * 32, "name": "Payments on fra-1"}


def place_service(world, zone, node):
    """The zone's service, started on another node."""
    service = zone.service
    parameters = {
        "service": service.named().model_dump(),
        "mode": service.mode,
        "customer": service.customer.named().model_dump(),
        "customer_founding": charters.anchor_of(service.customer_id),
    }
    proposal = world.propose("service.start/v1", parameters, by=CLEO, nodes=[node])
    proposal = world.approve(proposal, ADA, BEN, GUS, LEA)
    node.answer(proposal)


def extend(world: World, zone: TrustZone, receiver: NodeOfWorld, sender: NodeOfWorld) -> Proposal:
    """An authorised extension of the zone."""
    place_service(world, zone, receiver)
    parameters = {
        "slot": SLOT,
        "zone": zone.named().model_dump(),
        "service": zone.service.named().model_dump(),
        "zone_charter": charters.anchor_of(zone.pk),
        "backup_key": "TBK",
        "receiver": receiver.row.named().model_dump(),
        "sender": sender.row.named().model_dump(),
        "epoch": 1,
        "kcv": KCV,
        "commitment": "c" * 64,
    }
    proposal = world.propose("zone.extend/v1", parameters, by=CLEO, nodes=[receiver, sender])
    return world.approve(proposal, ADA, BEN, DINA, EMIL)


def offer(proposal, node):
    """What the receiver answers first."""
    node.answer(proposal, results={"one_time_key": canonical.b64u(bytes(32))}, step=0)


def send(proposal, node):
    """What the sender answers: a box and a backup of the zone's keys."""
    box = attachment(b"a sealed backup key", name="backup-key.sealed")
    archive = node.archive(proposal, Key.objects.filter(zone=proposal.zone))
    results = {
        "backup_key": {"kind": "TBK", "epoch": 1, "kcv": KCV, "id": "b" * 32},
        "sealed_sha256": box.sha256,
        "archive_sha256": archive.sha256,
        "share_set": None,
        "destroyed": [],
    }
    beside = [box, attachment(archive.data, name=f"{proposal.id}.backup")]
    node.answer(proposal, results=results, step=1, attachments=beside)


def install(proposal, node):
    """What the receiver answers in the end."""
    results = {
        "slot": SLOT["id"],
        "zone": proposal.zone_id,
        "backup_key": {"kind": "TBK", "epoch": 1, "kcv": KCV, "id": "b" * 32},
        "share_set": None,
        "keys": [
            {"id": key.pk, "label": key.label, "algorithm": key.algorithm, "usages": key.usages}
            for key in Key.objects.filter(zone=proposal.zone)
        ],
    }
    node.answer(proposal, results=results, step=2)


def extended(world: World, zone: TrustZone, receiver: NodeOfWorld, sender: NodeOfWorld) -> Proposal:
    """The zone, extended, with the keys that it has."""
    proposal = extend(world, zone, receiver, sender)
    offer(proposal, receiver)
    send(proposal, sender)
    install(proposal, receiver)
    return Proposal.objects.get(pk=proposal.pk)
