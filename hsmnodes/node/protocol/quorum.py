"""Whether a proposal is authorised: the one place where signatures are counted.

`evaluate` is pure. The console shows its verdict as progress and a node decides by it. What it holds to:

* a rule that is missing or empty denies, and so does anything that cannot be checked;
* of the alternatives of a rule one is enough, and each of them keeps to the floor;
* a clause counts distinct persons and distinct public keys; two persons who share a key are one;
* one person fills one seat in all clauses of an alternative together (a maximum matching);
* the requester never counts;
* every authority the operation needs consents by its own charter, at the version the proposal names;
* a valid rejection, or a cancellation, by anyone who could sign closes the proposal.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress

from hsmnodes.node.protocol.closing import Closed, find_closing
from hsmnodes.node.protocol.documents.charter import Authority, AuthorityKind, Charter, Clause, Person
from hsmnodes.node.protocol.documents.proposal import Proposal, Requester
from hsmnodes.node.protocol.documents.signatures import Approval, Assertion, Cancellation, Rejection, Warrant
from hsmnodes.node.protocol.errors import Refused, SignatureRefused
from hsmnodes.node.protocol.matching import seat
from hsmnodes.node.protocol.problems import (
    Problem,
    custodians_apart,
    lifetime_problems,
    rule_problems,
    time_problems,
    validity_problems,
)
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.seating import Ruling, Seating, rules_for
from hsmnodes.node.protocol.signers import Found, Signer, find_signers_of


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
class Ignored:
    """A signature that was not counted, and why."""

    credential_id: str
    person: str | None
    code: str
    message: str


@dataclass(frozen=True)
class ClauseVerdict:
    """One clause of a charter: who sits in its seats, and how many are still empty.

    `could_sit` is whether the person with an id may sit anywhere: all but the requester may.
    """

    charter: Charter
    clause: Clause
    seated: tuple[Signer, ...]
    missing: int
    could_sit: Callable[[str], bool] = field(repr=False, compare=False)

    @property
    def authority(self) -> Authority:
        """Whose clause it is."""
        return self.charter.authority

    @cached_property
    def eligible(self) -> tuple[str, ...]:
        """The ids of those who could take one of its seats, empty or not."""
        able = self.charter.eligible(self.clause)
        return tuple(one.id for one in self.charter.people if one.id in able and self.could_sit(one.id))


@dataclass(frozen=True)
class Verdict:
    """What became of the signatures: counted by clause, ignored with reasons, and what is missing.

    `clauses` are those of the alternative that lacks least, the first of several; `others` are the other
    alternatives, each with its clauses, in the order of the rules.
    """

    clauses: tuple[ClauseVerdict, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    problems: tuple[Problem, ...] = ()
    closed: Closed | None = None
    others: tuple[tuple[ClauseVerdict, ...], ...] = ()

    @property
    def counted(self) -> tuple[Signer, ...]:
        """Who sits in a seat of the alternative that lacks least."""
        return tuple(signer for clause in self.clauses for signer in clause.seated)

    @property
    def missing(self) -> int:
        """How many seats are still empty in the alternative that lacks least."""
        return lacking(self.clauses)

    @property
    def authorised(self) -> bool:
        """Whether the proposal may be carried out: nothing speaks against it and every seat is filled."""
        return not self.problems and self.closed is None and bool(self.clauses) and self.missing == 0


def lacking(clauses: Sequence[ClauseVerdict]) -> int:
    """How many seats are still empty in all of these clauses together."""
    return sum(clause.missing for clause in clauses)


def evaluate(
    charters: Sequence[Charter],
    proposal: Proposal,
    signatures: Signatures,
    *,
    consent: Consent,
    now: int,
    suspended: Collection[str] = (),
    announced: int | None = None,
    contributors: Collection[str] = (),
) -> Verdict:
    """Count what is signed about `proposal` under `charters`, those it names, at `now` (Unix seconds).

    `announced` is when it was first seen that enough had signed, from which a delay runs, if it was; whether
    the delay is over is for the caller to see. Tokens whose credential ids are `suspended` do not count; they
    close a proposal like any other. Nor do `contributors`, the ids of people who give a share for it, where a
    rule has them apart.

    Never raises for bad signatures or charters that do not fit: what does not count stands in the verdict
    with its reason. A verdict with problems is never authorised.
    """
    problems = [
        *_binding(charters, proposal, consent),
        *time_problems(charters, proposal, now, announced=announced),
        *validity_problems(charters, proposal.operation, now),
    ]
    return tally(
        charters,
        proposal,
        signatures,
        floor=consent.floor,
        problems=problems,
        suspended=suspended,
        contributors=contributors,
    )


def tally(
    charters: Sequence[Charter],
    proposal: Proposal,
    signatures: Signatures,
    *,
    floor: int,
    problems: Sequence[Problem] = (),
    related: Sequence[Charter] = (),
    suspended: Collection[str] = (),
    contributors: Collection[str] = (),
    ruling: Ruling | None = None,
    anybody_of: Charter | None = None,
) -> Verdict:
    """Count `signatures` under `charters` without asking whether the proposal names just those charters.

    An amendment is counted so under the new version too, which no proposal can name in its authorities;
    `related` are further charters by which persons are recognised as one. For a recovery `ruling` says by
    which of its rules each charter is asked, and `anybody_of` is the charter of which everyone can stop it.
    """
    found = [
        *problems,
        *rule_problems(charters, ruling or rules_for(proposal.operation), floor),
        *lifetime_problems(charters, proposal, ruling),
    ]
    seating = Seating(charters, proposal.operation, related=related, ruling=ruling)
    requested, approved = _find(charters, proposal, signatures)
    requester = _requester(proposal, *requested)
    if isinstance(requester, Problem):
        found.append(requester)
    elif signatures.request.credential_id in suspended:
        found.append(Problem("request-suspended", "The requester signed with a token that is suspended."))
    apart = contributors if contributors and custodians_apart(charters, proposal.operation) else ()
    counting = _Counting(seating, proposal, suspended, apart)
    for approval, (signers, refusal) in zip(signatures.approvals, approved, strict=True):
        counting.add(approval.assertion.credential_id, signers, refusal)
    ways = [counting.verdicts(way) for way in seating.ways]
    nearest = min(ways, key=lacking)
    requests = requester.person if isinstance(requester, Signer) else None
    return Verdict(
        clauses=nearest,
        ignored=tuple(counting.ignored),
        problems=tuple(found),
        closed=find_closing(charters, seating.clauses, proposal, signatures, requests, anybody_of=anybody_of),
        others=tuple(way for way in ways if way is not nearest),
    )


def without_request(verdict: Verdict, old: Verdict) -> Verdict:
    """A count under a new version without what it has against the request.

    Who requests need not be in it, as long as `old`, the count under the version in force, has no problem.
    """
    if old.problems:
        return verdict
    left = tuple(problem for problem in verdict.problems if not problem.code.startswith("request-"))
    return replace(verdict, problems=left)


_OTHER: Found = [], SignatureRefused("other-proposal", "It is a signature for another proposal.")


class _Counting:
    """Signers by identity, each once, with the clauses they may sit in; and what was ignored."""

    def __init__(
        self, seating: Seating, proposal: Proposal, suspended: Collection[str], apart: Collection[str]
    ) -> None:
        self.apart = {seating.identities.of(one) for one in apart}
        self.suspended = suspended
        self.seating = seating
        self.requester = seating.identities.of(proposal.requester.id)
        self.signers: dict[str, dict[int, Signer]] = {}
        self.ignored: list[Ignored] = []

    def add(self, credential: str, signers: Sequence[Signer], refusal: Refused | None) -> None:
        """Count an approval by the token with this credential id, or note why it is ignored."""
        if refusal is not None:
            self._ignore(credential, None, refusal.code, refusal.message)
            return
        person = signers[0].person
        identity = self.seating.identities.of(person.id)
        places: dict[int, Signer] = {}
        for signer in signers:
            places |= dict.fromkeys(self.seating.places(signer.charter, signer.person), signer)
        if identity == self.requester:
            self._ignore(credential, person.name, "requester", "Who proposes does not count.")
        elif credential in self.suspended:
            self._ignore(credential, person.name, "suspended", "The token is suspended.")
        elif identity in self.apart:
            self._ignore(credential, person.name, "custodian-apart", "Who gives a share does not count.")
        elif not places:
            self._ignore(credential, person.name, "no-seat", "No clause asks for this person's role.")
        elif places.keys() <= self.signers.get(identity, {}).keys():
            self._ignore(credential, person.name, "counted-already", "A person counts once.")
        else:
            self.signers.setdefault(identity, {}).update(places)

    def verdicts(self, way: Sequence[int]) -> tuple[ClauseVerdict, ...]:
        """The clauses of one way, with as many of their seats filled as can be."""
        seats = seat(list(self.signers), self.seating.wanted(way, self.signers))
        return tuple(self._verdict(index, taken) for index, taken in zip(way, seats, strict=True))

    def _verdict(self, index: int, taken: Sequence[str]) -> ClauseVerdict:
        charter, clause = self.seating.clauses[index]
        seated = tuple([self.signers[one][index] for one in taken])
        return ClauseVerdict(charter, clause, seated, clause.m - len(taken), self._is_not_the_requester)

    def _is_not_the_requester(self, person: str) -> bool:
        return self.seating.identities.of(person) != self.requester

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
    if sorted(named) != sorted([charter.named for charter in charters]):
        return [Problem("other-charter", "A charter in force is not the version that the proposal names.")]
    if any((c.deployment, c.demo) != (proposal.deployment, proposal.demo) for c in charters):
        return [Problem("other-deployment", "The proposal and a charter are of different deployments.")]
    return []


def _find(
    charters: Sequence[Charter], proposal: Proposal, signatures: Signatures
) -> tuple[Found, list[Found]]:
    """Who signed the request, and who each of the approvals; what is for another proposal is not verified."""
    challenges = challenge(Purpose.PROPOSE, proposal.raw), challenge(Purpose.APPROVE, proposal.raw)
    ours = [one.proposal == proposal.sha256 for one in signatures.approvals]
    claims = [(one.assertion, challenges[1]) for one in compress(signatures.approvals, ours)]
    requested, *found = find_signers_of(charters, [(signatures.request, challenges[0]), *claims])
    approved = iter(found)
    return requested, [next(approved) if our else _OTHER for our in ours]


def _requester(proposal: Proposal, signers: Sequence[Signer], refusal: Refused | None) -> Signer | Problem:
    """Who requests: their token signed the proposal, and they are who it says, in one of the charters."""
    if refusal is not None:
        return Problem(
            "request-" + refusal.code, "The requester's own signature does not hold: " + refusal.message
        )
    wanted = _names(proposal.requester)
    for signer in signers:
        if _names(signer.person) == wanted:
            return signer
    return Problem("other-requester", "The proposal was signed by someone else than the requester it names.")


def _names(person: Person | Requester) -> tuple[str, str, str, str]:
    """The ids and names of a person and their organisation."""
    return person.id, person.name, person.organisation.id, person.organisation.name
