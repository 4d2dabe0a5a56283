"""Whether a warrant is one that this node must carry out: the whole of the decision, without an effect.

It reads the warrant, the node's own facts, the charters that came along, and the time, and nothing else. It
returns a `VerifiedWarrant`, which nothing but this module can make, or raises `Refused`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hsmnodes.node.agent.chains import Chain, OfferedLink, candidate
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts, Intent
from hsmnodes.node.agent.view import View
from hsmnodes.node.operations.base import NodeOperation, Request
from hsmnodes.node.operations.node.enrol import operation as enrol_node
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import conflicts
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter
from hsmnodes.node.protocol.documents.proposal import NodeAt, Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.quorum import Closed, Consent, Signatures, Verdict, evaluate, tally
from hsmnodes.node.protocol.signers import find_signers

_SEAL = object()


class ProposalClosed(ProposalRefused):
    """Someone eligible rejected or cancelled the proposal, and the warrant itself says so.

    `counts_here` is whether anyone whose charter is pinned has signed it: only then is it for the journal.
    Strangers can found a charter of their own, propose under it and reject, as often as they like.
    """

    def __init__(self, closed: Closed, *, counts_here: bool) -> None:
        super().__init__("closed", f"{closed.person} {closed.kind} it: {closed.reason}")
        self.closed = closed
        self.counts_here = counts_here


@dataclass(frozen=True)
class VerifiedWarrant:
    """A warrant that was verified. `pins` are the charters that come to be pinned with it."""

    raw: bytes
    step: int
    operation: NodeOperation[Any]
    request: Request[Any]
    pins: tuple[Chain, ...] = ()
    seal: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only the verifier makes a VerifiedWarrant")

    @property
    def proposal(self) -> Proposal:
        """The proposal that was authorised."""
        return self.request.proposal

    @property
    def key(self) -> tuple[str, int]:
        """What the journal knows it by: (proposal, step)."""
        return self.proposal.proposal, self.step


@dataclass(frozen=True)
class Verifier:
    """Verifies for one node, in the state it is in."""

    config: Config
    view: View

    @property
    def facts(self) -> Facts:
        """What the node knows."""
        return self.view.facts

    def verify(
        self,
        warrant: Warrant,
        proposal: Proposal,
        *,
        step: int,
        offered: Sequence[OfferedLink],
        now: int,
        enclosure: bytes = b"",
    ) -> VerifiedWarrant:
        """Decide about `warrant`, whose proposal is `proposal`, at the time `now` in seconds since 1970.

        `offered` are the charters that came along, `enclosure` what else did. Raises Refused with the first
        reason against it.
        """
        self._check_address(proposal, step)
        found = self._operation(proposal)
        parameters = found.read(proposal.parameters)
        consent = found.consent_for(parameters)
        charters, pins = self._charters(found, parameters, consent, offered, now)
        signatures = Signatures.of(warrant)
        verdict = evaluate(list(charters.values()), proposal, signatures, consent=consent, now=now)
        if verdict.closed is not None:
            new = {chain.current.sha256 for chain in pins}
            pinned = [charter for charter in charters.values() if charter.sha256 not in new]
            raise ProposalClosed(verdict.closed, counts_here=_is_signed_under(pinned, proposal, signatures))
        if not verdict.authorised:
            raise _refusal(verdict)
        self._check_separation(charters)
        evidence = tuple(canonical.b64u_decode(one) for one in warrant.evidence)
        enclosed = _enclosed(found, parameters, enclosure)
        request = Request(proposal, parameters, charters, evidence, now, enclosed)
        found.check(request, self.view)
        return VerifiedWarrant(warrant.raw, step, found, request, pins, _SEAL)

    def _check_address(self, proposal: Proposal, step: int) -> None:
        if (proposal.deployment, proposal.demo) != (self.config.deployment, self.config.demo):
            raise ProposalRefused("other-deployment", "The proposal is of another deployment.")
        me = self.config.node
        here = NodeAt(id=me.id, name=me.name, identity=canonical.sha256_hex(self.facts.identity))
        if proposal.nodes != (here,) or step != 0:
            raise ProposalRefused("other-node", "The proposal is not addressed to this node, and it alone.")
        if proposal.sha256 in self.facts.closed:
            how = self.facts.closed[proposal.sha256]
            raise ProposalRefused("closed", f"The proposal was {how}.")

    def _operation(self, proposal: Proposal) -> NodeOperation[Any]:
        found = operation(proposal.operation)
        if not isinstance(found, NodeOperation):
            raise ProposalRefused("not-for-nodes", f"{found.title} is not something a node carries out.")
        if not self.facts.holdings.enrolled and found is not enrol_node:
            raise ProposalRefused("not-enrolled", "This node is not enrolled yet.")
        return found

    def _charters(
        self,
        found: NodeOperation[Any],
        parameters: Any,
        consent: Consent,
        offered: Sequence[OfferedLink],
        now: int,
    ) -> tuple[Mapping[AuthorityKind, Charter], tuple[Chain, ...]]:
        """The charters that decide, by kind, and those chains among them that are not pinned yet."""
        parties = {AuthorityKind.PROVIDER: self.facts.provider, **found.parties(parameters)}
        anchors = found.anchors(parameters)
        charters, pins = {}, []
        for kind in consent.kinds:
            chain = self.facts.chains.get((kind, parties[kind]))
            if chain is None and kind in anchors:
                chain = candidate(
                    offered,
                    (kind, parties[kind]),
                    anchor=anchors[kind],
                    deployment=self.config.deployment,
                    demo=self.config.demo,
                    now=now,
                )
                pins.append(chain)
            elif chain is not None and anchors.get(kind, chain.anchor) != chain.anchor:
                raise ProposalRefused("other-anchor", f"This {kind.value} has another founding charter here.")
            charters[kind] = chain.current if chain in pins else self.facts.charter(kind, parties[kind])
        return charters, tuple(pins)

    def _check_separation(self, charters: Mapping[AuthorityKind, Charter]) -> None:
        zone = charters.get(AuthorityKind.ZONE)
        if zone is None:
            return
        provider = self.facts.chains[AuthorityKind.PROVIDER, self.facts.provider].current
        found = conflicts(provider, zone)
        if found:
            raise ProposalRefused("separation", found[0].message)


def _enclosed(found: NodeOperation[Any], parameters: Any, enclosure: bytes) -> bytes:
    """What came beside the warrant, if it is what the proposal has the hash of; nothing if it has none."""
    wanted = found.enclosure(parameters)
    if wanted is None:
        return b""
    if canonical.sha256_hex(enclosure) != wanted:
        raise ProposalRefused("other-enclosure", "What came beside the warrant is not what was signed for.")
    return enclosure


def verified_before(intent: Intent, step: int, enclosure: bytes, facts: Facts) -> VerifiedWarrant:
    """The warrant of an intent that is in the journal, and so was verified before it came there.

    Its charters are those that it was verified by, whatever is in force by now.
    """
    warrant = Warrant.from_bytes(intent.warrant)
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    found = operation(proposal.operation)
    if not isinstance(found, NodeOperation):
        raise ProposalRefused("not-for-nodes", f"{found.title} is not something a node carries out.")
    charters = {one.kind: facts.version_of(one) for one in proposal.authorities}
    request = Request(proposal, found.read(proposal.parameters), charters, (), proposal.not_before, enclosure)
    return VerifiedWarrant(intent.warrant, step, found, request, (), _SEAL)


def _is_signed_under(charters: Sequence[Charter], proposal: Proposal, signatures: Signatures) -> bool:
    """Whether anyone of these charters requested, approved or closed the proposal."""
    verdict = tally(charters, proposal, signatures, floor=1)
    requested, _ = find_signers(charters, signatures.request, challenge(Purpose.PROPOSE, proposal.raw))
    return bool(requested or verdict.counted or verdict.closed)


def _refusal(verdict: Verdict) -> ProposalRefused:
    if verdict.problems:
        return ProposalRefused(verdict.problems[0].code, verdict.problems[0].message)
    missing = ", ".join(
        f"{one.missing} {one.clause.role or one.clause.group} of {one.authority.name}"
        for one in verdict.clauses
        if one.missing
    )
    ignored = "".join(f" {one.message}" for one in verdict.ignored[:3])
    return ProposalRefused("quorum-not-met", f"Signatures are missing: {missing}.{ignored}")
