"""Whether a suspension holds: one person is enough, who could sign what it takes to do more than that.

Of a token that is an amendment of the charter; of an application its removal.

It names the version of the charter that was in force: what the token signed before, for versions up to that
one, goes on to count. It lowers no threshold, and it stays until a quorum lifts it.
"""

from collections.abc import Collection, Mapping, Sequence

from hsmnodes.node.protocol.consistency import AMEND, can_be_signed
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter, Person
from hsmnodes.node.protocol.documents.suspensions import (
    ApplicationSuspensionStatement,
    Suspension,
    SuspensionStatement,
)
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.signers import find_signers

REINSTATE = "token.reinstate/v1"
REMOVE_APPLICATION = "application.remove/v1"


def check_suspension(
    suspension: Suspension, versions: Sequence[Charter], *, suspended: Mapping[str, Collection[str]]
) -> SuspensionStatement:
    """What a suspension states, if it holds under `versions`, those of its authority's charter, in order.

    `suspended` has, for each credential id that is suspended already, and so suspends nothing, the ids of
    those who suspended it. Raises Refused.
    """
    stated, current = suspension.stated, versions[-1]
    _check_is_about(stated, versions)
    signer = _signer(suspension, stated, current, suspended)
    if signer.id != stated.person.id:
        _check_entitled(current, signer, stated, suspended)
    return stated


def check_application_suspension(
    suspension: Suspension, versions: Sequence[Charter], *, suspended: Collection[str]
) -> ApplicationSuspensionStatement:
    """What a suspension of an application states, if it holds under `versions` of its zone's charter.

    Those are in order. `suspended` has the credential ids that are suspended already, and so suspend nothing.
    Raises Refused.
    """
    stated, current = suspension.stated_of_application, versions[-1]
    if stated.authority.kind is not AuthorityKind.ZONE:
        raise ProposalRefused("other-authority", "An application is suspended by people of its Trust Zone.")
    _charter_named(stated, versions)
    signer = _signer(suspension, stated, current, suspended)
    if not may_suspend_applications(current, signer.id):
        raise ProposalRefused(
            "not-entitled", f"{signer.name} could not sign the removal of an application by this charter."
        )
    return stated


def may_suspend_applications(charter: Charter, person: str) -> bool:
    """Whether the person with this id could suspend applications of a zone by its charter."""
    rule = charter.rule(REMOVE_APPLICATION)
    return rule is not None and any(person in charter.eligible(clause) for clause in rule.asked)


def _signer(
    suspension: Suspension,
    stated: SuspensionStatement | ApplicationSuspensionStatement,
    current: Charter,
    suspended: Collection[str],
) -> Person:
    """Who signed a suspension: the one it names, by a token that counts. Raises Refused."""
    if suspension.assertion.credential_id in suspended:
        raise ProposalRefused("suspended", "A suspended token suspends no other.")
    signers, refusal = find_signers([current], suspension.assertion, challenge(Purpose.SUSPEND, stated.raw))
    if refusal is not None:
        raise refusal
    [signer] = signers
    if (signer.person.id, signer.person.name) != (stated.by.id, stated.by.name):
        raise ProposalRefused("other-person", "It was signed by somebody else than it names.")
    return signer.person


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
    held = _charter_named(stated, versions).by_credential.get(stated.credential_id)
    if held is None or (held[0].id, held[0].name) != (stated.person.id, stated.person.name):
        raise ProposalRefused("no-such-token", f"The charter has no such token of {stated.person.name}.")


def _charter_named(
    stated: SuspensionStatement | ApplicationSuspensionStatement, versions: Sequence[Charter]
) -> Charter:
    """The version of the charter that a statement names. Raises ProposalRefused."""
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
    return charter
