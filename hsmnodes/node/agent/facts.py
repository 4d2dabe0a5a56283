"""What a node knows, all derived from its journal: charters, holdings, peers, what was done or closed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.journal import Entry, Key
from hsmnodes.node.agent.links import Chain, OfferedLink, Place
from hsmnodes.node.operations.base import NodeOperation
from hsmnodes.node.operations.holdings import Holdings, Suspended
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import KeyAtStake
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.ceremonies import Ceremony, Contribution
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter
from hsmnodes.node.protocol.documents.node import NodeSigned, Outcome, Receipt
from hsmnodes.node.protocol.documents.proposal import AuthorityAt, Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.documents.suspensions import Suspension
from hsmnodes.node.protocol.errors import ProposalRefused

NO_RECEIPT = (0, "0" * 64)


@dataclass(frozen=True)
class Peer:
    """Another node of the provider, with its identity key's point (65 bytes).

    `enrolled_from` is when its enrolment began to be good, in seconds since 1970; 0 if that is not known.
    """

    node: Named
    identity: bytes
    enrolled_from: int = 0


@dataclass(frozen=True)
class Intent:
    """What the node set out to do: the proposal's hash, the warrant's bytes, the receipts it came with."""

    proposal_hash: str
    warrant: bytes
    receipts: tuple[bytes, ...] = ()


@dataclass
class Gathering:
    """A ceremony: the node's signed question, the warrant it is for, and what was contributed, by index."""

    envelope: bytes
    ceremony: Ceremony
    warrant: bytes
    contributions: dict[int, Contribution] = field(default_factory=dict)


@dataclass
class Facts:
    """The state of a node. `take` is the only way it changes.

    `announced` has for each proposal that must wait, by its hash, when the node was first shown that enough
    had signed. `begun` has the hash of each proposal of which a step was begun, with a ceremony or the act
    itself, by id. `superseded` says of each charter that has a successor, by its hash, since when nothing is
    begun under it.
    """

    identity: bytes = b""
    provider: str = ""
    chains: dict[Place, Chain] = field(default_factory=dict)
    superseded: dict[str, int] = field(default_factory=dict)
    holdings: Holdings = field(default_factory=Holdings)
    peers: dict[str, Peer] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)
    gatherings: dict[Key, Gathering] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    intents: dict[Key, str] = field(default_factory=dict)
    open_intents: dict[Key, Intent] = field(default_factory=dict)
    outcomes: dict[Key, bytes] = field(default_factory=dict)
    last_receipt: tuple[int, str] = NO_RECEIPT
    last_at: int = 0

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Facts":
        """What the entries of a whole journal say."""
        facts = cls()
        for entry in entries:
            facts.take(entry)
        return facts

    def take(self, entry: Entry) -> None:
        """Learn what a new entry says. Raises NodeError if it cannot be understood."""
        self.last_at = entry.at
        match entry.kind:
            case "begun":
                self.identity = canonical.b64u_decode(entry.body["identity"])
            case "charter":
                self._take_charter(canonical.b64u_decode(entry.body["link"]), entry.at)
            case "frozen":
                place = OfferedLink.read(canonical.b64u_decode(entry.body["link"])).place
                self.chains[place] = replace(self.chains[place], frozen=True)
            case "closed":
                self.closed[entry.body["proposal_hash"]] = entry.body["how"]
            case "announced":
                self.announced.setdefault(entry.body["proposal_hash"], entry.body["at"])
            case "suspended":
                self._take_suspension(Suspension.from_bytes(canonical.b64u_decode(entry.body["suspension"])))
            case "peer":
                peer = Named(**entry.body["node"])
                identity = canonical.b64u_decode(entry.body["identity"])
                self.peers[peer.id] = Peer(peer, identity, entry.body.get("enrolled_from", 0))
            case "ceremony":
                self._take_ceremony(entry.body)
            case "contribution":
                contribution = Contribution.from_bytes(canonical.b64u_decode(entry.body["contribution"]))
                gathering = self.gatherings[entry.body["proposal"], entry.body["step"]]
                gathering.contributions[contribution.index] = contribution
            case "intent":
                self._take_intent(entry.body)
            case "outcome":
                self._take_outcome(entry.body)

    def charter(self, kind: AuthorityKind, authority: str) -> Charter:
        """The charter in force of an authority. Raises ProposalRefused if it is not pinned, or frozen."""
        chain = self.chains.get((kind, authority))
        if chain is None:
            raise ProposalRefused("not-pinned", f"This node knows no charter of that {kind.value}.")
        if chain.frozen:
            raise ProposalRefused(
                "frozen",
                f"{chain.current.authority.name} is frozen: two valid charters follow one and the same.",
            )
        return chain.current

    def suspended_after(self, charter: Charter) -> frozenset[str]:
        """The tokens that do not count for what follows on a version of a charter.

        Those of its own suspended since, and whatever the organisations of its people have suspended.
        """
        authority = charter.authority.id
        others = {person.organisation.id for person in charter.people} - {authority}
        own = self.holdings.suspended_in([authority], since=charter.version)
        found = own | self.holdings.suspended_in(others)
        return self._same_tokens(found, {authority, *others}, [charter])

    def suspended_under(self, *charters: Charter) -> frozenset[str]:
        """The tokens that do not count where these charters consent.

        Those that they suspend, or the organisations of their people.
        """
        concerned = {person.organisation.id for one in charters for person in one.people}
        concerned |= {one.authority.id for one in charters}
        return self._same_tokens(self.holdings.suspended_in(concerned), concerned, charters)

    def _same_tokens(
        self, credentials: frozenset[str], of: Collection[str], charters: Iterable[Charter]
    ) -> frozenset[str]:
        """Credential ids in charters `of` authorities, and those that the same tokens have in `charters`.

        No signature covers a credential id: a token could have another one in each charter.
        """
        if not credentials:
            return credentials
        keys = {
            charter.by_credential[one][1].public_key
            for (_, authority), chain in self.chains.items()
            if authority in of
            for charter in chain.charters
            for one in credentials & charter.by_credential.keys()
        }
        same = (token for charter in charters for _, token in charter.by_credential.values())
        return credentials | {token.credential_id for token in same if token.public_key in keys}

    def contributors(self, key: Key) -> frozenset[str]:
        """The ids of those who have given a share for a step of a proposal."""
        known = self.gatherings.get(key)
        return frozenset(one.person.id for one in known.contributions.values()) if known else frozenset()

    def version_of(self, authority: AuthorityAt) -> Charter:
        """The version of a pinned charter that a proposal names. Raises ProposalRefused."""
        chain = self.chains.get((authority.kind, authority.id))
        for charter in chain.charters if chain else ():
            if charter.sha256 == authority.hash:
                return charter
        raise ProposalRefused("not-pinned", f"This node knows no such charter of {authority.name}.")

    def at_stake(self, zone: Named, *, deployment: str, demo: bool) -> KeyAtStake:
        """The backup key of a zone that has its slot here, as the shares of it speak of it."""
        slot = self.holdings.slots[zone.id]
        return KeyAtStake(
            deployment=deployment,
            demo=demo,
            zone=zone,
            provider_founding=self.chains[AuthorityKind.PROVIDER, self.provider].anchor,
            zone_founding=self.chains[AuthorityKind.ZONE, zone.id].anchor,
            backup_key=slot.backup_key,
            epoch=slot.epoch,
            kcv=slot.kcv,
        )

    def _take_charter(self, raw: bytes, at: int) -> None:
        one = OfferedLink.read(raw)
        chain = self.chains.get(one.place)
        if chain is not None:
            latest = one.in_force_by(chain.current)
            self.superseded[chain.current.sha256] = at if latest is None else min(at, latest)
        self.chains[one.place] = (
            Chain((one.charter,), (raw,)) if chain is None else chain.then(one.charter, raw)
        )
        if one.place[0] is AuthorityKind.PROVIDER:
            self.provider = one.place[1]

    def _take_suspension(self, suspension: Suspension) -> None:
        if suspension.is_of_application:
            of = suspension.stated_of_application
            self.holdings.suspend_application(of.authority.id, of.application.id, of.sha256)
            return
        stated = suspension.stated
        how = Suspended(stated.authority.version, stated.sha256, stated.by.id)
        self.holdings.suspend(stated.authority.id, stated.credential_id, how)

    def _take_ceremony(self, body: Mapping[str, Any]) -> None:
        envelope = canonical.b64u_decode(body["ceremony"])
        ceremony = Ceremony.from_bytes(NodeSigned.from_bytes(envelope).payload_bytes)
        warrant = canonical.b64u_decode(body["warrant"])
        self.gatherings[body["proposal"], body["step"]] = Gathering(envelope, ceremony, warrant)
        self.begun[body["proposal"]] = ceremony.proposal_hash

    def _take_intent(self, body: Mapping[str, Any]) -> None:
        key = (body["proposal"], body["step"])
        self.intents[key] = self.begun[body["proposal"]] = body["proposal_hash"]
        receipts = tuple(canonical.b64u_decode(one) for one in body.get("receipts", ()))
        self.open_intents[key] = Intent(
            body["proposal_hash"], canonical.b64u_decode(body["warrant"]), receipts
        )

    def _take_outcome(self, body: Mapping[str, Any]) -> None:
        key = (body["proposal"], body["step"])
        intent = self.open_intents.pop(key)
        raw = canonical.b64u_decode(body["receipt"])
        receipt = Receipt.from_bytes(raw)
        self.outcomes[key] = raw
        self.last_receipt = (receipt.sequence, receipt.sha256)
        if receipt.outcome is Outcome.DONE:
            proposal = Proposal.from_bytes(Warrant.from_bytes(intent.warrant).proposal_bytes)
            done = operation(proposal.operation)
            if not isinstance(done, NodeOperation):
                raise NodeError(
                    f"The journal says that {proposal.operation} was carried out, which no node does."
                )
            self.holdings.proposal = proposal.proposal
            self.holdings.at = min([receipt.at, *(Receipt.from_bytes(one).at for one in intent.receipts)])
            if done.steps(len(proposal.nodes))[receipt.step].record:
                done.record(done.read(proposal.parameters), receipt.results, self.holdings)
