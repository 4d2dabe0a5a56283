"""What a node does with each kind of message."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from hsmnodes.node.agent.chains import announcing_draft, draft_of, read_links, walk
from hsmnodes.node.agent.closing import check_cancellation, closing_draft
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.links import OfferedLink
from hsmnodes.node.agent.messages import (
    CancellationMessage,
    ChartersMessage,
    ContributionMessage,
    FromNode,
    HeartbeatMessage,
    PeerMessage,
    SuspensionMessage,
    ToNode,
    WarrantMessage,
    WitnessMessage,
    WitnessRequestMessage,
    decode,
)
from hsmnodes.node.agent.parts import Parts
from hsmnodes.node.agent.peers import learn_peer
from hsmnodes.node.agent.suspending import suspension_draft
from hsmnodes.node.agent.verify import PartsMissing, ProposalClosed
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_founding
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Cancellation, Warrant
from hsmnodes.node.protocol.documents.suspensions import Suspension
from hsmnodes.node.protocol.errors import Delayed, ProposalRefused, Refused
from hsmnodes.node.protocol.purposes import Purpose


class NotYet(Exception):
    """The message must wait until the node may act."""


@dataclass(frozen=True)
class Handlers:
    """Handles messages with the parts of one node. Methods raise Refused, NotYet, DriverError, NodeError."""

    parts: Parts

    def handle(self, message: ToNode) -> list[FromNode]:
        """Do what a message asks for, and answer it."""
        match message:
            case WarrantMessage():
                return self._warrant(message)
            case ChartersMessage():
                _, problems = self._charters(message.charters)
                if problems:
                    raise problems[0]
            case PeerMessage():
                self._peer(message)
            case HeartbeatMessage():
                heartbeat = self.parts.witnesses.note_heartbeat(message.envelope)
                self.parts.hearing.note(heartbeat, self.parts.clock.now())
            case WitnessRequestMessage():
                return self._witness_request(message)
            case WitnessMessage():
                self.parts.witnesses.hear(message.envelope)
            case CancellationMessage():
                self._cancellation(message)
            case SuspensionMessage():
                self._suspension(message)
            case ContributionMessage():
                return self._contribution(message)
        return []

    def _warrant(self, message: WarrantMessage) -> list[FromNode]:
        raw = decode(message.warrant)
        warrant = Warrant.from_bytes(raw)
        proposal = Proposal.from_bytes(warrant.proposal_bytes)
        try:
            return self._decide(message, warrant, proposal)
        except Refused as refused:
            if isinstance(refused, ProposalClosed) and refused.counts_here:
                self.parts.ledger.write([closing_draft(proposal, refused.closed, raw)])
            # A step that follows on others counts from the proposal's own time: that is no announcement here.
            if isinstance(refused, Delayed) and refused.proposal == proposal.sha256 and not message.receipts:
                self._announce(proposal, refused)
            return self.parts.refusals.refuse(
                raw,
                refused,
                now=self.parts.clock.now(),
                proposal=proposal,
                step=message.step,
                facts=self.parts.ledger.facts,
            )

    def _announce(self, proposal: Proposal, delayed: Delayed) -> None:
        """Note, once, since when a proposal waits that nothing else speaks against."""
        if proposal.sha256 not in self.parts.ledger.facts.announced:
            self.parts.ledger.write([announcing_draft(proposal, delayed.announced_at)])

    def _decide(self, message: WarrantMessage, warrant: Warrant, proposal: Proposal) -> list[FromNode]:
        """Answer what was done before, hold what is too early, and carry out what is verified."""
        facts, key = self.parts.ledger.facts, (proposal.proposal, message.step)
        if facts.begun.get(proposal.proposal) not in (None, proposal.sha256):
            raise ProposalRefused("other-bytes", "Another proposal with this id was carried out.")
        if key in facts.outcomes:
            return self.parts.executor.repeat(key)
        now = self._now_if_ready()
        if key in facts.open_intents:
            raise NotYet
        offered, problems = self._charters(message.charters)
        self._take_suspensions(message.suspensions)
        waiting = self.parts.enclosures.waiting(key)
        try:
            verified = self.parts.verifier.verify(
                warrant,
                proposal,
                step=message.step,
                offered=offered,
                now=now,
                receipts=message.receipts,
                enclosures=[*waiting.values(), *map(decode, message.enclosures)],
            )
        except PartsMissing as missing:
            self.parts.enclosures.put_aside(key, missing.came, now=now)
            if message.more:
                return []
            raise
        except ProposalRefused as refused:
            if refused.code == "other-charter" and problems:
                raise problems[0] from None
            raise
        if verified.operation.gathers and not self.parts.ceremonies.is_complete(key):
            return [self.parts.ceremonies.question(verified, self.parts.verifier.view)]
        return self.parts.executor.carry_out(verified)

    def _now_if_ready(self) -> int:
        """The time, in seconds since 1970. Raises NotYet, or Refused if the node may do nothing at all.

        Raises NodeError if there is no room: that is no answer, and so what was asked for is asked for again.
        """
        now = self.parts.clock.now()
        if self.parts.readiness.against is not None:
            raise ProposalRefused("rewound", self.parts.readiness.reason(now))
        if (lack := self.parts.readiness.room.lack) is not None:
            raise NodeError(lack)
        if self.parts.readiness.state(now) != "ready":
            raise NotYet
        return now

    def _contribution(self, message: ContributionMessage) -> list[FromNode]:
        """Answer a contribution; with the last of them, verify the warrant once more and carry it out."""
        self._now_if_ready()
        key, answer = self.parts.ceremonies.take(message)
        if not self.parts.ceremonies.is_complete(key) or key in self.parts.ledger.facts.outcomes:
            return [answer]
        warrant = canonical.b64u(self.parts.ledger.facts.gatherings[key].warrant)
        return [answer, *self._warrant(WarrantMessage(step=key[1], warrant=warrant))]

    def _charters(self, blobs: Sequence[str]) -> tuple[list[OfferedLink], list[Refused]]:
        """Walk the pinned chains along the charters that came and are news; those, and what was wrong."""
        facts = self.parts.ledger.facts
        known = {link for chain in facts.chains.values() for link in chain.links}
        offered = read_links([raw for raw in map(decode, blobs) if raw not in known])
        self._pin_provider(offered)
        found = walk(
            facts.chains,
            offered,
            frozenset(facts.closed),
            now=self.parts.clock.now(),
            announced=facts.announced,
            suspended=facts.suspended_after,
            elsewhere=self.parts.witnesses.in_force,
        )
        self.parts.ledger.write(found.drafts)
        return offered, found.refused

    def _pin_provider(self, offered: Sequence[OfferedLink]) -> None:
        """Take the provider's founding charter that was pinned by its hash when the node was made."""
        config = self.parts.config
        if self.parts.ledger.facts.provider:
            return
        for one in offered:
            if one.charter.sha256 == config.provider_founding and one.place[0] is AuthorityKind.PROVIDER:
                verify_founding(one.link, deployment=config.deployment, demo=config.demo)
                self.parts.ledger.write([draft_of(one.raw)])
                return

    def _peer(self, message: PeerMessage) -> None:
        self._charters(message.charters)
        warrant = Warrant.from_bytes(decode(message.warrant))
        proposal = Proposal.from_bytes(warrant.proposal_bytes)
        draft = learn_peer(self.parts.config, self.parts.ledger.facts, warrant, proposal)
        self.parts.ledger.write([draft] if draft is not None else [])

    def _cancellation(self, message: CancellationMessage) -> None:
        proposal = Proposal.from_bytes(decode(message.proposal))
        cancellation = Cancellation.from_bytes(decode(message.cancellation))
        coming = Charter.from_bytes(decode(message.coming)) if message.coming is not None else None
        draft = check_cancellation(
            self.parts.ledger.facts, proposal, cancellation, message.request, coming=coming
        )
        self.parts.ledger.write([draft] if draft is not None else [])

    def _suspension(self, message: SuspensionMessage) -> None:
        self._charters(message.charters)
        self._suspend(message.suspension)

    def _take_suspensions(self, suspensions: Sequence[str]) -> None:
        """Take those that came with a warrant; one that does not hold here says nothing about the warrant."""
        for one in suspensions:
            with suppress(Refused):
                self._suspend(one)

    def _suspend(self, blob: str) -> None:
        suspension = Suspension.from_bytes(decode(blob))
        draft = suspension_draft(self.parts.ledger.facts, suspension)
        self.parts.ledger.write([draft] if draft is not None else [])

    def _witness_request(self, message: WitnessRequestMessage) -> list[FromNode]:
        now = self.parts.clock.now()
        if self.parts.readiness.against is not None:
            raise ProposalRefused("rewound", "A node whose own state was restored is no witness.")
        statement = self.parts.witnesses.answer(message.envelope, now)
        return [FromNode(kind="witness", envelope=self.parts.identity.sign(Purpose.WITNESS, statement))]
