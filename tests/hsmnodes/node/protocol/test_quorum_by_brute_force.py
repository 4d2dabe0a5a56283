"""The count of real signatures against a tiny counter of its own kind, which tries every seating."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Clause, Named, Role
from hsmnodes.node.protocol.matching import seat
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, evaluate
from tests.cast.people import MERIDIAN, NORTHGATE, Member, named
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol.making import GENERATE, NOW, make_charter, make_proposal, rule
from tests.hsmnodes.node.protocol.scenes import approval_by

HUMANS = [Member(f"Human {number}", MERIDIAN, ()) for number in range(6)]
TOKENS = [SoftwareToken(f"pooled {number}") for number in range(7)]
ROLES = [Role.KEY_MANAGER, Role.SECURITY_OFFICER, Role.CUSTODIAN]
GROUPS = ["night-watch", "owners"]
AUTHORITIES = [
    (AuthorityKind.CUSTOMER, MERIDIAN),
    (AuthorityKind.PROVIDER, NORTHGATE),
    (AuthorityKind.ZONE, named("Z")),
]

Seats = tuple[frozenset[str], ...]


@cache
def most_seats_filled(seats: Seats) -> int:
    """How many seats can be filled at most if nobody sits twice: every way is tried."""
    if not seats:
        return 0
    first, rest = seats[0], seats[1:]
    ways = [1 + most_seats_filled(tuple(other - {one} for other in rest)) for one in first]
    return max([most_seats_filled(rest), *ways])


def who_is_who(charters: Sequence[Charter]) -> dict[str, str]:
    """Each id of a person with the least id of the same human, who is known by shared keys."""
    same = {person.id: person.id for charter in charters for person in charter.people}
    holders: dict[str, set[str]] = {}
    for charter in charters:
        for person in charter.people:
            for token in person.tokens:
                holders.setdefault(token.public_key, set()).add(person.id)
    for _ in same:
        for together in holders.values():
            least = min(same[one] for one in together)
            same = {one: least if same[one] in {same[two] for two in together} else same[one] for one in same}
    return same


def eligible(charter: Charter, clause: Clause) -> set[str]:
    members = {one for group in charter.groups if group.name == clause.group for one in group.people}
    return members | {person.id for person in charter.people if clause.role in person.roles}


def seats_of(charters: Sequence[Charter], signed: Iterable[SoftwareToken], requester: str) -> Seats:
    """Each seat with the humans who signed and could sit there."""
    same, keys = who_is_who(charters), {token.public_key for token in signed}
    seats = []
    for charter in charters:
        for clause in [clause for found in charter.rules for clause in found.clauses]:
            able = {
                same[person.id]
                for person in charter.people
                if person.id in eligible(charter, clause)
                and any(token.public_key in keys for token in person.tokens)
            }
            seats += [frozenset(able - {same[requester]})] * clause.m
    return tuple(seats)


@st.composite
def made_charters(draw: Any) -> list[Charter]:
    """One to three charters over the same few humans, roles, groups and tokens, mixed at random."""
    return [draw(made_charter(*one)) for one in AUTHORITIES[: draw(st.integers(1, 3))]]


@st.composite
def made_charter(draw: Any, kind: AuthorityKind, authority: Named) -> Charter:
    """Two to five of the humans with one or two tokens each from the common pool."""
    tokens = draw(st.permutations(TOKENS))
    humans = draw(st.lists(st.sampled_from(HUMANS), min_size=3, max_size=5, unique=True))
    people = []
    for number, human in enumerate(humans):
        roles = draw(st.lists(st.sampled_from(ROLES), unique=True, min_size=1, max_size=2))
        second = tokens[-2:][number : number + 1] if draw(st.booleans()) else []
        own = (tokens[number], *second)
        people.append(replace(human, roles=tuple(roles)).person(tokens=own))
    members = st.lists(st.sampled_from(humans), min_size=1, max_size=4, unique=True)
    who = st.sampled_from([*(role.value for role in ROLES), *GROUPS])
    clauses = draw(st.lists(st.tuples(st.sampled_from([1, 1, 2]), who), min_size=1, max_size=2))
    return make_charter(
        (),
        rule(GENERATE, *clauses),
        kind=kind,
        authority=authority,
        groups={name: draw(members) for name in GROUPS},
        people=tuple(sorted(people, key=lambda one: one.id)),
    )


@settings(max_examples=400, deadline=None)
@given(charters=made_charters(), data=st.data())
def test_signatures_are_counted_as_brute_force_counts_them(charters, data):
    asking = data.draw(st.sampled_from([person for charter in charters for person in charter.people]))
    requester = Member(asking.name, asking.organisation, asking.roles)
    proposal = make_proposal(*charters, requester=requester)
    held = next(key for key in TOKENS if key.public_key == asking.tokens[0].public_key)
    signing = data.draw(st.permutations(TOKENS))[: data.draw(st.integers(2, len(TOKENS)))]
    signatures = Signatures(
        held.sign(Purpose.PROPOSE, proposal.raw), tuple(approval_by(proposal, one) for one in signing)
    )
    floor = data.draw(st.sampled_from([1, 1, 2]))
    kinds = tuple(charter.authority.kind for charter in charters)
    verdict = evaluate(charters, proposal, signatures, consent=Consent(kinds, floor), now=NOW)

    seats = seats_of(charters, signing, asking.id)
    filled = most_seats_filled(seats)
    above_floor = all(sum(one.m for one in charter.rules[0].clauses) >= floor for charter in charters)
    assert verdict.missing == len(seats) - filled
    event("authorised" if verdict.authorised else "not authorised")
    assert verdict.authorised == (filled == len(seats) and above_floor)
    same = who_is_who(charters)
    counted = [same[one.person.id] for one in verdict.counted]
    assert len(set(counted)) == len(counted) == filled
    assert same[asking.id] not in counted


@given(st.lists(st.tuples(st.integers(1, 3), st.frozensets(st.sampled_from("abcdef"))), max_size=4))
def test_seating_fills_as_many_seats_as_can_be_filled(clauses):
    seated = seat("abcdef", clauses)
    assert all(
        set(taken) <= able and len(taken) <= m for taken, (m, able) in zip(seated, clauses, strict=True)
    )
    everyone = [one for taken in seated for one in taken]
    assert len(everyone) == len(set(everyone))
    assert len(everyone) == most_seats_filled(tuple(able for m, able in clauses for _ in range(m)))
