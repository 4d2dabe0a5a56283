"""Proposals, and what the cast signs about them."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.documents import (
    ApplicationSuspensionStatement,
    Approval,
    AuthorityAt,
    Cancellation,
    CancellationStatement,
    Charter,
    Named,
    NodeAt,
    Proposal,
    Rejection,
    RejectionStatement,
    Requester,
    Suspension,
    SuspensionStatement,
    Warrant,
)
from hsmnodes.node.protocol.documents.signatures import Signer
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.people import Member, make_id

DAY = 86_400


def make_proposal(
    operation: str,
    parameters: Mapping[str, Any],
    *,
    authorities: Sequence[AuthorityAt],
    nodes: Sequence[NodeAt],
    requester: Member,
    now: int,
    deployment: str = make_id("deployment"),
    demo: bool = True,
    **changes: Any,
) -> Proposal:
    """A proposal good from a minute before `now` for two days, with a random id."""
    values = {
        "deployment": deployment,
        "demo": demo,
        "proposal": secrets.token_hex(16),
        "operation": operation,
        "parameters": dict(parameters),
        "authorities": tuple(sorted(authorities, key=lambda one: (one.kind.value, one.id))),
        "nodes": tuple(nodes),
        "requester": Requester(id=requester.id, name=requester.name, organisation=requester.organisation),
        "not_before": now - 60,
        "expires_at": now - 60 + 2 * DAY,
        "previous": None,
        "reason": "As agreed in the meeting of Monday.",
    }
    return Proposal(**(values | changes))


def changed(proposal: Proposal, /, **changes: Any) -> Proposal:
    """The proposal with other fields, as another document."""
    return Proposal(**({name: getattr(proposal, name) for name in Proposal.model_fields} | changes))


def approve(proposal: Proposal, member: Member) -> Approval:
    """The member's approval."""
    return Approval(proposal=proposal.sha256, assertion=member.key.sign(Purpose.APPROVE, proposal.raw))


def reject(proposal: Proposal, member: Member, *, at: int) -> Rejection:
    """The member's rejection."""
    statement = RejectionStatement(**_statement(proposal, member, at))
    return Rejection(
        statement=canonical.b64u(statement.raw), assertion=member.key.sign(Purpose.REJECT, statement.raw)
    )


def cancel(proposal: Proposal, member: Member, *, at: int) -> Cancellation:
    """The member's cancellation."""
    statement = CancellationStatement(**_statement(proposal, member, at))
    return Cancellation(
        statement=canonical.b64u(statement.raw), assertion=member.key.sign(Purpose.CANCEL, statement.raw)
    )


def suspend(
    charter: Charter, holder: Member, member: Member, *, credential_id: str = "", at: int, **changes: Any
) -> Suspension:
    """The member suspends a token of `holder`, the first if no other is named, under a charter."""
    stated = {
        "deployment": charter.deployment,
        "demo": charter.demo,
        "authority": authority_at(charter),
        "person": Named(id=holder.id, name=holder.name),
        "credential_id": credential_id or holder.key.credential_id,
        "by": Named(id=member.id, name=member.name),
        "reason": "The token is lost.",
        "at": at,
    }
    statement = SuspensionStatement(**(stated | changes))
    return Suspension(
        statement=canonical.b64u(statement.raw),
        assertion=member.key.sign(Purpose.SUSPEND, statement.raw),
    )


def suspend_application(
    charter: Charter, application: Named, member: Member, *, at: int, **changes: Any
) -> Suspension:
    """The member suspends an application, under a charter of its zone."""
    stated = {
        "deployment": charter.deployment,
        "demo": charter.demo,
        "authority": authority_at(charter),
        "application": application,
        "by": Named(id=member.id, name=member.name),
        "reason": "Its host was broken into.",
        "at": at,
    }
    statement = ApplicationSuspensionStatement(**(stated | changes))
    return Suspension(
        statement=canonical.b64u(statement.raw),
        assertion=member.key.sign(Purpose.SUSPEND, statement.raw),
    )


def make_warrant(
    proposal: Proposal,
    requester: Member,
    approvers: Sequence[Member],
    *,
    evidence: Sequence[bytes] = (),
    rejections: Sequence[Rejection] = (),
    cancellations: Sequence[Cancellation] = (),
) -> Warrant:
    """The proposal signed by its requester and approved by `approvers`."""
    return Warrant(
        proposal=canonical.b64u(proposal.raw),
        request=requester.key.sign(Purpose.PROPOSE, proposal.raw),
        approvals=tuple(approve(proposal, member) for member in approvers),
        rejections=tuple(rejections),
        cancellations=tuple(cancellations),
        evidence=tuple(canonical.b64u(one) for one in evidence),
    )


def _statement(proposal: Proposal, member: Member, at: int) -> dict[str, Any]:
    return {
        "deployment": proposal.deployment,
        "proposal": proposal.proposal,
        "proposal_hash": proposal.sha256,
        "person": Signer(id=member.id, name=member.name),
        "reason": "It is not what we agreed.",
        "at": at,
    }
