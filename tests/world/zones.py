"""Zones with all that several tests begin with."""

from tenants.models import TrustZone
from tests.cast.people import DINA, EMIL, FAY
from tests.world.backups import without_backups
from tests.world.nodes import NodeOfWorld
from tests.world.world import World


def split_zone(world: World, node: NodeOfWorld) -> TrustZone:
    """A zone of custodians with its slot on `node`, whose backup key is split into three shares."""
    zone = world.zone_of_custodians(world.service(node))
    world.slot(zone, node)
    world.shares(zone, node)
    return zone


def with_two_keys(world: World, node: NodeOfWorld) -> TrustZone:
    """A zone with two keys on `node`, of which nothing is backed up any more."""
    zone = world.ready_zone(node)
    keys = [{"label": label, "algorithm": "ec-p256", "usages": ["sign"]} for label in ("cards", "transfers")]
    made = world.propose(
        "key.generate/v1", {"zone": zone.named().model_dump(), "keys": keys}, by=DINA, nodes=[node]
    )
    world.approve(made, EMIL, FAY)
    node.answer(made, results=node.key_results(made))
    without_backups()
    return zone
