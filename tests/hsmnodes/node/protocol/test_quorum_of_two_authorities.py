"""M of N of each of two authorities: however one person appears in both charters, they count once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.documents import (
    Approval,
    AuthorityKind,
    Charter,
    Desk,
    Person,
    Role,
    Token,
    TokenRules,
)
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, Verdict, evaluate
from tests.cast.people import CLEO, HANA, MERIDIAN, NORTHGATE, Member
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol.making import GENERATE, NOW, make_charter, make_proposal, rule
from tests.hsmnodes.node.protocol.scenes import MANAGERS, SIZES, approval_by

KINDS = (AuthorityKind.CUSTOMER, AuthorityKind.PROVIDER)


@dataclass(frozen=True)
class Appearance:
    """How one human stands in a charter, and the token they sign with there."""

    member: Member
    token: Token
    signs_with: SoftwareToken

    @property
    def person(self) -> Person:
        return self.member.person().model_copy(update={"tokens": (self.token,)})


def own(member: Member) -> Appearance:
    return Appearance(member, member.key.token(), member.key)


def alias(member: Member) -> Member:
    """Another id and name for the same human."""
    return replace(member, name=member.name + " too", organisation=NORTHGATE)


def with_credential(key: SoftwareToken, credential_id: str) -> SoftwareToken:
    """The same key, or another, under this credential id."""
    copied = SoftwareToken(key.seed, key.algorithm, key.simulated)
    copied.credential_id = credential_id
    return copied


def another_credential(member: Member) -> Appearance:
    key = with_credential(member.key, b64u(b"quorate-simulator:2" + member.id[:16].encode()))
    return Appearance(alias(member), key.token(), key)


def another_key(member: Member) -> Appearance:
    key = with_credential(member.second_key, member.key.credential_id)
    return Appearance(alias(member), key.token(), key)


APPEARANCES: dict[str, Callable[[Member], Appearance]] = {
    "the same person with the same token": own,
    "the same person with another token": lambda one: Appearance(one, one.second_key.token(), one.second_key),
    "the same token under another person's id": lambda one: replace(own(one), member=alias(one)),
    "the same key under another id and another credential": another_credential,
    "the same credential under another id with another key": another_key,
}


def charter_of(
    kind: AuthorityKind, m: int, appearances: Sequence[Appearance], *others: Member, **changes: Any
) -> Charter:
    people = [*(one.person for one in appearances), *(one.person() for one in others)]
    authority = MERIDIAN if kind is AuthorityKind.CUSTOMER else NORTHGATE
    return make_charter(
        (),
        rule(GENERATE, (m, "key-manager")),
        kind=kind,
        authority=authority,
        people=tuple(sorted(people, key=lambda one: one.id)),
        **changes,
    )


def judge(charters: Sequence[Charter], signing: Sequence[SoftwareToken], requester: Member) -> Verdict:
    proposal = make_proposal(*charters, requester=requester)
    approvals: list[Approval] = [approval_by(proposal, one) for one in signing]
    request = requester.key.sign(Purpose.PROPOSE, proposal.raw)
    signatures = Signatures(request, tuple(approvals))
    return evaluate(charters, proposal, signatures, consent=Consent(KINDS, floor=1), now=NOW)


@pytest.mark.parametrize("appear", APPEARANCES.values(), ids=APPEARANCES.keys())
def test_one_human_fills_one_seat_of_two_charters(appear):
    for m, n in SIZES:
        here, there = [own(one) for one in MANAGERS[:n]], [appear(one) for one in MANAGERS[:n]]
        charters = (charter_of(KINDS[0], m, here, HANA), charter_of(KINDS[1], m, there))
        for count in range(n + 1):
            signing = [
                one.signs_with for pair in zip(here[:count], there[:count], strict=True) for one in pair
            ]
            verdict = judge(charters, signing, HANA)
            assert verdict.authorised == (count >= 2 * m), (m, n, count)
            assert verdict.missing == max(0, 2 * m - count)


@pytest.mark.parametrize("appear", APPEARANCES.values(), ids=APPEARANCES.keys())
def test_the_requester_counts_in_neither_charter(appear):
    for m, n in SIZES:
        requester, others = MANAGERS[0], MANAGERS[1:n]
        away = [replace(one, name=f"{one.name} of Northgate", organisation=NORTHGATE) for one in MANAGERS[:m]]
        charters = (
            charter_of(KINDS[0], m, [own(one) for one in MANAGERS[:n]]),
            charter_of(KINDS[1], m, [appear(requester), *map(own, away[1:])]),
        )
        signing = [one.key for one in (*others, *away[1:])] + [requester.key, appear(requester).signs_with]
        verdict = judge(charters, signing, requester)
        assert not verdict.authorised
        assert verdict.missing == max(0, m - len(others)) + 1


def test_people_of_one_authority_never_fill_the_other_s_seats():
    for m, n in SIZES:
        away = [Member(f"Other {number}", NORTHGATE, (Role.KEY_MANAGER,)) for number in range(n)]
        here = [own(one) for one in MANAGERS[:n]]
        charters = (charter_of(KINDS[0], m, here, HANA), charter_of(KINDS[1], m, list(map(own, away)), CLEO))
        for ours in range(n + 1):
            for theirs in range(n + 1):
                signing = [one.key for one in (*MANAGERS[:ours], *away[:theirs])]
                assert judge(charters, signing, HANA).authorised == (ours >= m and theirs >= m)


ELSEWHERE = Desk(origin="https://desk.example", rp_id="desk.example")
SYNCED = {"token_rules": TokenRules(backup_eligible="allowed")}
NOT_SIGNED_FOR: dict[str, tuple[Callable[[Member], Appearance], dict[str, Any]]] = {
    "has another key under the same credential id": (another_key, {}),
    "pins another desk": (own, {"desk": ELSEWHERE}),
    "has the token as one that can be synced": (
        lambda one: replace(own(one), token=one.key.token(backup_eligible=True)),
        SYNCED,
    ),
}


@pytest.mark.parametrize(("appear", "changes"), NOT_SIGNED_FOR.values(), ids=NOT_SIGNED_FOR.keys())
def test_a_signature_good_for_one_charter_fills_no_seat_of_another_that(appear, changes):
    here, there = [own(one) for one in MANAGERS], [appear(one) for one in MANAGERS]
    charters = (charter_of(KINDS[0], 1, here, HANA), charter_of(KINDS[1], 1, there, **changes))
    for order in (charters, charters[::-1]):
        verdict = judge(order, [one.key for one in MANAGERS], HANA)
        assert not verdict.authorised
        assert verdict.missing == 1
