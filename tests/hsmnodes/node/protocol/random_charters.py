"""Random charters over the same few humans, roles, groups and tokens, for tests that try everything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Named, Role
from tests.cast.people import MERIDIAN, NORTHGATE, Member, named
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol.making import GENERATE, make_charter, rule

HUMANS = [Member(f"Human {number}", (MERIDIAN, NORTHGATE)[number % 2], ()) for number in range(6)]
TOKENS = [SoftwareToken(f"pooled {number}") for number in range(7)]
ROLES = [Role.KEY_MANAGER, Role.SECURITY_OFFICER, Role.AUDITOR]
GROUPS = ["night-watch", "owners"]
AUTHORITIES = [
    (AuthorityKind.CUSTOMER, MERIDIAN),
    (AuthorityKind.PROVIDER, NORTHGATE),
    (AuthorityKind.ZONE, named("Z")),
]


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


@dataclass(frozen=True)
class Sizes:
    """How large a charter is: people at least, roles at most, and what the rest is drawn from."""

    people: int = 3
    roles: int = 2
    seats: tuple[int, ...] = (1, 1, 2)
    clauses: tuple[int, ...] = (1, 2)
    ways: tuple[int, ...] = (1,)


VARIED = Sizes(ways=(1, 2, 3))
AMPLY_VARIED = Sizes(4, 3, (1, 1, 1, 2), (1, 1, 2), (1, 2, 2, 3))
SCARCE, AMPLE = Sizes(), Sizes(4, 3, (1, 1, 1, 2), (1, 1, 1, 2))


@st.composite
def made_charters(draw: Any, sizes: Sizes = SCARCE) -> list[Charter]:
    """One to three charters over the same few humans, roles, groups and tokens, mixed at random."""
    authorities = AUTHORITIES[: draw(st.integers(1, 3))]
    return [draw(made_charter(*one, sizes)) for one in authorities]


def draw_several(draw: Any, counts: Sequence[int], times: Sequence[int]) -> list[int]:
    """As many counts as drawn from `times`."""
    return [draw(st.sampled_from(counts)) for _ in range(draw(st.sampled_from(times)))]


@st.composite
def made_charter(draw: Any, kind: AuthorityKind, authority: Named, sizes: Sizes) -> Charter:
    """Some of the humans, five at most, with one or two tokens each from the common pool."""
    tokens = draw(st.permutations(TOKENS))
    humans = draw(st.lists(st.sampled_from(HUMANS), min_size=sizes.people, max_size=5, unique=True))
    people = []
    for number, human in enumerate(humans):
        roles = draw(st.lists(st.sampled_from(ROLES), unique=True, min_size=1, max_size=sizes.roles))
        second = tokens[-2:][number : number + 1] if draw(st.booleans()) else []
        own = (tokens[number], *second)
        people.append(replace(human, roles=tuple(roles)).person(tokens=own))
    members = st.lists(st.sampled_from(humans), min_size=1, max_size=4, unique=True)
    who = st.sampled_from([*(role.value for role in ROLES), *GROUPS])
    clause = st.tuples(st.sampled_from(sizes.seats), who)
    clauses, *alternatives = [
        draw(st.lists(clause, min_size=count, max_size=count))
        for count in draw_several(draw, sizes.clauses, sizes.ways)
    ]
    return make_charter(
        (),
        rule(GENERATE, *clauses, alternatives=alternatives),
        kind=kind,
        authority=authority,
        groups={name: draw(members) for name in GROUPS},
        people=tuple(sorted(people, key=lambda one: one.id)),
    )
