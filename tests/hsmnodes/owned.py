"""A console whose owner is the attacker: its real database and workflow, before a node that counts HSM calls.

The node is the agent itself with counting drivers; it is given whatever the console's database or the broker
holds. The people and their tokens are the cast's; the attacker has only keys of their own.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hsmnodes import dispatch, incoming, outbox
from hsmnodes.models import Node, OutboxMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Receipt
from hsmnodes.registering import add_data_centre, register_node
from tenants import charters
from tenants.models import Proposal, Service, TrustZone
from tenants.warrants import assemble_warrant
from tests.cast.deployment import Deployment
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, GUS, LEA
from tests.hsmnodes.node.agent.making import CountingDrivers, Site
from tests.world.broker import NoBroker
from tests.world.nodes import NodeOfWorld
from tests.world.world import World


@dataclass(frozen=True)
class Done:
    """What the node has done: HSM calls but for signing what it says, intents, journal, holdings."""

    acts: int
    intents: frozenset
    head: object
    holdings: str


class Owned:
    """The console, its broker, and an enrolled node with a service, and a slot for the zone Payments."""

    def __init__(self, folder: Path, world: World, broker: NoBroker) -> None:
        self.world, self.broker = world, broker
        provider = charters.anchor_of(world.northgate.id)
        options = {"drivers": CountingDrivers, "provider_founding": provider, "start": False}
        self.site = Site(folder, Deployment(), **options)
        self.site.clock = time.time
        self.site.start()
        self.node = self._register()
        # A node that the console knows, and that is not this one.
        self.elsewhere = NodeOfWorld.register("fra-1", by=world.person(CLEO))
        self.enrolment = self.do(world.propose_enrolment(self.node), ADA, BEN)
        started = self.do(world.propose_service(self.node), ADA, BEN, GUS, LEA)
        self.service = Service.objects.get(pk=started.document.parameters["service"]["id"])
        self.zone: TrustZone = world.zone(self.service)
        self.do(world.propose_slot(self.zone, self.node), ADA, BEN, DINA, EMIL)

    def do(self, proposal: Proposal, *approvers: object) -> Proposal:
        """Have a proposal approved and carried out, as it should be."""
        self.world.approve(proposal, *approvers)
        self.carry()
        proposal = Proposal.objects.get(pk=proposal.pk)
        assert proposal.state == "done", (proposal.state, proposal.detail)
        return proposal

    def key(self, label: str, *, node: NodeOfWorld | None = None) -> Proposal:
        """Dina's proposal of a key, which nobody has approved."""
        return self.world.propose_key(self.zone, node or self.node, label=label)

    @property
    def done(self) -> Done:
        """What the node has done so far."""
        facts, site = self.site.facts, self.site
        return Done(site.pool.acts, frozenset(facts.intents), site.head, repr(facts.holdings))

    # -------------------------------------------------------------- what its owner does

    def flip(self, proposal: Proposal) -> list[Receipt]:
        """Call a proposal authorised, with the signatures that are in the database, and send it."""
        Proposal.objects.filter(pk=proposal.pk).update(
            state="authorised", warrant=assemble_warrant(proposal).raw, seats_filled=proposal.seats
        )
        dispatch.send_warrant(Proposal.objects.get(pk=proposal.pk))
        return self.carry()

    def put_in_queue(self, texts: Iterable[str]) -> list[Receipt]:
        """Put messages into the node's queue, past the console; the receipts that come back."""
        receipts = []
        for text in texts:
            for said in self.site.node.deliver(text).said:
                incoming.receive(said.text())
                receipts.append(self.site.read(said))
        return receipts

    def carry(self) -> list[Receipt]:
        """Sweep, deliver what the broker holds for the node, and take the answers to the console."""
        OutboxMessage.objects.filter(settled_at=None, sent_at=None).update(attempts=0)
        outbox.sweep()
        held, self.broker.sent[:] = list(self.broker.sent), []
        return self.put_in_queue(message.text() for node, message in held if node == self.node.id)

    # -------------------------------------------------------------- how it is made

    def _register(self) -> NodeOfWorld:
        cleo, config = self.world.person(CLEO), self.site.config
        row: Node = register_node(
            data_centre=add_data_centre(name="Amsterdam", by=cleo),
            name=config.node.name,
            identity=canonical.b64u(self.site.at.identity),
            by=cleo,
            node_id=config.node.id,
        )
        return NodeOfWorld(row.id, key=None)
