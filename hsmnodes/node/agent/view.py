"""What operations may see of the node: the facts, without the means to change them."""

from dataclasses import dataclass

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.hearing import Hearing
from hsmnodes.node.agent.journal import Journal
from hsmnodes.node.operations.context import Heard
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import KeyAtStake
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter
from hsmnodes.node.protocol.documents.proposal import NodeAt


@dataclass(frozen=True)
class View:
    """The node as operations see it. Implements `Surroundings`."""

    config: Config
    facts: Facts
    journal: Journal
    hearing: Hearing

    @property
    def node(self) -> Named:
        return self.config.node

    @property
    def identity(self) -> bytes:
        return self.facts.identity

    @property
    def holdings(self) -> Holdings:
        return self.facts.holdings

    @property
    def last_entry(self) -> int:
        return self.journal.head.sequence

    def entries_size(self, first: int, last: int) -> int:
        return self.journal.size(first, last)

    @property
    def slots(self) -> int:
        return self.config.slots

    @property
    def serves_applications(self) -> bool:
        return self.config.endpoint is not None

    def at_stake(self, zone: Named) -> KeyAtStake:
        return self.facts.at_stake(zone, deployment=self.config.deployment, demo=self.config.demo)

    def knows_node(self, node: Named, identity: bytes) -> bool:
        if node.id == self.config.node.id:
            return (node, identity) == (self.config.node, self.facts.identity)
        peer = self.facts.peers.get(node.id)
        return peer is not None and (peer.node, peer.identity) == (node, identity)

    def is_enrolled(self, node: NodeAt) -> bool:
        me, peer = self.config.node, self.facts.peers.get(node.id)
        known = (me, self.facts.identity) if node.id == me.id else None
        if peer is not None:
            known = peer.node, peer.identity
        if known is None:
            return False
        named, identity = known
        return (named.name, canonical.sha256_hex(identity)) == (node.name, node.identity)

    def heard_of(self, node: str) -> Heard | None:
        record = self.hearing.of(node)
        if record is None:
            return None
        said = record.heartbeat
        return Heard(
            at=record.heard_at,
            zones={held.id: held.digest for held in said.zones or ()},
            cluster=said.member_of.id if said.member_of is not None else None,
        )

    def charter(self, kind: AuthorityKind, authority: str) -> Charter:
        return self.facts.charter(kind, authority)

    def charters(self, kind: AuthorityKind, authority: str) -> tuple[Charter, ...]:
        self.facts.charter(kind, authority)  # refuses what is not pinned, or frozen
        return self.facts.chains[kind, authority].charters

    @property
    def provider(self) -> str:
        return self.facts.provider

    def has_begun(self, proposal: str, step: int) -> bool:
        return (proposal, step) in self.facts.intents

    def is_closed(self, proposal_hash: str) -> bool:
        return proposal_hash in self.facts.closed
