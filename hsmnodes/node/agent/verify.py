"""Whether a warrant is one that this node must carry out: the whole of the decision, without an effect.

It reads the warrant, the node's own facts, the charters that came along, and the time, and nothing else. It
returns a `VerifiedWarrant`, which nothing but this module can make, or raises `Refused`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hsmnodes.node.agent.chains import candidate
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.earlier import check_not_superseded, read_earlier
from hsmnodes.node.agent.facts import Facts, Intent
from hsmnodes.node.agent.links import Chain, OfferedLink
from hsmnodes.node.agent.view import View
from hsmnodes.node.operations.base import NodeOperation, Request
from hsmnodes.node.operations.node.enrol import operation as enrol_node
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.operations.steps import Step
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import conflicts
from hsmnodes.node.protocol.closing import Closed
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter
from hsmnodes.node.protocol.documents.node import NodeSigned, Receipt
from hsmnodes.node.protocol.documents.proposal import NodeAt, Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import Delayed, ProposalRefused
from hsmnodes.node.protocol.problems import delay_of
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.quorum import Consent, Signatures, Verdict, evaluate, tally
from hsmnodes.node.protocol.signers import find_signers

_SEAL = object()


PART_MISSING = "part-missing"


class PartsMissing(ProposalRefused):
    """All there is against a warrant is that something is still to come; `came` has the rest, by hash."""

    def __init__(self, missing: Sequence[str], came: Mapping[str, bytes]) -> None:
        super().__init__(PART_MISSING, f"Of the backup there has not come: {', '.join(missing)}.")
        self.came = came


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
    def expires_at(self) -> int:
        """Until when it may be begun: a delay moves that on. In seconds since 1970."""
        return self.proposal.expires_at + delay_of(self.request.charters.values(), self.proposal.operation)

    @property
    def planned(self) -> Step:
        """The step, as the operation has it."""
        return self.operation.steps(len(self.proposal.nodes))[self.step]

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
        receipts: Sequence[NodeSigned] = (),
        enclosures: Sequence[bytes] = (),
    ) -> VerifiedWarrant:
        """Decide about `warrant`, whose proposal is `proposal`, at the time `now` in seconds since 1970.

        `offered` are the charters that came along, `receipts` those of earlier steps, `enclosures` what else
        came. A step that follows on others is judged as of the time of the first of them, under the charters
        that the proposal names, unless these had successors by then; and never by this node's clock before
        such a step could be due. Raises Refused with the first reason against it; PartsMissing if that is all
        that was found so far, Delayed if there is none but that it must wait.
        """
        self._check_open(proposal)
        found = self._operation(proposal)
        steps = self._steps(found, proposal, step)
        parameters = found.read(proposal.parameters)
        consent = found.consent_for(parameters)
        earlier = read_earlier(self.config, self.facts, proposal, receipts, found=found, step=step, now=now)
        pins: tuple[Chain, ...] = ()
        clock = now
        if earlier:
            now = min(receipt.at for receipt in earlier.values())
            charters = self._charters_named(found, parameters, consent, proposal)
        else:
            charters, pins = self._charters(found, parameters, consent, offered, now)
        delay = delay_of(charters.values(), proposal.operation)
        # Whoever took a step before this one says that it waited; but no wait was over before its time.
        announced = now - delay if earlier else self.facts.announced.get(proposal.sha256)
        since = proposal.not_before if earlier else self.facts.announced.get(proposal.sha256, clock)
        signatures = Signatures.of(warrant)
        verdict = evaluate(
            list(charters.values()),
            proposal,
            signatures,
            consent=consent,
            now=now,
            suspended=self._suspended(charters),
            announced=announced,
            contributors=self.facts.contributors((proposal.proposal, step)),
        )
        if verdict.closed is not None:
            new = {chain.current.sha256 for chain in pins}
            pinned = [charter for charter in charters.values() if charter.sha256 not in new]
            raise ProposalClosed(verdict.closed, counts_here=_is_signed_under(pinned, proposal, signatures))
        if earlier:
            check_not_superseded(charters.values(), self.facts.superseded, begun=now)
        if not verdict.authorised:
            raise _refusal(verdict)
        self._check_separation(charters)
        request = Request(
            proposal=proposal,
            parameters=parameters,
            charters=charters,
            evidence=tuple(canonical.b64u_decode(one) for one in warrant.evidence),
            now=now,
            clock=clock,
            enclosures=_enclosed(found, parameters, steps[step], earlier, enclosures),
            act=steps[step].act,
            place=steps[step].node,
            earlier=earlier,
            foundings=self._foundings(charters, pins),
        )
        found.check(request, self.view)
        if clock < since + delay:
            raise Delayed(proposal.sha256, announced_at=since, delay=delay)
        return VerifiedWarrant(warrant.raw, step, found, request, pins, _SEAL)

    def _check_open(self, proposal: Proposal) -> None:
        if (proposal.deployment, proposal.demo) != (self.config.deployment, self.config.demo):
            raise ProposalRefused("other-deployment", "The proposal is of another deployment.")
        if proposal.sha256 in self.facts.closed:
            how = self.facts.closed[proposal.sha256]
            raise ProposalRefused("closed", f"The proposal was {how}.")
        if proposal.sha256 in self.facts.holdings.abandoned:
            raise ProposalRefused("abandoned", "What was left of the proposal was given up here.")

    def _steps(self, found: NodeOperation[Any], proposal: Proposal, step: int) -> tuple[Step, ...]:
        """The steps of the warrant, of which `step` must be this node's own."""
        me = self.config.node
        here = NodeAt(id=me.id, name=me.name, identity=canonical.sha256_hex(self.facts.identity))
        steps = found.steps(len(proposal.nodes))
        if step >= len(steps) or proposal.nodes[steps[step].node] != here:
            raise ProposalRefused("other-node", "The step of the proposal is not addressed to this node.")
        return steps

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
            chain = self.facts.chains.get((kind, parties.get(kind, "")))
            if chain is None and kind in anchors:
                chain = candidate(
                    offered,
                    (kind, parties.get(kind, "")),
                    anchor=anchors[kind],
                    deployment=self.config.deployment,
                    demo=self.config.demo,
                    now=now,
                    known=self.facts.chains,
                    closed=self.facts.closed,
                    suspended=self.facts.suspended_after,
                )
                pins.append(chain)
            elif chain is not None and anchors.get(kind, chain.anchor) != chain.anchor:
                raise ProposalRefused("other-anchor", f"This {kind.value} has another founding charter here.")
            charters[kind] = (
                chain.current if chain in pins else self.facts.charter(kind, parties.get(kind, ""))
            )
        return charters, tuple(pins)

    def _charters_named(
        self, found: NodeOperation[Any], parameters: Any, consent: Consent, proposal: Proposal
    ) -> Mapping[AuthorityKind, Charter]:
        """The versions of pinned charters that a proposal names, whatever is in force by now, by kind."""
        parties = {AuthorityKind.PROVIDER: self.facts.provider, **found.parties(parameters)}
        named = {one.kind: one for one in proposal.authorities}
        charters = {}
        for kind in consent.kinds:
            self.facts.charter(kind, parties.get(kind, ""))  # refuses what is not pinned, or frozen
            if kind not in named or named[kind].id != parties.get(kind, ""):
                raise ProposalRefused("other-authority", f"The proposal names another {kind.value}.")
            charters[kind] = self.facts.version_of(named[kind])
        return charters

    def _suspended(self, charters: Mapping[AuthorityKind, Charter]) -> frozenset[str]:
        """The tokens that do not count: suspended by whose consent it is, or by their holders' own side."""
        return (
            self.facts.suspended_under(*charters.values()) if self.facts.holdings.suspended else frozenset()
        )

    def _foundings(
        self, charters: Mapping[AuthorityKind, Charter], pins: Sequence[Chain]
    ) -> Mapping[AuthorityKind, Charter]:
        """The first version of each of these charters, pinned or about to be."""
        new = {(chain.current.authority.kind, chain.current.authority.id): chain for chain in pins}
        chains = self.facts.chains | new
        return {kind: chains[kind, one.authority.id].charters[0] for kind, one in charters.items()}

    def _check_separation(self, charters: Mapping[AuthorityKind, Charter]) -> None:
        zone = charters.get(AuthorityKind.ZONE)
        if zone is None:
            return
        provider = self.facts.chains[AuthorityKind.PROVIDER, self.facts.provider].current
        found = conflicts(provider, zone)
        if found:
            raise ProposalRefused("separation", found[0].message)


def _enclosed(
    found: NodeOperation[Any],
    parameters: Any,
    step: Step,
    earlier: Mapping[int, Receipt],
    enclosures: Sequence[bytes],
) -> Mapping[str, bytes]:
    """What came beside the warrant, by SHA-256, if it is what was signed for, and nothing if nothing was.

    Raises PartsMissing if something of it is still to come.
    """
    wanted = found.enclosures(parameters, step, earlier)
    came = {canonical.sha256_hex(one): one for one in enclosures} if wanted else {}
    parts: Mapping[str, str] = {}
    if came.keys() >= set(wanted):
        parts = found.parts(parameters, {digest: came[digest] for digest in wanted})
    if not came.keys() >= set(wanted) or came.keys() - set(wanted) - parts.keys():
        strange = ", ".join(sorted(came.keys() - set(wanted) - parts.keys()))
        raise ProposalRefused(
            "other-enclosure",
            "What came beside the warrant is not what was signed for"
            + (f": SHA-256 {strange}." if strange else "."),
        )
    missing = [name for digest, name in parts.items() if digest not in came]
    if missing:
        raise PartsMissing(missing, came)
    return came


def verified_before(
    intent: Intent, step: int, enclosures: Mapping[str, bytes], facts: Facts
) -> VerifiedWarrant:
    """The warrant of an intent that is in the journal, and so was verified before it came there.

    Its charters are those that it was verified by, whatever is in force by now.
    """
    warrant = Warrant.from_bytes(intent.warrant)
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    found = operation(proposal.operation)
    if not isinstance(found, NodeOperation):
        raise ProposalRefused("not-for-nodes", f"{found.title} is not something a node carries out.")
    earlier = [Receipt.from_bytes(one) for one in intent.receipts]
    planned = found.steps(len(proposal.nodes))[step]
    request = Request(
        proposal=proposal,
        parameters=found.read(proposal.parameters),
        charters={one.kind: facts.version_of(one) for one in proposal.authorities},
        evidence=(),
        now=proposal.not_before,
        enclosures=enclosures,
        act=planned.act,
        place=planned.node,
        earlier={receipt.step: receipt for receipt in earlier},
    )
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
