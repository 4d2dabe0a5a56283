"""How a proposal stands: the protocol's own count, over the charters and signatures the console has.

The same `evaluate` decides on a node. For an amendment both versions of the charter count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hsmnodes.node.operations.registry import operation as find_operation
from hsmnodes.node.protocol.charters import amendment_verdicts
from hsmnodes.node.protocol.documents import Assertion, Charter
from hsmnodes.node.protocol.quorum import (
    ClauseVerdict,
    Closed,
    Ignored,
    Problem,
    Signatures,
    Verdict,
    evaluate,
)
from tenants import charters, clock, tags
from tenants.models import Proposal, State

NOBODY = Assertion(credential_id="", authenticator_data="", client_data="", signature="")


@dataclass(frozen=True)
class Standing:
    """The verdicts on a proposal: one, or for an amendment two (the version in force, and the new one)."""

    verdicts: tuple[Verdict, ...]

    @property
    def authorised(self) -> bool:
        """Whether it may be carried out."""
        return bool(self.verdicts) and all(verdict.authorised for verdict in self.verdicts)

    @property
    def clauses(self) -> tuple[ClauseVerdict, ...]:
        """Every clause with its seats."""
        return tuple(clause for verdict in self.verdicts for clause in verdict.clauses)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What speaks against it, whoever signs."""
        return tuple(dict.fromkeys(problem for verdict in self.verdicts for problem in verdict.problems))

    @property
    def ignored(self) -> tuple[Ignored, ...]:
        """Signatures that count nowhere."""
        common = (
            set.intersection(*(set(verdict.ignored) for verdict in self.verdicts)) if self.verdicts else set()
        )
        return tuple(one for verdict in self.verdicts[:1] for one in verdict.ignored if one in common)

    @property
    def closed(self) -> Closed | None:
        """The rejection or cancellation that closes it."""
        return next((verdict.closed for verdict in self.verdicts if verdict.closed), None)

    @property
    def seats(self) -> int:
        """How many seats there are."""
        return sum(clause.clause.m for clause in self.clauses)

    @property
    def missing(self) -> int:
        """How many of them are empty."""
        return sum(clause.missing for clause in self.clauses)

    @property
    def wanted(self) -> frozenset[str]:
        """The ids of the people who could still take an empty seat."""
        seated = {signer.person.id for verdict in self.verdicts for signer in verdict.counted}
        return frozenset(
            person for clause in self.clauses if clause.missing for person in clause.eligible
        ) - (seated if len(self.verdicts) == 1 else frozenset())


def signatures_of(proposal: Proposal) -> Signatures:
    """Everything signed about a proposal, in the order it came."""
    return Signatures(
        request=proposal.request_assertion or NOBODY,
        approvals=tuple(one.document() for one in proposal.approvals.all()),
        rejections=tuple(one.document() for one in proposal.rejections.all()),
        cancellations=tuple(one.document() for one in proposal.cancellations.all()),
    )


def standing_of(proposal: Proposal, *, now: int | None = None) -> Standing:
    """How the stored proposal stands: an open one now, a closed one as it was decided."""
    if proposal.state in (State.DRAFT, State.PROPOSED):
        standing = stand(proposal, signatures_of(proposal), now=now or clock.unix_now())
    else:
        document = proposal.document
        decided = proposal.authorised_at or proposal.finished_at
        moment = int(decided.timestamp()) if decided else document.not_before
        standing = stand(
            proposal,
            signatures_of(proposal),
            now=min(max(moment, document.not_before), document.expires_at - 1),
            under=charters.by_hash(authority.hash for authority in document.authorities),
        )
    if proposal.state == State.DRAFT:
        return Standing(tuple(_without_request(verdict) for verdict in standing.verdicts))
    return standing


def stand(
    proposal: Proposal, signatures: Signatures, *, now: int, under: Sequence[Charter] | None = None
) -> Standing:
    """Count `signatures` under the charters in force, or those given, at `now` (Unix seconds)."""
    document = proposal.document
    known = charters.in_force(authority.id for authority in document.authorities)
    counting = [*known.values()] if under is None else under
    operation = find_operation(document.operation)
    consent = operation.consent_for(operation.read(document.parameters))
    verdict = evaluate(counting, document, signatures, consent=consent, now=now)
    if document.operation != tags.AMEND_CHARTER or not counting:
        return Standing((verdict,))
    new = charters.by_hash([document.parameters["charter"]])
    if not new:
        missing = Problem("other-amendment", "The new version of the charter is not here.")
        return Standing((Verdict(problems=(*verdict.problems, missing)),))
    old, after = amendment_verdicts(counting[0], new[0], document, signatures)
    # amendment_verdicts leaves time and binding to whoever asks; evaluate has just looked at them.
    problems = tuple(dict.fromkeys((*old.problems, *verdict.problems)))
    return Standing((Verdict(old.clauses, old.ignored, problems, old.closed, old.counted), after))


def _without_request(verdict: Verdict) -> Verdict:
    """A draft is not signed by its requester yet: that is no problem of it."""
    left = tuple(problem for problem in verdict.problems if not problem.code.startswith("request-"))
    return Verdict(verdict.clauses, verdict.ignored, left, verdict.closed, verdict.counted)
