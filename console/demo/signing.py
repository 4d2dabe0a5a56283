"""Letting sample people sign, each with a simulated token, through the same workflow as everybody."""

from collections.abc import Iterable

from console.demo.people import software_token
from console.desk.simulator import Simulator
from hsmnodes.node.protocol import documents
from hsmnodes.node.protocol.purposes import Purpose
from tenants import deployment, workflow
from tenants.models import Person, Proposal, State


def carry_through(
    document: documents.Proposal, *, requester: Person, approvers: Iterable[Person], simulator: Simulator
) -> Proposal:
    """Propose and approve; the proposal as it then stands."""
    desk = deployment.desk()
    draft = workflow.save_draft(document=document, requester=requester)
    token = software_token(simulator, requester)
    proposal = workflow.propose(
        proposal=draft, person=requester, assertion=token.sign(Purpose.PROPOSE, document.raw, desk=desk)
    )
    for person in approvers:
        if proposal.state != State.PROPOSED:
            break
        token = software_token(simulator, person)
        assertion = token.sign(Purpose.APPROVE, document.raw, desk=desk)
        proposal = workflow.approve(proposal=proposal, person=person, assertion=assertion)
    return proposal
