"""Recovery below quorum: a charter gets its next version although too few of its people can still sign.

Only where the charter says so, as it says, with the consent of the other side, each side counted by the rule
for amendments of its own charter. What changes hands so is duties and tokens: all that people agreed on,
the rules, the recovery clause itself, the terms of a zone and the desk, stays word for word, and so does what
is said of a token that stays; and enough of those who then have duties sign that they could amend the charter
again. The delay is for nodes to keep.
"""

from collections.abc import Collection, Sequence

from hsmnodes.node.protocol.consistency import AMEND, RECOVER
from hsmnodes.node.protocol.documents.charter import Charter, OtherSide, Rule, Token
from hsmnodes.node.protocol.documents.proposal import AuthorityAt, Proposal
from hsmnodes.node.protocol.problems import Problem, delay_before, rule_problems
from hsmnodes.node.protocol.quorum import Signatures, Verdict, tally, without_request
from hsmnodes.node.protocol.seating import Ruling, rules_for

OTHERS_FLOOR = 2
"""So many people of each other side consent at least, whatever its rule says."""
KEPT = ("rules", "recovery", "zone", "token_rules", "desk")


def beyond(current: Charter, charter: Charter) -> Problem | None:
    """What a recovery would change that is more than people, their tokens and their duties, or None."""
    changed = [name for name in KEPT if getattr(current, name) != getattr(charter, name)]
    if [group.name for group in current.groups] != [group.name for group in charter.groups]:
        changed.append("groups")
    changed += [f"what is said of the token {token.label}" for token in _described_anew(current, charter)]
    if not changed:
        return None
    return Problem("changes-more", f"A recovery changes who has duties, and not {', '.join(changed)}.")


def _described_anew(current: Charter, charter: Charter) -> list[Token]:
    """The tokens that stay, by their credential or their key, and are described otherwise than before."""
    known = {token.facts for person in current.people for token in person.tokens}
    return [
        token
        for person in charter.people
        for token in person.tokens
        if token.facts not in known
        and (token.credential_id in current.by_credential or token.public_key in current.by_key)
    ]


def parameters_of(current: Charter, new: Charter) -> dict[str, object]:
    """What a proposal to recover `current` by `new` says."""
    recovery, authority = current.recovery, current.authority
    return {
        "authority": {"kind": authority.kind.value, "id": authority.id, "name": authority.name},
        "version": new.version,
        "charter": new.sha256,
        "days": recovery.days if recovery is not None else 0,
        "others": [
            {"kind": other.kind.value, "id": other.id, "name": other.name}
            for other in (recovery.others if recovery is not None else ())
        ],
    }


def authorities_of(charters: Sequence[Charter]) -> tuple[AuthorityAt, ...]:
    """These charters as a proposal names them."""
    named = [
        AuthorityAt(
            kind=one.authority.kind,
            id=one.authority.id,
            name=one.authority.name,
            version=one.version,
            hash=one.sha256,
        )
        for one in charters
    ]
    return tuple(sorted(named, key=lambda one: (one.kind.value, one.id)))


def recovery_verdicts(
    current: Charter,
    new: Charter,
    others: Sequence[Charter],
    proposal: Proposal,
    signatures: Signatures,
    *,
    suspended: Collection[str] = (),
) -> list[Verdict]:
    """How the signatures on a recovery count: by the clause and the other sides together, and under `new`.

    `others` are the charters of the other sides, in the order in which the clause names them.
    """
    old = stopping(
        current,
        others,
        proposal,
        signatures,
        problems=[*_problems(current, new, others, proposal), *side_problems(others)],
        suspended=suspended,
    )
    after = tally(
        (new,),
        proposal,
        signatures,
        floor=OTHERS_FLOOR,
        related=(current, *others),
        suspended=suspended,
        ruling=rules_for(AMEND),
    )
    return [old, without_request(after, old)]


def stopping(
    current: Charter,
    others: Sequence[Charter],
    proposal: Proposal,
    signatures: Signatures,
    *,
    problems: Sequence[Problem] = (),
    suspended: Collection[str] = (),
) -> Verdict:
    """The count by the clause and the other sides; its `closed` says who of all of them has stopped it."""
    return tally(
        (current, *others),
        proposal,
        signatures,
        floor=1,
        problems=problems,
        suspended=suspended,
        ruling=ruling_of(current),
        anybody_of=current,
    )


def side_problems(others: Sequence[Charter]) -> list[Problem]:
    """Why other sides could not consent, whoever signs: by their rules for their own amendments."""
    return rule_problems(others, rules_for(AMEND), OTHERS_FLOOR)


def ruling_of(current: Charter) -> Ruling:
    """Its own clause for the charter that is recovered, for others the rule for their amendments."""

    def ruling(charter: Charter) -> Rule | None:
        if charter is not current:
            return charter.rule(AMEND)
        return current.recovery.rule if current.recovery is not None else None

    return ruling


def is_side(charter: Charter, other: OtherSide) -> bool:
    """Whether this is a charter of the other side that a clause names."""
    authority = charter.authority
    return (authority.kind, authority.id, authority.name) == (other.kind, other.id, other.name)


def replaced_before(charter: Charter, following: Proposal, proposal: Proposal) -> bool:
    """Whether an amendment must have taken the place of `charter` when a recovery came to be proposed.

    `following` is the amendment's proposal: it could not be signed any more by then, and its delay was over.
    """
    return following.expires_at + delay_before(charter, following) <= proposal.not_before


def _problems(current: Charter, new: Charter, others: Sequence[Charter], proposal: Proposal) -> list[Problem]:
    name, recovery = current.authority.name, current.recovery
    if recovery is None:
        return [Problem("no-recovery", f"The charter of {name} has no recovery clause.")]
    more = beyond(current, new)
    problems = [more] if more is not None else []
    fitting = len(others) == len(recovery.others) and all(map(is_side, others, recovery.others))
    named = proposal.authorities == authorities_of((current, *others))
    if proposal.operation != RECOVER or not fitting or not named or proposal.nodes:
        problems.append(Problem("not-this-recovery", "The warrant is not for a recovery of this charter."))
    places = [(proposal.deployment, proposal.demo), *((one.deployment, one.demo) for one in others)]
    if any(place != (current.deployment, current.demo) for place in places):
        problems.append(Problem("other-deployment", "The warrant is of another deployment."))
    if proposal.parameters != parameters_of(current, new) or proposal.previous != current.sha256:
        problems.append(Problem("other-recovery", "The warrant is for another recovery of this charter."))
    problems += [
        Problem("side-expired", f"The charter by which {other.authority.name} consents is not valid.")
        for other in others
        if not (other.valid_from < proposal.expires_at and proposal.not_before < other.valid_until)
    ]
    return problems
