"""The count of real signatures against a tiny counter of its own kind, which tries every seating."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import product

from hypothesis import event, given, settings
from hypothesis import strategies as st

from hsmnodes.node.protocol.documents import Charter, Clause
from hsmnodes.node.protocol.matching import seat
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, evaluate
from hsmnodes.node.protocol.quorum import lacking as lacking_in
from tests.cast.people import Member
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol.making import NOW, make_proposal
from tests.hsmnodes.node.protocol.random_charters import TOKENS, VARIED, made_charters, who_is_who
from tests.hsmnodes.node.protocol.scenes import approval_by

Seats = tuple[frozenset[str], ...]


@cache
def most_seats_filled(seats: Seats) -> int:
    """How many seats can be filled at most if nobody sits twice: every way is tried."""
    if not seats:
        return 0
    first, rest = seats[0], seats[1:]
    ways = [1 + most_seats_filled(tuple(other - {one} for other in rest)) for one in first]
    return max([most_seats_filled(rest), *ways])


def eligible(charter: Charter, clause: Clause) -> set[str]:
    members = {one for group in charter.groups if group.name == clause.group for one in group.people}
    return members | {person.id for person in charter.people if clause.role in person.roles}


Chosen = tuple[tuple[Charter, tuple[Clause, ...]], ...]


def choices(charters: Sequence[Charter]) -> list[Chosen]:
    """Every choice of one alternative of each charter, read from its JSON."""
    ways = []
    for charter in charters:
        [written] = json.loads(charter.raw)["rules"]
        found = [written["clauses"], *written.get("alternatives", [])]
        ways.append([(charter, tuple(Clause.model_validate(one) for one in way)) for way in found])
    return list(product(*ways))


def seats_of(
    charters: Sequence[Charter], chosen: Chosen, signed: Iterable[SoftwareToken], requester: str
) -> Seats:
    """Each seat of the chosen alternatives with the humans who signed and could sit there."""
    same, keys = who_is_who(charters), {token.public_key for token in signed}
    seats = []
    for charter, clauses in chosen:
        for clause in clauses:
            able = {
                same[person.id]
                for person in charter.people
                if person.id in eligible(charter, clause)
                and any(token.public_key in keys for token in person.tokens)
            }
            seats += [frozenset(able - {same[requester]})] * clause.m
    return tuple(seats)


@settings(max_examples=400)
@given(charters=made_charters() | made_charters(VARIED), data=st.data())
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

    every = choices(charters)
    seats = [seats_of(charters, chosen, signing, asking.id) for chosen in every]
    lacking = [len(one) - most_seats_filled(one) for one in seats]
    above_floor = all(
        sum(clause.m for clause in clauses) >= floor for chosen in every for _, clauses in chosen
    )
    assert verdict.missing == min(lacking)
    assert sorted(map(lacking_in, (verdict.clauses, *verdict.others))) == sorted(lacking)
    event(f"{len(every)} alternatives, {'' if verdict.authorised else 'not '}authorised")
    assert verdict.authorised == (min(lacking) == 0 and above_floor)
    nearest = lacking.index(min(lacking))
    filled = len(seats[nearest]) - lacking[nearest]
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
