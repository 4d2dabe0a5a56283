"""Abandon what is left of a warrant: steps that other nodes have taken stay taken, these never will be.

Whose consent it needs is what the abandoned operation says. The abandoned proposal comes as evidence, so that
a node that was never sent it knows what it is about.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.operations.base import DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.registry import operation as find_operation
from hsmnodes.node.operations.steps import MOST_NODES, Step
from hsmnodes.node.protocol.documents.base import Hash, Id, Model, Named, Tag
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent


class Parameters(Model):
    """The proposal that is abandoned, what it was for, and the customer and zone whose consent it needed."""

    abandoned: Id = shown("Abandoned proposal", "id")
    proposal_hash: Hash = shown("Words of that proposal", "hash")
    operation: Tag = shown("What it was for", "text")
    customer: Named | None = shown("Customer", "named")
    zone: Named | None = shown("Trust Zone", "named")


class AbandonWarrant(NodeOperation[Parameters]):
    """No step of it that this node has not begun will ever be taken here."""

    tag = "warrant.abandon/v1"
    title = "Abandon what is left of a warrant"
    button = "Abandon"
    sentence = (
        "Abandon what is left of proposal {abandoned}, {operation}, on node {nodes[].name}: what was done "
        "elsewhere stays, and there it will never be done."
    )
    consent = Consent((), floor=2)
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR),),
        AuthorityKind.CUSTOMER: (DefaultClause(Role.SECURITY_OFFICER),),
        AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),),
    }
    parameters = Parameters
    most_nodes = MOST_NODES
    titles = {"abandoned": "Abandoned proposal"}

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return tuple(Step(place) for place in range(count))

    @override
    def consent_for(self, parameters: Parameters) -> Consent:
        return find_operation(parameters.operation).consent

    @override
    def parties(self, parameters: Parameters) -> Mapping[AuthorityKind, str]:
        named = {AuthorityKind.CUSTOMER: parameters.customer, AuthorityKind.ZONE: parameters.zone}
        return {kind: one.id for kind, one in named.items() if one is not None}

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        abandoned, wanted = _abandoned(request), request.parameters
        for kind, one in ((AuthorityKind.CUSTOMER, wanted.customer), (AuthorityKind.ZONE, wanted.zone)):
            if one is not None and request.charters[kind].authority.name != one.name:
                raise ProposalRefused("other-name", f"{one.name} has another name in its charter.")
        found = find_operation(abandoned.operation)
        if not isinstance(found, NodeOperation) or not found.consent.kinds:
            raise ProposalRefused("cannot-abandon", f"{found.title} is not abandoned in this way.")
        theirs = dict(found.parties(found.read(abandoned.parameters)))
        ours = dict(self.parties(wanted))
        if {kind: theirs.get(kind) for kind in found.consent.kinds if kind in theirs} != ours:
            raise ProposalRefused("other-authority", "Others consented to what is to be abandoned.")
        if not set(request.proposal.nodes) <= set(abandoned.nodes):
            raise ProposalRefused("other-node", "The abandoned proposal is not for these nodes.")
        if not self._left(abandoned, node):
            raise ProposalRefused("too-late", "This node has taken every step of it that is its own.")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        return Result(
            "What was left of it is given up on this node.", {"abandoned": request.parameters.abandoned}
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.abandoned.add(parameters.proposal_hash)

    def _left(self, abandoned: Proposal, node: Surroundings) -> list[int]:
        """The steps of the abandoned proposal that are this node's and that it has not begun."""
        found = find_operation(abandoned.operation)
        if not isinstance(found, NodeOperation):
            return []
        return [
            number
            for number, step in enumerate(found.steps(len(abandoned.nodes)))
            if abandoned.nodes[step.node].id == node.node.id
            and not node.has_begun(abandoned.proposal, number)
        ]


def _abandoned(request: Request[Parameters]) -> Proposal:
    """The proposal that is meant, as it came as evidence. Raises Refused if it is another."""
    if len(request.evidence) != 1:
        raise ProposalRefused("evidence", "The abandoned proposal, and only it, must come as evidence.")
    proposal = Proposal.from_bytes(request.evidence[0])
    wanted = request.parameters
    if (proposal.sha256, proposal.proposal, proposal.operation) != (
        wanted.proposal_hash,
        wanted.abandoned,
        wanted.operation,
    ):
        raise ProposalRefused("evidence", "The proposal that came is not the one that is to be abandoned.")
    return proposal


operation = AbandonWarrant()
