"""Witnesses: after a start a node acts only when its peers know no other journal of it than it has.

Each start draws a nonce, and asks the peers what they last saw of this node's journal (its heartbeats). The
node is ready when all of them have answered, or at least half of them (rounded up) once they had some time;
none may know an entry that is not in the journal. A peer that knows one stops the node, whenever it says so.
"""

from dataclasses import dataclass, field

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts, Peer
from hsmnodes.node.agent.journal import BEFORE_ALL, Journal
from hsmnodes.node.agent.store import Store
from hsmnodes.node.protocol.documents.node import (
    Heartbeat,
    JournalHead,
    NodeSigned,
    WitnessRequest,
    WitnessStatement,
)
from hsmnodes.node.protocol.errors import ProposalRefused, SignatureRefused
from hsmnodes.node.protocol.nodesigning import verify
from hsmnodes.node.protocol.purposes import Purpose

HEARTBEATS_OF_PATIENCE = 2


@dataclass
class Testimony:
    """What the peers have said since this start: who agreed, and who knows more than the journal has.

    `in_force` has the hashes of the charters in force on each peer, as its last heartbeat said.
    """

    nonce: str
    began: int
    agreed: set[str] = field(default_factory=set)
    against: str | None = None
    in_force: dict[str, frozenset[str]] = field(default_factory=dict)


class Witnesses:
    """A node's side of witnessing: asking after its own journal, and remembering those of its peers."""

    def __init__(
        self, config: Config, store: Store, journal: Journal, facts: Facts, testimony: Testimony
    ) -> None:
        self._config = config
        self._store = store
        self._journal = journal
        self._facts = facts
        self.testimony = testimony

    def is_satisfied(self, now: int) -> bool:
        """Whether enough peers have answered, and none against."""
        peers, agreed = len(self._facts.peers), len(self.testimony.agreed & self._facts.peers.keys())
        patient = now - self.testimony.began >= HEARTBEATS_OF_PATIENCE * self._config.heartbeat_seconds
        enough = agreed == peers or (patient and agreed >= (peers + 1) // 2)
        return self.testimony.against is None and enough

    def request(self, now: int) -> WitnessRequest:
        """The question for the peers."""
        return WitnessRequest(
            deployment=self._config.deployment, node=self._config.node, nonce=self.testimony.nonce, at=now
        )

    def hear(self, envelope: NodeSigned) -> None:
        """Take a peer's answer. Raises Refused if it is not one to this start's question."""
        peer = self._peer(envelope)
        payload = verify(envelope, identity=peer.identity, purpose=Purpose.WITNESS, node=peer.node.id)
        said = WitnessStatement.from_bytes(payload)
        if (said.deployment, said.by, said.about) != (
            self._config.deployment,
            peer.node,
            self._config.node,
        ) or said.nonce != self.testimony.nonce:
            raise ProposalRefused("other-question", "It is not an answer to what this node has asked.")
        if self._journal.hash_at(said.sequence) == said.hash:
            self.testimony.agreed.add(peer.node.id)
        else:
            self.testimony.against = (
                f"{peer.node.name} has seen entry {said.sequence} of this node's journal that is not in it: "
                "an older state of it was restored."
            )

    def note_heartbeat(self, envelope: NodeSigned) -> Heartbeat:
        """What a peer says, verified; the head of its journal is remembered, as long as it goes forward.

        The head only of a peer that says it is ready: one that has not been witnessed yet, or was found to
        be restored, would otherwise make its peers forget by what they can tell. Raises Refused.
        """
        peer = self._peer(envelope)
        payload = verify(envelope, identity=peer.identity, purpose=Purpose.HEARTBEAT, node=peer.node.id)
        heartbeat = Heartbeat.from_bytes(payload)
        if (heartbeat.deployment, heartbeat.node) != (self._config.deployment, peer.node):
            raise SignatureRefused("wrong-node", "The heartbeat is of another node.")
        if heartbeat.state != "ready":
            return heartbeat
        self.testimony.in_force[peer.node.id] = frozenset(one.hash for one in heartbeat.charters)
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO witnessed VALUES (?, ?, ?) ON CONFLICT (node) DO UPDATE"
                " SET sequence = excluded.sequence, hash = excluded.hash WHERE excluded.sequence > sequence",
                (peer.node.id, heartbeat.journal.sequence, heartbeat.journal.hash),
            )
        return heartbeat

    @property
    def in_force(self) -> frozenset[str]:
        """The hashes of charters that are in force on a peer that is ready."""
        return frozenset().union(*self.testimony.in_force.values())

    def answer(self, envelope: NodeSigned, now: int) -> WitnessStatement:
        """What this node last saw of the journal of the peer that asks. Raises Refused."""
        peer = self._peer(envelope)
        payload = verify(envelope, identity=peer.identity, purpose=Purpose.WITNESS_REQUEST, node=peer.node.id)
        asked = WitnessRequest.from_bytes(payload)
        if (asked.deployment, asked.node) != (self._config.deployment, peer.node):
            raise SignatureRefused("wrong-node", "The question is of another node.")
        head = self._witnessed(peer)
        return WitnessStatement(
            deployment=self._config.deployment,
            by=self._config.node,
            about=peer.node,
            nonce=asked.nonce,
            sequence=head.sequence,
            hash=head.hash,
            at=now,
        )

    def _witnessed(self, peer: Peer) -> JournalHead:
        rows = self._store.rows("SELECT sequence, hash FROM witnessed WHERE node = ?", peer.node.id)
        if not rows:
            return BEFORE_ALL
        sequence, digest = rows[0]
        return JournalHead.model_validate({"sequence": sequence, "hash": digest})

    def _peer(self, envelope: NodeSigned) -> Peer:
        peer = self._facts.peers.get(envelope.node)
        if peer is None:
            raise SignatureRefused("unknown-peer", "The node is not a known peer.")
        return peer
