"""Building the exact bytes of a proposal from what a person or program asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.registry import operation as find_operation
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, NodeAt, Requester
from hsmnodes.node.protocol.documents import Proposal as ProposalDocument
from hsmnodes.node.protocol.documents.base import LONGEST_LIFETIME
from tenants import access, charters, clock, deployment, tags
from tenants.errors import Invalid
from tenants.identifiers import new_id
from tenants.models import Person

# The founding of a zone is evidence for its slots, so it lives as long as a proposal can.
LIFETIMES = {tags.FOUND_ZONE: LONGEST_LIFETIME}


def build_proposal(
    *,
    operation: str,
    parameters: Mapping[str, Any],
    requester: Person,
    reason: str,
    nodes: Sequence[NodeAt] = (),
    lifetime: int | None = None,
) -> ProposalDocument:
    """The proposal of `requester`, under the charters in force now, good for `lifetime` seconds.

    Raises Refused for parameters that are not the operation's; Invalid where a charter is missing; NotAllowed
    for who has no duty in any charter concerned.
    """
    found = find_operation(operation)
    canonical.check_plain(parameters)
    content = found.read(parameters)
    if not found.nodes <= len(nodes) <= found.most_nodes:
        raise Invalid("wrong-nodes", f"{found.title}: choose {_how_many(found)}.")
    concerned = _concerned(found, content, requester)
    access.require(
        access.may_propose(requester, [charter.authority.id for charter in concerned]),
        f"{found.title}: this is proposed by people with a duty in a charter whose consent it needs.",
    )
    here, now = deployment.current(), clock.unix_now()
    seconds = _lifetime(operation, concerned, lifetime)
    document = ProposalDocument(
        deployment=here.id,
        demo=here.demo,
        proposal=new_id(),
        operation=operation,
        parameters=content.model_dump(mode="json"),
        authorities=tuple(
            sorted(map(authority_at, concerned), key=lambda authority: (authority.kind.value, authority.id))
        ),
        nodes=tuple(nodes),
        requester=Requester(
            id=requester.id, name=requester.name, organisation=requester.organisation.named()
        ),
        not_before=now,
        expires_at=now + seconds,
        previous=concerned[0].sha256 if operation in tags.CHANGE_CHARTERS else None,
        reason=reason,
    )
    return ProposalDocument.from_bytes(document.raw)


def _lifetime(operation: str, concerned: Sequence[Charter], asked: int | None) -> int:
    """For how many seconds a proposal is good: as asked for, or as usual; at most what rules allow."""
    # Other sides consent to a recovery by their rule for amendments.
    ruling = tags.AMEND_CHARTER if operation == tags.RECOVER_CHARTER else operation
    rules = [charter.rule(ruling) for charter in concerned]
    most = min([LONGEST_LIFETIME, *(rule.lifetime for rule in rules if rule and rule.lifetime)])
    return min(asked or LIFETIMES.get(operation, settings.PROPOSAL_SECONDS), most)


def _how_many(found: Operation[Any]) -> str:
    """How many nodes an operation is for."""
    least, most = found.nodes, found.most_nodes
    if not most:
        return "no node"
    return ("1 node" if most == 1 else f"{most} nodes") if least == most else f"{least} to {most} nodes"


def _concerned(found: Operation[Any], content: Any, requester: Person) -> list[Charter]:
    """The charters in force of everyone whose consent is needed, as far as the requester may see them."""
    kinds = found.consent_for(content).kinds
    parties = {AuthorityKind.PROVIDER: requester.organisation.provider_or_self.id, **found.parties(content)}
    if AuthorityKind.CUSTOMER in kinds and AuthorityKind.CUSTOMER not in parties:
        # The founding of a zone names the zone alone; its customer is its service's.
        zone = access.get_visible(access.visible_zones(requester), content.zone.id)
        parties[AuthorityKind.CUSTOMER] = zone.service.customer_id
    wanted = [parties[kind] for kind in kinds]
    seen = access.visible_charters(requester).filter(authority__in=wanted).values_list("authority", flat=True)
    known = charters.in_force(set(seen))
    missing = [kind.value for kind in kinds if parties[kind] not in known]
    if missing:
        raise Invalid(
            "no-charter", f"There is no charter in force of the {' and the '.join(missing)} concerned."
        )
    return [known[authority] for authority in wanted]
