"""How a proposal stands: the protocol's own count, over the charters and signatures the console has.

The same `evaluate` decides on a node. For an amendment both versions of the charter count.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hsmnodes.node.operations.registry import operation as find_operation
from hsmnodes.node.protocol.charters import amendment_verdicts
from hsmnodes.node.protocol.closing import Closed
from hsmnodes.node.protocol.documents import Assertion, Charter
from hsmnodes.node.protocol.problems import Problem, validity_problems
from hsmnodes.node.protocol.quorum import (
    ClauseVerdict,
    Ignored,
    Signatures,
    Verdict,
    evaluate,
)
from hsmnodes.node.protocol.recovery import recovery_verdicts
from tenants import charters, clock, tags, tokens
from tenants.models import Proposal, State

NOT_OF_A_RECOVERY = ("no-rule", "charter-expired", "lives-too-long")
"""What evaluate finds against a recovery that is counted by a clause, and may renew its own charter."""
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
        """Every clause with its seats, where there are alternatives those of the one that lacks least."""
        return tuple(clause for verdict in self.verdicts for clause in verdict.clauses)

    @property
    def others(self) -> tuple[tuple[ClauseVerdict, ...], ...]:
        """The other alternatives, each with the clauses that it takes."""
        return tuple(way for verdict in self.verdicts for way in verdict.others)

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
        """The ids of the people who could still take an empty seat, in any alternative."""
        return frozenset(
            person
            for way in (self.clauses, *self.others)
            for person in _could_sit(way) - (_sitting(way) if len(self.verdicts) == 1 else frozenset())
        )


def _could_sit(clauses: Sequence[ClauseVerdict]) -> frozenset[str]:
    return frozenset(person for clause in clauses if clause.missing for person in clause.eligible)


def _sitting(clauses: Sequence[ClauseVerdict]) -> frozenset[str]:
    return frozenset(signer.person.id for clause in clauses for signer in clause.seated)


def signatures_of(proposal: Proposal) -> Signatures:
    """Everything signed about a proposal, in the order it came."""
    return Signatures(
        request=proposal.request_assertion or NOBODY,
        approvals=tuple(one.document() for one in proposal.approvals.all()),
        rejections=tuple(one.document() for one in proposal.rejections.all()),
        cancellations=tuple(one.document() for one in proposal.cancellations.all()),
    )


def standing_of(proposal: Proposal) -> Standing:
    """How the stored proposal stands: an open one now, a closed one as it was decided."""
    if proposal.state in (State.DRAFT, State.PROPOSED):
        standing = standing_with(proposal, signatures_of(proposal))
    else:
        standing = _as_decided(proposal, signatures_of(proposal))
    if proposal.state == State.DRAFT:
        return Standing(tuple(_without_request(verdict) for verdict in standing.verdicts))
    return standing


def standing_with(proposal: Proposal, signatures: Signatures) -> Standing:
    """How an open proposal stands with these signatures: those of tokens that are suspended do not count."""
    return stand(proposal, signatures, now=clock.unix_now(), suspended=_suspended(proposal, signatures))


def after_delay(proposal: Proposal) -> Standing:
    """How what was authorised, and has waited for a delay, stands by now: as a node counts it then.

    The tokens that were suspended since do not count. Charters are those in force, and the proposal's time is
    moved on by the delay; but a change of a charter follows the version it names, whenever that is.
    """
    signatures, decided = signatures_of(proposal), proposal.authorised_at
    suspended = _suspended(proposal, signatures)
    if proposal.operation in tags.CHANGE_CHARTERS or decided is None:
        return _as_decided(proposal, signatures, suspended=suspended)
    announced = int(decided.timestamp())
    return stand(proposal, signatures, now=clock.unix_now(), suspended=suspended, announced=announced)


def _as_decided(proposal: Proposal, signatures: Signatures, *, suspended: Collection[str] = ()) -> Standing:
    """The count under the charters that the proposal names, as of when it was decided."""
    document = proposal.document
    decided = proposal.authorised_at or proposal.finished_at
    moment = int(decided.timestamp()) if decided else document.not_before
    return stand(
        proposal,
        signatures,
        now=min(max(moment, document.not_before), document.expires_at - 1),
        under=charters.by_hash(authority.hash for authority in document.authorities),
        suspended=suspended,
    )


def _suspended(proposal: Proposal, signatures: Signatures) -> frozenset[str]:
    """The tokens that signed and do not count."""
    signed = [
        signatures.request.credential_id,
        *(one.assertion.credential_id for one in signatures.approvals),
    ]
    authorities = [authority.id for authority in proposal.document.authorities]
    return tokens.not_counting(signed, authorities)


def stand(
    proposal: Proposal,
    signatures: Signatures,
    *,
    now: int,
    under: Sequence[Charter] | None = None,
    suspended: Collection[str] = (),
    announced: int | None = None,
) -> Standing:
    """Count `signatures` under the charters in force, or those given, at `now` (Unix seconds).

    `announced` is since when it waits for a delay, if it does.
    """
    document = proposal.document
    known = charters.in_force(authority.id for authority in document.authorities)
    counting = [*known.values()] if under is None else under
    operation = find_operation(document.operation)
    consent = operation.consent_for(operation.read(document.parameters))
    verdict = evaluate(
        counting,
        document,
        signatures,
        consent=consent,
        now=now,
        suspended=suspended,
        announced=announced,
    )
    if document.operation not in tags.CHANGE_CHARTERS or not counting:
        return Standing((verdict,))
    new = charters.by_hash([document.parameters["charter"]])
    if not new:
        missing = Problem("other-amendment", "The new version of the charter is not here.")
        return Standing((Verdict(problems=(*verdict.problems, missing)),))
    # What is counted here leaves time and binding to whoever asks; evaluate has just looked at them.
    if document.operation == tags.RECOVER_CHARTER:
        recovered = [one for one in counting if one.sha256 == document.previous]
        if not recovered:
            return Standing((verdict,))
        [current] = recovered
        others = sorted((one for one in counting if one is not current), key=lambda one: one.authority.kind)
        old, after = recovery_verdicts(current, new[0], others, document, signatures, suspended=suspended)
        about = [one for one in verdict.problems if one.code not in NOT_OF_A_RECOVERY]
        about += validity_problems(others, document.operation, now)
    else:
        old, after = amendment_verdicts(counting[0], new[0], document, signatures, suspended=suspended)
        about = list(verdict.problems)
    problems = tuple(dict.fromkeys((*old.problems, *about)))
    return Standing((replace(old, problems=problems), after))


def _without_request(verdict: Verdict) -> Verdict:
    """A draft is not signed by its requester yet: that is no problem of it."""
    left = tuple(problem for problem in verdict.problems if not problem.code.startswith("request-"))
    return replace(verdict, problems=left)
