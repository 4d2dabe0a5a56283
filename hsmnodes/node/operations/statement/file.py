"""A signed statement with all that makes it good, in one file: verified without a console and without a node.

What it rests on are the founding charters of the two sides, whose hashes its reader knows from elsewhere.
docs/formats/statement.md describes the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from hsmnodes.node.operations.service.start import StartService
from hsmnodes.node.operations.statement.defaults import OtherDefault, other_defaults
from hsmnodes.node.operations.statement.differences import Difference, differences
from hsmnodes.node.operations.statement.sign import SignStatement, check_binds
from hsmnodes.node.operations.statement.started import started_as
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_chain
from hsmnodes.node.protocol.documents.base import Bytes, Id, Model, Named, refusal
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.charter_link import CharterLink
from hsmnodes.node.protocol.documents.proposal import AuthorityAt, Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.documents.statement import MOST_ZONES, Statement
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent, Signatures, Verdict, evaluate
from hsmnodes.node.protocol.signers import Signer
from hsmnodes.node.protocol.statements import Basis, check_made_from, redraw

LONGEST_FILE = 64_000_000
MOST_STARTS = 100
"""A service is started once on some HSMs, and perhaps again on others."""
Long = Annotated[Bytes, Field(max_length=1_400_000)]
Links = Annotated[tuple[Long, ...], Field(min_length=1, max_length=1000)]


class Zone(Model):
    """A zone with the links of its chain of charters."""

    id: Id
    links: Links


class StatementFile(Model):
    """The file: the statement, the warrant that signs it, those that started the service, every charter."""

    type: Literal["quorate/signed-statement/v1"] = "quorate/signed-statement/v1"
    statement: Long
    warrant: Long
    starts: Annotated[tuple[Long, ...], Field(min_length=1, max_length=MOST_STARTS)]
    provider: Links
    customer: Links
    zones: Annotated[tuple[Zone, ...], Field(max_length=MOST_ZONES)]


@dataclass(frozen=True)
class Verified:
    """What a file proves: the statement, who signed it, and the last charters that it holds of each chain."""

    statement: Statement
    proposal: Proposal
    signers: tuple[Signer, ...]
    latest: Basis

    @cached_property
    def since(self) -> list[Difference]:
        """What the last charters in the file say otherwise than the statement."""
        return differences(self.statement, redraw(self.statement, self.latest))

    @cached_property
    def other_defaults(self) -> list[OtherDefault]:
        """The defaults that the statement names and that are others here."""
        return other_defaults(self.statement)


def verify_file(data: bytes, *, provider: str, customer: str) -> Verified:
    """What the file proves to who knows the SHA-256 of both sides' founding charters (in hexadecimal).

    Raises Refused with the first thing that does not hold.
    """
    canonical.check_length(data, limit=LONGEST_FILE)
    try:
        whole = StatementFile.model_validate_json(data)
    except ValidationError as error:
        raise refusal(error, what="signed statement") from None
    statement = Statement.from_bytes(canonical.b64u_decode(whole.statement))
    warrant = Warrant.from_bytes(canonical.b64u_decode(whole.warrant))
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    check_binds(proposal, statement)
    sides = [_chain(whole.provider, statement, provider), _chain(whole.customer, statement, customer)]
    zones = [_chain(zone.links, statement, None) for zone in whole.zones]
    named = Basis(
        _named(sides[0], statement.provider.authority),
        _named(sides[1], statement.customer.authority),
        [
            _named(chain, stated.authority)
            for chain, stated in zip(_matched(zones, statement), statement.zones, strict=True)
        ],
    )
    check_made_from(statement, named)
    _check_service(statement, whole.starts, sides)
    signers = _authorised(
        proposal,
        warrant,
        (named.customer, named.provider),
        SignStatement.consent,
        "The statement is not signed",
    ).counted
    return Verified(
        statement, proposal, signers, Basis(sides[0][-1], sides[1][-1], [one[-1] for one in zones])
    )


def _chain(links: Sequence[str], statement: Statement, anchor: str | None) -> tuple[Charter, ...]:
    """Every version of a charter. A zone's has no anchor: the statement names a version by its hash."""
    parsed = [CharterLink.from_bytes(canonical.b64u_decode(one)) for one in links]
    founding = canonical.sha256_hex(canonical.b64u_decode(parsed[0].charter))
    return verify_chain(
        parsed, anchor=anchor or founding, deployment=statement.deployment, demo=statement.demo
    )


def _matched(chains: Sequence[tuple[Charter, ...]], statement: Statement) -> list[tuple[Charter, ...]]:
    """The chains of just the zones that are stated, in that order."""
    by_id = {chain[0].authority.id: chain for chain in chains}
    wanted = [one.authority.id for one in statement.zones]
    if len(by_id) != len(chains) or sorted(by_id) != wanted:
        raise ProposalRefused("other-zones", "The file does not have just the zones that are stated.")
    return [by_id[one] for one in wanted]


def _named(chain: Sequence[Charter], authority: AuthorityAt) -> Charter:
    """The version of a charter that the statement was drawn up from."""
    for charter in chain:
        if charter.sha256 == authority.hash:
            return charter
    raise ProposalRefused("other-charter", f"The file lacks the charter of {authority.name} that is stated.")


def _check_service(statement: Statement, starts: Sequence[str], sides: Sequence[tuple[Charter, ...]]) -> None:
    """Check that both sides authorised the service as the statement says that it is, its mode too.

    Raises ProposalRefused.
    """
    proposals = []
    for raw in starts:
        warrant = Warrant.from_bytes(canonical.b64u_decode(raw))
        proposal = Proposal.from_bytes(warrant.proposal_bytes)
        consenting = [_consenting(chain, proposal) for chain in sides]
        _authorised(proposal, warrant, consenting, StartService.consent, "The service was not started")
        proposals.append(proposal)
    authority = statement.customer.authority
    found = started_as(
        statement.service.id,
        proposals,
        customer=Named(id=authority.id, name=authority.name),
        founding=sides[1][0].sha256,
    )
    if found != statement.service:
        raise ProposalRefused(
            "other-service",
            f"The service {found.name} was started as {found.mode}, and the statement says otherwise.",
        )


def _consenting(chain: Sequence[Charter], proposal: Proposal) -> Charter:
    """The version of a side's charter by which it consented to a proposal. Raises ProposalRefused."""
    for authority in proposal.authorities:
        if authority.id == chain[0].authority.id:
            return _named(chain, authority)
    raise ProposalRefused("other-service", f"{chain[0].authority.name} did not consent to the service.")


def _authorised(
    proposal: Proposal, warrant: Warrant, charters: Sequence[Charter], consent: Consent, otherwise: str
) -> Verdict:
    """How both sides signed, as of when the proposal was made: signatures bear no time of their own.

    Raises ProposalRefused if they did not.
    """
    signatures = Signatures.of(warrant)
    verdict = evaluate(charters, proposal, signatures, consent=consent, now=proposal.not_before)
    if not verdict.authorised:
        reason = verdict.problems[0].message if verdict.problems else "Signatures are missing."
        raise ProposalRefused("quorum-not-met", f"{otherwise} by both sides: {reason}")
    return verdict
