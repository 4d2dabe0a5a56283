"""Whether a suspension holds: one person who could sign an amendment of the charter is enough.

It names the version of the charter that was in force: what the token signed before, for versions up to that
one, goes on to count. It lowers no threshold, and it stays until a quorum lifts it.
"""

from collections.abc import Collection, Mapping, Sequence

from hsmnodes.node.protocol.consistency import AMEND, can_be_signed
from hsmnodes.node.protocol.documents.charter import Charter, Person
from hsmnodes.node.protocol.documents.suspensions import Suspension, SuspensionStatement
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.signers import find_signers

REINSTATE = "token.reinstate/v1"


def check_suspension(
    suspension: Suspension, versions: Sequence[Charter], *, suspended: Mapping[str, Collection[str]]
) -> SuspensionStatement:
    """What a suspension states, if it holds under `versions`, those of its authority's charter, in order.

    `suspended` has, for each credential id that is suspended already, and so suspends nothing, the ids of
    those who suspended it. Raises Refused.
    """
    stated, current = suspension.stated, versions[-1]
    _check_is_about(stated, versions)
    if suspension.assertion.credential_id in suspended:
        raise ProposalRefused("suspended", "A suspended token suspends no other.")
    signers, refusal = find_signers([current], suspension.assertion, challenge(Purpose.SUSPEND, stated.raw))
    if refusal is not None:
        raise refusal
    [signer] = signers
    if (signer.person.id, signer.person.name) != (stated.by.id, stated.by.name):
        raise ProposalRefused("other-person", "It was signed by somebody else than it names.")
    if signer.person.id != stated.person.id:
        _check_entitled(current, signer.person, stated, suspended)
    return stated


def _check_entitled(
    charter: Charter, by: Person, stated: SuspensionStatement, suspended: Mapping[str, Collection[str]]
) -> None:
    """Raise ProposalRefused unless `by` may suspend this token of somebody else.

    One stolen token must not end an authority: of those who could amend the charter themselves, a person
    suspends one at most, and only if those who are left could lift it again.
    """
    if not may_suspend(charter, by.id):
        raise ProposalRefused("not-entitled", f"{by.name} could not sign an amendment of this charter.")
    if not may_suspend(charter, stated.person.id):
        return
    fellows = {
        held[0].id
        for credential, suspenders in suspended.items()
        if by.id in suspenders and (held := charter.by_credential.get(credential)) is not None
    }
    if any(may_suspend(charter, one) and one not in (by.id, stated.person.id) for one in fellows):
        raise ProposalRefused(
            "one-at-most", f"{by.name} has suspended somebody else who amends this charter."
        )
    gone = {*suspended, stated.credential_id}
    able = [one.id for one in charter.people if any(token.credential_id not in gone for token in one.tokens)]
    rules = [tag for tag in (AMEND, REINSTATE) if charter.rule(tag) is not None]
    if not all(can_be_signed(charter, tag, by=able) for tag in rules):
        raise ProposalRefused("nobody-left", "Too few would be left who could lift the suspension again.")


def may_suspend(charter: Charter, person: str) -> bool:
    """Whether the person with this id could suspend tokens of others."""
    rule = charter.rule(AMEND)
    return rule is not None and any(person in charter.eligible(clause) for clause in rule.asked)


def _check_is_about(stated: SuspensionStatement, versions: Sequence[Charter]) -> None:
    named = [charter for charter in versions if charter.sha256 == stated.authority.hash]
    if not named:
        raise ProposalRefused(
            "other-charter", "The charter that the suspension names was never in force here."
        )
    [charter] = named
    if (stated.deployment, stated.demo) != (charter.deployment, charter.demo):
        raise ProposalRefused("other-deployment", "The suspension is of another deployment.")
    said = (stated.authority.kind, stated.authority.id, stated.authority.name, stated.authority.version)
    authority = charter.authority
    if said != (authority.kind, authority.id, authority.name, charter.version):
        raise ProposalRefused("other-charter", "The suspension describes the charter otherwise.")
    held = charter.by_credential.get(stated.credential_id)
    if held is None or (held[0].id, held[0].name) != (stated.person.id, stated.person.name):
        raise ProposalRefused("no-such-token", f"The charter has no such token of {stated.person.name}.")
