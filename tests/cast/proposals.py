"""Proposals of the cast and what people sign about them."""

from collections.abc import Iterable, Sequence
from typing import Any

from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.documents import (
    Approval,
    Cancellation,
    CancellationStatement,
    Charter,
    Document,
    NodeAt,
    Proposal,
    Rejection,
    RejectionStatement,
    Requester,
    Warrant,
)
from hsmnodes.node.protocol.purposes import Purpose, challenge
from tests.cast.people import DEPLOYMENT, make_id, person, token_of
from tests.cast.tokens import SoftwareToken

NOW = 1_800_100_000
HOUR = 3_600


def make_proposal(charters: Sequence[Charter], *, requester: str = "Hana", **changes: Any) -> Proposal:
    """A proposal to generate a key, naming `charters`, made an hour ago and good for a day."""
    who = person(requester)
    named = sorted((authority_at(charter) for charter in charters), key=lambda one: (one.kind, one.id))
    fields: dict[str, Any] = {
        "deployment": DEPLOYMENT,
        "demo": False,
        "proposal": make_id("a proposal"),
        "operation": "key.generate/v1",
        "parameters": {
            "zone": {"id": make_id("Payments"), "name": "Payments"},
            "keys": [{"label": "settlement-2027", "algorithm": "ec-p256", "usages": ["sign"]}],
        },
        "authorities": tuple(named),
        "nodes": (NodeAt(id=make_id("ams-1"), name="ams-1", identity="1" * 64),),
        "requester": Requester(id=who.id, name=who.name, organisation=who.organisation),
        "not_before": NOW - HOUR,
        "expires_at": NOW + 24 * HOUR,
        "previous": None,
        "reason": "The settlement key for 2027",
    }
    return Proposal(**(fields | changes))


def approve(proposal: Proposal, by: str | SoftwareToken, *, purpose: Purpose = Purpose.APPROVE) -> Approval:
    """An approval by a token, or by someone's first."""
    return Approval(proposal=proposal.sha256, assertion=as_token(by).sign(challenge(purpose, proposal.raw)))


def reject(proposal: Proposal, by: str, **changes: Any) -> Rejection:
    """A rejection by someone's first token."""
    statement = RejectionStatement(**_statement(proposal, by, changes))
    return Rejection(statement=b64u(statement.raw), assertion=_signed(statement, by, Purpose.REJECT))


def cancel(proposal: Proposal, by: str, **changes: Any) -> Cancellation:
    """A cancellation by someone's first token."""
    statement = CancellationStatement(**_statement(proposal, by, changes))
    return Cancellation(statement=b64u(statement.raw), assertion=_signed(statement, by, Purpose.CANCEL))


def make_warrant(
    proposal: Proposal,
    requester: str | SoftwareToken,
    approvers: Iterable[str | SoftwareToken],
    **changes: Any,
) -> Warrant:
    """The warrant of a proposal, requested and approved with these tokens, or these people's first."""
    fields: dict[str, Any] = {
        "proposal": b64u(proposal.raw),
        "request": as_token(requester).sign(challenge(Purpose.PROPOSE, proposal.raw)),
        "approvals": tuple(approve(proposal, one) for one in approvers),
        "rejections": (),
        "cancellations": (),
        "evidence": (),
    }
    return Warrant(**(fields | changes))


def as_token(by: str | SoftwareToken) -> SoftwareToken:
    """The token itself, or the first one of the person of that name."""
    return token_of(by) if isinstance(by, str) else by


def _statement(proposal: Proposal, by: str, changes: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "deployment": proposal.deployment,
        "proposal": proposal.proposal,
        "proposal_hash": proposal.sha256,
        "person": {"id": make_id(by), "name": by},
        "reason": "Not this quarter",
        "at": NOW,
    }
    return fields | changes


def _signed(statement: Document, by: str, purpose: Purpose) -> Any:
    return token_of(by).sign(challenge(purpose, statement.raw))
