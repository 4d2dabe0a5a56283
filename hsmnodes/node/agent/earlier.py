"""What came before a step: the receipts of other steps, each verified as its node's own statement.

A node that speaks here is named by the proposal with its identity key, and enrolled under the provider's
charter that this node pins; of itself, a node believes its journal alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.operations.base import NodeOperation
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.node import NodeSigned, Outcome, Receipt
from hsmnodes.node.protocol.documents.proposal import NodeAt, Proposal
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.nodesigning import verify
from hsmnodes.node.protocol.purposes import Purpose

LATEST = 30 * 86_400
"""Seconds from its first step within which a warrant is gone on with: what it was made for is gone later."""

SLACK = 600
"""Seconds by which the clocks of two nodes may differ before what is honest is refused."""


def read_earlier(
    config: Config,
    facts: Facts,
    proposal: Proposal,
    receipts: Sequence[NodeSigned],
    *,
    found: NodeOperation[Any],
    step: int,
    now: int,
) -> dict[int, Receipt]:
    """The receipts that a step needs, by the number of theirs: all of them and no other.

    They are read strictly, and the first of them must not be too old at the time `now`. Raises Refused.
    """
    steps = found.steps(len(proposal.nodes))
    needs = steps[step].needs
    read: dict[int, Receipt] = {}
    for signed in receipts:
        receipt = Receipt.from_bytes(signed.payload_bytes)
        if receipt.step not in needs or receipt.step in read:
            raise ProposalRefused("earlier-steps", "A receipt came along that this step has no need of.")
        named = proposal.nodes[steps[receipt.step].node]
        verify(signed, identity=_identity(config, facts, named), purpose=Purpose.RECEIPT, node=named.id)
        peer = facts.peers.get(named.id)
        _check_is_about(receipt, proposal, named, enrolled_from=peer.enrolled_from if peer else 0)
        if (
            named.id == config.node.id
            and facts.outcomes.get((proposal.proposal, receipt.step)) != receipt.raw
        ):
            raise ProposalRefused("earlier-steps", "This node has not written such a receipt.")
        found.read_said(steps[receipt.step].act, receipt.results)
        read[receipt.step] = receipt
    missing = [str(one + 1) for one in needs if one not in read]
    if missing:
        raise ProposalRefused(
            "earlier-steps", f"The step follows on others; receipts are missing of: {', '.join(missing)}."
        )
    if read and now >= min(receipt.at for receipt in read.values()) + LATEST:
        raise ProposalRefused("too-late", "The warrant was begun too long ago to be gone on with.")
    return dict(sorted(read.items()))


def check_not_superseded(charters: Iterable[Charter], superseded: Mapping[str, int], *, begun: int) -> None:
    """Refuse what was begun under a charter when this node knew of a successor, or one had to be in force.

    `superseded` says since when, of charters by their hash; `begun` is when the first step was taken, as its
    node says; both in seconds since 1970. Whoever was removed could else act by a node that was not told.
    """
    for charter in charters:
        if begun > superseded.get(charter.sha256, begun) + SLACK:
            raise ProposalRefused(
                "superseded",
                f"The warrant was begun when version {charter.version} of the charter of "
                f"{charter.authority.name} was no longer in force here: propose it anew, and abandon this.",
            )


def _identity(config: Config, facts: Facts, named: NodeAt) -> bytes:
    """The identity key of a node that a proposal names, as this node knows it: itself, or a peer."""
    peer = facts.peers.get(named.id)
    identity, name = (facts.identity, config.node.name) if named.id == config.node.id else (b"", "")
    if peer is not None:
        identity, name = peer.identity, peer.node.name
    if not identity or (canonical.sha256_hex(identity), name) != (named.identity, named.name):
        raise ProposalRefused(
            "unknown-node", f"The node {named.name} is not enrolled, as far as is known here."
        )
    return identity


def _check_is_about(receipt: Receipt, proposal: Proposal, named: NodeAt, *, enrolled_from: int) -> None:
    said = (receipt.deployment, receipt.proposal, receipt.proposal_hash, receipt.operation)
    if said != (proposal.deployment, proposal.proposal, proposal.sha256, proposal.operation):
        raise ProposalRefused("earlier-steps", "The receipt of an earlier step is about another proposal.")
    if (receipt.node.id, receipt.node.name) != (named.id, named.name):
        raise ProposalRefused("earlier-steps", "The receipt of an earlier step is of another node.")
    if receipt.at < enrolled_from:
        raise ProposalRefused("earlier-steps", f"{named.name} was not enrolled when it says it acted.")
    if receipt.outcome is not Outcome.DONE:
        raise ProposalRefused("earlier-steps", "An earlier step was not done.")
