"""Reinstate a token that was suspended: what one person could do at once takes a quorum to undo."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.base import DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.charter.amend import AuthorityParameter
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.steps import MOST_NODES, Step
from hsmnodes.node.protocol.documents.base import Bytes, Hash, Model, Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent


class Parameters(Model):
    """The authority, whose token it is, and the hash of the statement that suspended it."""

    authority: AuthorityParameter = shown("Authority", "group")
    person: Named = shown("Person", "named")
    credential_id: Annotated[Bytes, Field(min_length=22, max_length=1364)] = shown("Token", "bytes")
    statement: Hash = shown("Suspension that is lifted", "hash")


class ReinstateToken(NodeOperation[Parameters]):
    """The token counts again, on each node by itself."""

    tag = "token.reinstate/v1"
    title = "Reinstate a token"
    button = "Reinstate"
    sentence = (
        "Lift a suspension of a token of {person} for {authority.kind} {authority.name}, on node "
        "{nodes[].name}: it counts again, if nothing else suspends it."
    )
    consent = Consent((), floor=2)
    consent_from = "authority.kind"
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.SECURITY_OFFICER),),
        AuthorityKind.CUSTOMER: (DefaultClause(Role.SECURITY_OFFICER),),
        AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),),
    }
    parameters = Parameters
    most_nodes = MOST_NODES
    titles = {"credential_id": "Token"}

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return tuple(Step(place) for place in range(count))

    @override
    def consent_for(self, parameters: Parameters) -> Consent:
        return Consent((parameters.authority.kind,), floor=self.consent.floor)

    @override
    def parties(self, parameters: Parameters) -> Mapping[AuthorityKind, str]:
        return {parameters.authority.kind: parameters.authority.id}

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        charter = request.charters[wanted.authority.kind]
        if charter.authority.name != wanted.authority.name:
            raise ProposalRefused("other-name", "The authority has another name in its charter.")
        held = node.holdings.suspended.get((wanted.authority.id, wanted.credential_id), {})
        if wanted.statement not in held:
            raise ProposalRefused("not-suspended", "This token is not suspended here by that statement.")
        found = charter.by_credential.get(wanted.credential_id)
        if found is None or (found[0].id, found[0].name) != (wanted.person.id, wanted.person.name):
            raise ProposalRefused("no-such-token", f"The charter has no such token of {wanted.person.name}.")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        wanted = request.parameters
        return Result(
            f"A token of {wanted.person.name} is suspended by that statement no more.",
            {"credential_id": wanted.credential_id},
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        holdings.reinstate(parameters.authority.id, parameters.credential_id, parameters.statement)


operation = ReinstateToken()
