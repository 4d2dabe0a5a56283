"""The transcript of a ceremony, verified from two founding charters and nothing else: no console, no node.

docs/formats/custody.md describes the file. It tells what people signed and what the node answered; whether
the shares were good, only the node has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from hsmnodes.node.agent.peers import enrolled_node
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol import canonical, nodesigning
from hsmnodes.node.protocol.charters import verify_chain
from hsmnodes.node.protocol.contributions import check_contribution
from hsmnodes.node.protocol.documents.base import Bytes, Model, Named, refusal
from hsmnodes.node.protocol.documents.ceremonies import Ceremony, Contribution, ContributionAnswer
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.charter_link import CharterLink
from hsmnodes.node.protocol.documents.node import NodeSigned, Receipt
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Assertion, Warrant
from hsmnodes.node.protocol.errors import ProposalRefused, ShareRefused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Signatures, evaluate

Long = Annotated[Bytes, Field(max_length=1_400_000)]


class Given(Model):
    """One contribution, with the node's answer if there is one."""

    contribution: Bytes
    assertion: Assertion
    answer: Bytes | None


class Chains(Model):
    """The links of both chains of charters, each from the founding one on."""

    provider: Annotated[tuple[Long, ...], Field(max_length=1000)]
    zone: Annotated[tuple[Long, ...], Field(max_length=1000)]


class Transcript(Model):
    """The file: every signed document of a ceremony, each in base64url."""

    type: Literal["quorate/ceremony-transcript/v1"]
    charters: Chains
    enrolment: Long
    warrant: Long
    question: Long
    contributions: Annotated[tuple[Given, ...], Field(max_length=1000)]
    receipts: Annotated[tuple[Long, ...], Field(max_length=100)]


@dataclass(frozen=True)
class Contributed:
    """A contribution whose signature holds, and the node's answer, if it has given one."""

    contribution: Contribution
    answer: ContributionAnswer | None


@dataclass(frozen=True)
class Verified:
    """What a transcript proves."""

    proposal: Proposal
    ceremony: Ceremony
    node: Named
    authorised_by: tuple[str, ...]
    contributions: tuple[Contributed, ...]
    receipts: tuple[Receipt, ...]


def verify_transcript(data: bytes, *, provider: str, zone: str) -> Verified:
    """What the transcript proves to who knows the SHA-256 of both founding charters (in hexadecimal).

    Raises Refused with the first thing that does not hold.
    """
    try:
        whole = Transcript.model_validate_json(data)
    except ValidationError as error:
        raise refusal(error, what="transcript") from None
    warrant = Warrant.from_bytes(canonical.b64u_decode(whole.warrant))
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    providers = _chain(whole.charters.provider, proposal, anchor=provider)
    zones = _chain(whole.charters.zone, proposal, anchor=zone)
    node, identity = _enrolled(whole, providers, proposal)
    envelope = NodeSigned.from_bytes(canonical.b64u_decode(whole.question))
    ceremony = Ceremony.from_bytes(
        nodesigning.verify(envelope, identity=identity, purpose=Purpose.CEREMONY, node=node.id)
    )
    _check_asks(ceremony, proposal, node=node, anchors=(provider, zone))
    named = _named(zones, proposal)
    signers = _authorised(warrant, proposal, [*providers, *zones], at=ceremony.opened_at)
    contributions = tuple(_contributed(one, ceremony, named, identity) for one in whole.contributions)
    receipts = tuple(_receipt(one, proposal, node, identity) for one in whole.receipts)
    return Verified(proposal, ceremony, node, signers, contributions, receipts)


def _chain(links: Sequence[str], proposal: Proposal, *, anchor: str) -> tuple[Charter, ...]:
    return verify_chain(
        [CharterLink.from_bytes(canonical.b64u_decode(one)) for one in links],
        anchor=anchor,
        deployment=proposal.deployment,
        demo=proposal.demo,
    )


def _enrolled(whole: Transcript, provider: tuple[Charter, ...], proposal: Proposal) -> tuple[Named, bytes]:
    enrolment = Warrant.from_bytes(canonical.b64u_decode(whole.enrolment))
    return enrolled_node(
        enrolment,
        Proposal.from_bytes(enrolment.proposal_bytes),
        provider,
        deployment=proposal.deployment,
        demo=proposal.demo,
    )


def _check_asks(ceremony: Ceremony, proposal: Proposal, *, node: Named, anchors: tuple[str, str]) -> None:
    asked = (ceremony.proposal, ceremony.proposal_hash, ceremony.operation)
    if asked != (proposal.proposal, proposal.sha256, proposal.operation) or ceremony.node != node:
        raise ShareRefused("other-ceremony", "The node's question is about something else.")
    if (ceremony.provider_founding, ceremony.zone_founding) != anchors:
        raise ShareRefused("other-anchor", "The question names other founding charters.")


def _named(zone: tuple[Charter, ...], proposal: Proposal) -> Charter:
    """The version of the zone's charter under which people signed."""
    for charter in zone:
        if any(one.hash == charter.sha256 for one in proposal.authorities):
            return charter
    raise ProposalRefused("other-charter", "The proposal names no version of the zone's charter.")


def _authorised(
    warrant: Warrant, proposal: Proposal, known: Sequence[Charter], *, at: int
) -> tuple[str, ...]:
    """Who authorised it, under those of the charters that the proposal names and the operation asks for."""
    found = operation(proposal.operation)
    consent = found.consent_for(found.read(proposal.parameters))
    if not found.gathers:
        raise ProposalRefused("gathers-nothing", "The operation is none that gathers shares.")
    named = {one.hash for one in proposal.authorities}
    charters = [one for one in known if one.sha256 in named and one.authority.kind in consent.kinds]
    verdict = evaluate(charters, proposal, Signatures.of(warrant), consent=consent, now=at)
    if not verdict.authorised:
        raise ProposalRefused("quorum-not-met", "The operation was not authorised.")
    return tuple(one.person.name for one in verdict.counted)


def _contributed(given: Given, ceremony: Ceremony, zone: Charter, identity: bytes) -> Contributed:
    contribution = Contribution.from_bytes(canonical.b64u_decode(given.contribution))
    check_contribution(contribution, given.assertion, ceremony=ceremony, zone=zone)
    if given.answer is None:
        return Contributed(contribution, None)
    envelope = NodeSigned.from_bytes(canonical.b64u_decode(given.answer))
    answer = ContributionAnswer.from_bytes(
        nodesigning.verify(
            envelope, identity=identity, purpose=Purpose.CONTRIBUTION_ANSWER, node=ceremony.node.id
        )
    )
    if (answer.ceremony, answer.contribution) != (ceremony.sha256, contribution.sha256):
        raise ShareRefused("other-answer", "The node's answer is to another contribution.")
    return Contributed(contribution, answer)


def _receipt(encoded: str, proposal: Proposal, node: Named, identity: bytes) -> Receipt:
    envelope = NodeSigned.from_bytes(canonical.b64u_decode(encoded))
    payload = nodesigning.verify(envelope, identity=identity, purpose=Purpose.RECEIPT, node=node.id)
    receipt = Receipt.from_bytes(payload)
    if receipt.proposal_hash != proposal.sha256 or receipt.node != node:
        raise ProposalRefused("other-receipt", "A receipt is about something else.")
    return receipt
