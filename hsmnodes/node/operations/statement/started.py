"""What a service is, by the warrants that started it: whose, by which name, and in which mode."""

from collections.abc import Iterable

from hsmnodes.node.operations.service.start import operation as start
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.statement import StatedService
from hsmnodes.node.protocol.errors import ProposalRefused


def started_as(service: str, starts: Iterable[Proposal], *, customer: Named, founding: str) -> StatedService:
    """The service with this id, as every proposal to start it on some HSM says that it is.

    `founding` is the SHA-256 of the customer's founding charter. Whether the proposals are authorised is for
    the caller to know. Raises ProposalRefused if there is none, one is for something else, or two differ.
    """
    found = []
    for proposal in starts:
        if proposal.operation != start.tag:
            raise ProposalRefused("other-service", "A warrant is there that starts no service.")
        wanted = start.read(proposal.parameters)
        if (wanted.service.id, wanted.customer, wanted.customer_founding) != (service, customer, founding):
            raise ProposalRefused("other-service", "A warrant is there that starts another service.")
        found.append(StatedService(id=service, name=wanted.service.name, mode=wanted.mode))
    if not found:
        raise ProposalRefused("no-start", "The warrant that started the service is not there.")
    if any(one != found[0] for one in found):
        raise ProposalRefused("other-service", "The warrants that started the service do not say the same.")
    return found[0]
