"""A zone whose rule for making keys says everything that a rule can say, and a proposal that waits."""

from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol.documents import AuthorityKind, Clause, Role, TokenRules
from tenants import clock
from tenants.charter_drafts import Terms
from tenants.models import Proposal, Service, TrustZone
from tests.cast.makers import CARD
from tests.cast.people import EMIL, FAY
from tests.world.nodes import NodeOfWorld
from tests.world.world import World

DAY = 86_400
GENERATE = "key.generate/v1"
HOURS = "Monday to Friday, 8:00 to 18:00 in Frankfurt"
TOKENS = TokenRules(backup_eligible="forbidden", models_blocked=(CARD,))
MORE = {"delay": 2 * DAY, "lifetime": DAY, "hours": HOURS}


def zone_in_full(
    world: World, service: Service, node: NodeOfWorld, *, name: str = "Vault", slot: str = "Slot of Vault"
) -> TrustZone:
    """Keys are made by two key managers, or one and a custodian, after two days."""
    asked = ((Role.KEY_MANAGER, 1), (Role.CUSTODIAN, 1))
    other = tuple(Clause(role=role, group=None, m=m) for role, m in asked)
    rules = tuple(
        one.model_copy(update={"alternatives": (other,), **MORE}) if one.operation == GENERATE else one
        for one in default_rules(AuthorityKind.ZONE)
    )
    roles = (Role.CUSTODIAN, Role.KEY_MANAGER)
    zone = world.zone(service, name=name, terms=Terms(rules=rules, token_rules=TOKENS), roles=roles)
    world.slot(zone, node, name=slot)
    return zone


def waiting(world: World, zone: TrustZone, node: NodeOfWorld) -> Proposal:
    """Keys that enough have signed, and the node has answered that it waits."""
    proposal = world.approve(world.propose_key(zone, node), EMIL, FAY)
    now = clock.unix_now()
    results = {"announced_at": now, "due_at": now + 2 * DAY}
    node.answer(proposal, outcome="refused", code="delayed", results=results, detail="It must wait.")
    return Proposal.objects.get(pk=proposal.pk)
