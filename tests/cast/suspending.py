"""Warrants to let suspended tokens count again."""

from hsmnodes.node.protocol.documents import Suspension, Warrant
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment, NodeOfCast
from tests.cast.people import DINA, EMIL, FAY, Member
from tests.cast.signing import make_warrant


def reinstate(
    cast: Deployment,
    node: NodeOfCast,
    authority: Chain,
    holder: Member,
    suspension: Suspension,
    *,
    requester: Member = DINA,
    approvers: tuple[Member, ...] = (EMIL, FAY),
    **changes: object,
) -> Warrant:
    """To lift a suspension of the first token of a member of an authority."""
    parameters = {
        "authority": authority.current.authority.model_dump(mode="json"),
        "person": {"id": holder.id, "name": holder.name},
        "credential_id": holder.key.credential_id,
        "statement": suspension.stated.sha256,
    } | changes
    proposal = cast.propose("token.reinstate/v1", parameters, [authority], [node], requester)
    return make_warrant(proposal, requester, approvers)
