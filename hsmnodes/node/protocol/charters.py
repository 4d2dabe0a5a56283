"""How charters come into force: founded by everyone in them, amended under old and new thresholds.

Charters change like TUF roots: exactly one version at a time, each linked to its predecessor by hash, never
back. A pure function takes the version in force and a link, and returns the next version or raises.
An amendment's own window of time is not asked here, since a node may learn of it long after; what counts is
that it was signed, was not cancelled, and follows. Two valid successors of one version freeze the authority.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.consistency import AMEND, RECOVER, unsatisfiable
from hsmnodes.node.protocol.control import change_of_side, out_of_control
from hsmnodes.node.protocol.documents.charter import Charter, Person, Role, Token, ZoneTerms
from hsmnodes.node.protocol.documents.charter_link import CharterLink, SideChain
from hsmnodes.node.protocol.documents.proposal import AuthorityAt, Proposal
from hsmnodes.node.protocol.documents.share_keys import ShareKey
from hsmnodes.node.protocol.documents.signatures import Assertion, Warrant
from hsmnodes.node.protocol.errors import CharterRefused, Refused
from hsmnodes.node.protocol.identities import Identities
from hsmnodes.node.protocol.problems import Problem
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.quorum import Signatures, Verdict, tally, without_request
from hsmnodes.node.protocol.recovery import beyond, is_side, recovery_verdicts
from hsmnodes.node.protocol.webauthn import verify_assertion

AMENDMENT_FLOOR = 2


def verify_founding(link: CharterLink, *, deployment: str, demo: bool) -> Charter:
    """The first version of a charter, signed by every token of everyone in it.

    Raises Refused if it is not.
    """
    charter = Charter.from_bytes(canonical.b64u_decode(link.charter))
    if link.warrant is not None or charter.version != 1:
        raise CharterRefused("not-founding", "This is not the founding version of a charter.")
    if (charter.deployment, charter.demo) != (deployment, demo):
        raise CharterRefused("other-deployment", "The charter is of another deployment.")
    _check_possession(charter, link.possession, new=_tokens(charter))
    _check_share_keys(charter, known=frozenset())
    _check_satisfiable(charter)
    _check_controlled(charter)
    return charter


def verify_amendment(current: Charter, link: CharterLink, *, suspended: Collection[str] = ()) -> Charter:
    """The version after `current`: authorised under the rule of both, or recovered; new tokens proved.

    Whether a delay is over is for the caller to see. Tokens whose credential ids are `suspended` do not
    count. Raises Refused if it does not follow.
    """
    charter = Charter.from_bytes(canonical.b64u_decode(link.charter))
    if link.warrant is None:
        raise CharterRefused("no-warrant", "An amendment needs its warrant.")
    _check_follows(current, charter)
    warrant = Warrant.from_bytes(canonical.b64u_decode(link.warrant))
    _check_authorised(current, charter, link, warrant, suspended)
    _check_possession(charter, link.possession, new=[token for _, token in new_tokens(current, charter)])
    _check_share_keys(charter, known=_share_keys(current))
    _check_satisfiable(charter)
    _check_controlled(charter)
    return charter


def verify_chain(
    links: Sequence[CharterLink], *, anchor: str, deployment: str, demo: bool
) -> tuple[Charter, ...]:
    """All versions from the founding charter, whose SHA-256 is `anchor`, to the last of `links`, in order.

    Raises Refused at the first link that does not follow.
    """
    if not links:
        raise CharterRefused("no-charter", "There is no charter.")
    charters = [verify_founding(links[0], deployment=deployment, demo=demo)]
    if charters[0].sha256 != anchor:
        raise CharterRefused("other-anchor", "The founding charter is not the one that is pinned.")
    for link in links[1:]:
        charters.append(verify_amendment(charters[-1], link))
    return tuple(charters)


def consenting(current: Charter, link: CharterLink) -> tuple[Charter, ...]:
    """The charters by which the other sides consent to a recovery, in the order of the clause of `current`.

    Each is verified from the version on that the clause names. Raises Refused.
    """
    recovery, sides = current.recovery, link.sides or ()
    if recovery is None:
        raise CharterRefused(
            "no-recovery", f"The charter of {current.authority.name} has no recovery clause."
        )
    if len(sides) != len(recovery.others):
        raise CharterRefused("side-missing", "The charter of another side has not come with the recovery.")
    found = []
    for other, side in zip(recovery.others, sides, strict=True):
        first = Charter.from_bytes(canonical.b64u_decode(side.charter))
        if first.sha256 != other.charter or not is_side(first, other):
            raise CharterRefused(
                "other-side", f"That is not the charter of {other.name} which the clause names."
            )
        found.append(_last(first, side))
    return tuple(found)


def _last(first: Charter, side: SideChain) -> Charter:
    for link in side.links:
        first = verify_amendment(first, CharterLink.from_bytes(canonical.b64u_decode(link)))
    return first


def new_tokens(current: Charter, charter: Charter) -> list[tuple[Person, Token]]:
    """The tokens that must sign `charter`, with whose they are: those `current` does not have just so.

    One of which something else is said (its make, its model, its label) is new as well: nobody but its holder
    has it pass for another.
    """
    known = {(person.id, token.facts) for person in current.people for token in person.tokens}
    return [
        (person, token)
        for person in charter.people
        for token in person.tokens
        if (person.id, token.facts) not in known
    ]


def is_fork(
    predecessor: Charter, one: CharterLink, other: CharterLink, *, suspended: Collection[str] = ()
) -> bool:
    """Whether both links are valid successors of `predecessor`, and different: the authority freezes."""
    try:
        first = verify_amendment(predecessor, one, suspended=suspended)
        second = verify_amendment(predecessor, other, suspended=suspended)
    except Refused:
        return False
    return first.sha256 != second.sha256


@dataclass(frozen=True)
class Conflict:
    """Two duties in one hand that must be apart."""

    person: str
    message: str


def conflicts(provider: Charter, zone: Charter) -> tuple[Conflict, ...]:
    """Who would administer the provider's HSMs and hold duties in the zone (by id, key or credential).

    Who is in a group that signs for what HSMs do administers them too, whatever their role.
    """
    identities = Identities((provider, zone))
    groups = {
        one
        for rule in provider.rules
        if rule.operation != AMEND
        for clause in rule.asked
        if clause.group is not None
        for one in provider.eligible(clause)
    }
    administrators = {
        identities.of(person.id)
        for person in provider.people
        if Role.HSM_ADMINISTRATOR in person.roles or person.id in groups
    }
    signing = {one for rule in zone.rules for clause in rule.asked for one in zone.eligible(clause)}
    holding = {person.id for person in zone.people if {Role.KEY_MANAGER, Role.CUSTODIAN} & set(person.roles)}
    return tuple(
        Conflict(
            person.name,
            f"{person.name} cannot be HSM administrator and hold duties in {zone.authority.name}.",
        )
        for person in zone.people
        if identities.of(person.id) in administrators and person.id in signing | holding
    )


def authority_at(charter: Charter) -> AuthorityAt:
    """How a proposal names this version of a charter."""
    authority = charter.authority
    return AuthorityAt(
        kind=authority.kind,
        id=authority.id,
        name=authority.name,
        version=charter.version,
        hash=charter.sha256,
    )


def amendment_verdicts(
    current: Charter,
    new: Charter,
    proposal: Proposal,
    signatures: Signatures,
    *,
    suspended: Collection[str] = (),
) -> list[Verdict]:
    """How the signatures on an amendment count under the version in force and under the new one."""
    problems = []
    if proposal.operation != AMEND or proposal.authorities != (authority_at(current),) or proposal.nodes:
        problems.append(Problem("not-this-amendment", "The warrant is not for an amendment of this charter."))
    if (proposal.deployment, proposal.demo) != (current.deployment, current.demo):
        problems.append(Problem("other-deployment", "The warrant is of another deployment."))
    authority = current.authority
    wanted = {
        "authority": {"kind": authority.kind.value, "id": authority.id, "name": authority.name},
        "version": new.version,
        "charter": new.sha256,
    }
    if proposal.parameters != wanted or proposal.previous != current.sha256:
        problems.append(Problem("other-amendment", "The warrant is for another change of this charter."))
    old = tally(
        (current,), proposal, signatures, floor=AMENDMENT_FLOOR, problems=problems, suspended=suspended
    )
    under_new = tally(
        (new,), proposal, signatures, floor=AMENDMENT_FLOOR, related=(current,), suspended=suspended
    )
    return [old, without_request(under_new, old)]


def _check_follows(current: Charter, charter: Charter) -> None:
    if charter.version != current.version + 1 or charter.previous != current.sha256:
        raise CharterRefused("does-not-follow", "The charter is not the next version of the one in force.")
    fixed = ("deployment", "demo", "authority")
    if any(getattr(charter, name) != getattr(current, name) for name in fixed):
        raise CharterRefused("other-authority", "The charter is of another authority.")
    if current.zone is not None:
        _check_terms(current, charter, current.zone)
    if charter.valid_from < current.valid_from:
        raise CharterRefused("goes-back", "The charter would be valid from before the one in force.")


def _check_terms(current: Charter, charter: Charter, before: ZoneTerms) -> None:
    """Control alone can change hands, and nobody changes sides to bring that about."""
    after = charter.zone
    if after is None or after.model_copy(update={"controller": before.controller}) != before:
        raise CharterRefused("other-terms", "An amendment cannot change the service or the sides of a zone.")
    turned = change_of_side(current, charter)
    if turned is not None:
        raise CharterRefused("other-organisation", f"{turned} cannot go over to another organisation.")


def _check_controlled(charter: Charter) -> None:
    loose = out_of_control(charter)
    if loose is not None:
        raise CharterRefused(loose.code, loose.message)


def _check_satisfiable(charter: Charter) -> None:
    impossible = unsatisfiable(charter)
    if impossible:
        raise CharterRefused("unsatisfiable", f"Too few people could sign for {', '.join(impossible)}.")


def _check_authorised(
    current: Charter, charter: Charter, link: CharterLink, warrant: Warrant, suspended: Collection[str]
) -> None:
    proposal, signatures = Proposal.from_bytes(warrant.proposal_bytes), Signatures.of(warrant)
    if proposal.operation == RECOVER:
        more = beyond(current, charter)
        if more is not None:
            raise CharterRefused(more.code, more.message)
        others = consenting(current, link)
        verdicts = recovery_verdicts(current, charter, others, proposal, signatures, suspended=suspended)
    elif link.sides is not None:
        raise CharterRefused("not-a-recovery", "Only a recovery comes with the charters of other sides.")
    else:
        verdicts = amendment_verdicts(current, charter, proposal, signatures, suspended=suspended)
    for verdict, which in zip(verdicts, ("old", "new"), strict=True):
        if not verdict.authorised:
            problem = verdict.problems[0] if verdict.problems else None
            reason = problem.message if problem else "Signatures are missing."
            raise CharterRefused(f"not-authorised-{which}", f"Under the {which} version: {reason}")


def _check_possession(charter: Charter, assertions: Iterable[Assertion], *, new: Sequence[Token]) -> None:
    given = {assertion.credential_id: assertion for assertion in assertions}
    wanted = challenge(Purpose.FOUND, charter.raw)
    for token in new:
        assertion = given.get(token.credential_id)
        if assertion is None:
            raise CharterRefused("not-proved", f"The token {token.label} has not signed the charter.")
        verify_assertion(assertion, challenge=wanted, token=token, desk=charter.desk)


def _check_share_keys(charter: Charter, *, known: frozenset[tuple[str, str, ShareKey]]) -> None:
    """Each share key that is not `known` must be certified by the token with which it stands."""
    for _, credential_id, share_key in _share_keys(charter) - known:
        _, token = charter.by_credential[credential_id]
        wanted = challenge(Purpose.SHARE_KEY, share_key.stated.raw)
        verify_assertion(share_key.assertion, challenge=wanted, token=token, desk=charter.desk)


def _share_keys(charter: Charter) -> frozenset[tuple[str, str, ShareKey]]:
    """The share keys, each with its credential; a token that got another public key certifies anew."""
    return frozenset(
        (token.public_key, token.credential_id, token.share_key)
        for token in _tokens(charter)
        if token.share_key is not None
    )


def _tokens(charter: Charter) -> list[Token]:
    return [token for person in charter.people for token in person.tokens]
