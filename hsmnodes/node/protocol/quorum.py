"""Whether a proposal is authorised: the one place where signatures are counted.

`evaluate` is pure. The console shows its verdict as progress and a node decides by it. What it holds to:

* a rule that is missing or empty denies, and so does anything that cannot be checked;
* a clause counts distinct persons and distinct public keys; two persons who share a key are one;
* one person fills one seat in all clauses together (a maximum matching);
* the requester never counts;
* every authority the operation needs consents by its own charter, at the version the proposal names;
* a valid rejection, or a cancellation, by anyone who could sign closes the proposal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hsmnodes.node.protocol.consistency import AMEND
from hsmnodes.node.protocol.documents.charter import Authority, AuthorityKind, Charter, Clause
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Approval, Assertion, Cancellation, Rejection, Warrant
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.identities import Identities
from hsmnodes.node.protocol.matching import seat
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.signers import Signer, find_signers, read_statement


@dataclass(frozen=True)
class Consent:
    """What an operation demands whatever charters say: whose consent, and at least how many of each."""

    kinds: tuple[AuthorityKind, ...]
    floor: int = 2


@dataclass(frozen=True)
class Signatures:
    """The signatures about one proposal, in the order they came."""

    request: Assertion
    approvals: tuple[Approval, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    cancellations: tuple[Cancellation, ...] = ()

    @classmethod
    def of(cls, warrant: Warrant) -> "Signatures":
        """The signatures a warrant carries."""
        return cls(warrant.request, warrant.approvals, warrant.rejections, warrant.cancellations)


@dataclass(frozen=True)
class Problem:
    """Why a proposal cannot be authorised, whoever signs."""

    code: str
    message: str


@dataclass(frozen=True)
class Ignored:
    """A signature that was not counted, and why."""

    credential_id: str
    person: str | None
    code: str
    message: str


@dataclass(frozen=True)
class ClauseVerdict:
    """One clause: who sits in its seats, how many are still empty, and who could take one."""

    authority: Authority
    clause: Clause
    seated: tuple[Signer, ...]
    missing: int
    eligible: tuple[str, ...]


@dataclass(frozen=True)
class Closed:
    """A rejection or cancellation that closes the proposal."""

    kind: str
    person: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What became of the signatures: counted by clause, ignored with reasons, and what is missing."""

    clauses: tuple[ClauseVerdict, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    problems: tuple[Problem, ...] = ()
    closed: Closed | None = None
    counted: tuple[Signer, ...] = field(default=())

    @property
    def missing(self) -> int:
        """How many seats are still empty."""
        return sum(clause.missing for clause in self.clauses)

    @property
    def authorised(self) -> bool:
        """Whether the proposal may be carried out: nothing speaks against it and every seat is filled."""
        return not self.problems and self.closed is None and bool(self.clauses) and self.missing == 0


def evaluate(
    charters: Sequence[Charter], proposal: Proposal, signatures: Signatures, *, consent: Consent, now: int
) -> Verdict:
    """Count what is signed about `proposal` under `charters`, those it names, at `now` (Unix seconds).

    Never raises for bad signatures or charters that do not fit: what does not count stands in the verdict
    with its reason. A verdict with problems is never authorised.
    """
    problems = [*_binding(charters, proposal, consent), *_time(charters, proposal, now)]
    return tally(charters, proposal, signatures, floor=consent.floor, problems=problems)


def tally(
    charters: Sequence[Charter],
    proposal: Proposal,
    signatures: Signatures,
    *,
    floor: int,
    problems: Sequence[Problem] = (),
    related: Sequence[Charter] = (),
) -> Verdict:
    """Count `signatures` under `charters` without asking whether the proposal names just those charters.

    An amendment is counted so under the new version too, which no proposal can name in its authorities;
    `related` are further charters by which persons are recognised as one.
    """
    found = [*problems, *_rules(charters, proposal.operation, floor)]
    identities = Identities([*charters, *related])
    requester = _requester(charters, proposal, signatures.request)
    if isinstance(requester, Problem):
        found.append(requester)
    clauses = [(charter, clause) for charter in charters for clause in _clauses(charter, proposal.operation)]
    counting = _Counting(charters, clauses, identities, proposal)
    for approval in signatures.approvals:
        counting.add(approval)
    seats = seat(list(counting.signers), counting.wanted)
    verdicts = tuple(counting.verdict(index, taken) for index, taken in enumerate(seats))
    return Verdict(
        clauses=verdicts,
        ignored=tuple(counting.ignored),
        problems=tuple(found),
        closed=_closed(charters, clauses, proposal, signatures, requester),
        counted=tuple(signer for verdict in verdicts for signer in verdict.seated),
    )


class _Counting:
    """Signers by identity, each once, with the clauses they may sit in; and what was ignored."""

    def __init__(
        self,
        charters: Sequence[Charter],
        clauses: Sequence[tuple[Charter, Clause]],
        identities: Identities,
        proposal: Proposal,
    ) -> None:
        self.charters = charters
        self.proposal = proposal
        self.identities = identities
        self.eligible = [charter.eligible(clause) for charter, clause in clauses]
        self.clauses = clauses
        self.challenge = challenge(Purpose.APPROVE, proposal.raw)
        self.requester = identities.of(proposal.requester.id)
        self.signers: dict[str, dict[int, Signer]] = {}
        self.ignored: list[Ignored] = []

    @property
    def wanted(self) -> list[tuple[int, frozenset[str]]]:
        """For each clause how many people it wants and which identities may sit there."""
        return [
            (clause.m, frozenset(one for one, places in self.signers.items() if index in places))
            for index, (_, clause) in enumerate(self.clauses)
        ]

    def add(self, approval: Approval) -> None:
        """Count an approval, or note why it is ignored."""
        credential = approval.assertion.credential_id
        if approval.proposal != self.proposal.sha256:
            self._ignore(credential, None, "other-proposal", "It is a signature for another proposal.")
            return
        signers, refusal = find_signers(self.charters, approval.assertion, self.challenge)
        if refusal is not None:
            self._ignore(credential, None, refusal.code, refusal.message)
            return
        person = signers[0].person
        identity = self.identities.of(person.id)
        places = self._places(signers)
        known = self.signers.setdefault(identity, {}) if places and identity != self.requester else {}
        if identity == self.requester:
            self._ignore(credential, person.name, "requester", "Who proposes does not count.")
        elif not places:
            self._ignore(credential, person.name, "no-seat", "No clause asks for this person's role.")
        elif places.keys() <= known.keys():
            self._ignore(credential, person.name, "counted-already", "A person counts once.")
        else:
            known.update(places)

    def verdict(self, index: int, taken: Sequence[str]) -> ClauseVerdict:
        """The clause at `index` with the identities `taken` in its seats, and who could take one."""
        charter, clause = self.clauses[index]
        return ClauseVerdict(
            authority=charter.authority,
            clause=clause,
            seated=tuple(self.signers[one][index] for one in taken),
            missing=clause.m - len(taken),
            eligible=tuple(
                person.id
                for person in charter.people
                if person.id in self.eligible[index] and self.identities.of(person.id) != self.requester
            ),
        )

    def _places(self, signers: Sequence[Signer]) -> dict[int, Signer]:
        """The clauses that the signers of one assertion, all one person, could sit in."""
        return {
            index: signer
            for signer in signers
            for index, (charter, _) in enumerate(self.clauses)
            if charter is signer.charter and signer.person.id in self.eligible[index]
        }

    def _ignore(self, credential: str, person: str | None, code: str, message: str) -> None:
        self.ignored.append(Ignored(credential, person, code, message))


def _binding(charters: Sequence[Charter], proposal: Proposal, consent: Consent) -> list[Problem]:
    """Whether the charters are just those the proposal names, and of just the kinds the operation needs."""
    kinds = sorted(authority.kind for authority in proposal.authorities)
    if not consent.kinds or kinds != sorted(consent.kinds):
        return [
            Problem("wrong-authorities", "The proposal does not name the authorities the operation needs.")
        ]
    named = [(one.kind, one.id, one.name, one.version, one.hash) for one in proposal.authorities]
    given = [(c.authority.kind, c.authority.id, c.authority.name, c.version, c.sha256) for c in charters]
    if sorted(named) != sorted(given):
        return [Problem("other-charter", "A charter in force is not the version that the proposal names.")]
    if any((c.deployment, c.demo) != (proposal.deployment, proposal.demo) for c in charters):
        return [Problem("other-deployment", "The proposal and a charter are of different deployments.")]
    return []


def _time(charters: Sequence[Charter], proposal: Proposal, now: int) -> list[Problem]:
    problems = []
    if now < proposal.not_before:
        problems.append(Problem("too-early", "The proposal is not valid yet."))
    if now >= proposal.expires_at:
        problems.append(Problem("expired", "The proposal has expired."))
    for charter in charters:
        if now < charter.valid_from:
            problems.append(
                Problem("charter-not-yet", f"The charter of {charter.authority.name} is not valid yet.")
            )
        if now >= charter.valid_until and proposal.operation != AMEND:
            problems.append(
                Problem("charter-expired", f"The charter of {charter.authority.name} has expired.")
            )
    return problems


def _rules(charters: Sequence[Charter], operation: str, floor: int) -> list[Problem]:
    problems = []
    if not charters:
        problems.append(Problem("no-charter", "No charter decides."))
    for charter in charters:
        seats = sum(clause.m for clause in _clauses(charter, operation))
        if not seats:
            problems.append(
                Problem("no-rule", f"The charter of {charter.authority.name} does not allow this.")
            )
        elif seats < floor:
            problems.append(
                Problem(
                    "below-floor",
                    f"The charter of {charter.authority.name} asks for fewer than {floor} people.",
                )
            )
    return problems


def _clauses(charter: Charter, operation: str) -> Sequence[Clause]:
    rule = charter.rule(operation)
    return rule.clauses if rule is not None else ()


def _requester(charters: Sequence[Charter], proposal: Proposal, request: Assertion) -> Signer | Problem:
    """Who requests: their token signed the proposal, and they are who it says, in one of the charters."""
    signers, refusal = find_signers(charters, request, challenge(Purpose.PROPOSE, proposal.raw))
    if refusal is not None:
        return Problem(
            "request-" + refusal.code, "The requester's own signature does not hold: " + refusal.message
        )
    wanted = proposal.requester
    for signer in signers:
        person = signer.person
        if (person.id, person.name, person.organisation) == (wanted.id, wanted.name, wanted.organisation):
            return signer
    return Problem("other-requester", "The proposal was signed by someone else than the requester it names.")


def _closed(
    charters: Sequence[Charter],
    clauses: Sequence[tuple[Charter, Clause]],
    proposal: Proposal,
    signatures: Signatures,
    requester: Signer | Problem,
) -> Closed | None:
    """The first valid rejection, or cancellation, by the requester or anyone who could sit in a clause."""
    for kind, purpose, signed in (
        ("rejected", Purpose.REJECT, signatures.rejections),
        ("cancelled", Purpose.CANCEL, signatures.cancellations),
    ):
        for one in signed:
            found = _closes(charters, clauses, proposal, one, purpose=purpose, requester=requester)
            if found is not None:
                return Closed(kind, *found)
    return None


def _closes(
    charters: Sequence[Charter],
    clauses: Sequence[tuple[Charter, Clause]],
    proposal: Proposal,
    signed: Rejection | Cancellation,
    *,
    purpose: Purpose,
    requester: Signer | Problem,
) -> tuple[str, str] | None:
    try:
        statement = read_statement(signed)
    except Refused:
        return None
    if (statement.deployment, statement.proposal, statement.proposal_hash) != (
        proposal.deployment,
        proposal.proposal,
        proposal.sha256,
    ):
        return None
    signers, _ = find_signers(charters, signed.assertion, challenge(purpose, statement.raw))
    for signer in signers:
        requested = isinstance(requester, Signer) and signer.person.id == requester.person.id
        concerned = requested or any(
            charter is signer.charter and signer.person.id in charter.eligible(clause)
            for charter, clause in clauses
        )
        if concerned and (signer.person.id, signer.person.name) == (
            statement.person.id,
            statement.person.name,
        ):
            return signer.person.name, statement.reason
    return None
