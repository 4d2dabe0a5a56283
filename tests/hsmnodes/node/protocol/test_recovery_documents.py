"""What a recovery's documents say, word for word, and whose charter may come with it."""

import pytest
from pydantic import ValidationError

from hsmnodes.node.protocol.charters import consenting
from hsmnodes.node.protocol.consistency import RECOVER, unsatisfiable
from hsmnodes.node.protocol.documents import AuthorityKind, Clause, Group, OtherSide
from hsmnodes.node.protocol.errors import CharterRefused
from hsmnodes.node.protocol.problems import delay_before
from hsmnodes.node.protocol.recovery import beyond, parameters_of
from tests.cast.people import DINA, EMIL, FAY, GUS, LEA, LUMEN, MERIDIAN, NORTHGATE, named
from tests.cast.signing import changed
from tests.hsmnodes.node.protocol.amending import PEOPLE, amend_rule
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, make_charter, make_proposal, rule
from tests.hsmnodes.node.protocol.recovering import (
    CHAIN,
    DAY,
    PROVIDER,
    WITHOUT,
    in_place_of_lea_and_mia,
    later_provider,
    meridian,
    recover,
    recovery_with,
    side_of,
)


def test_a_proposal_says_whose_charter_becomes_which_after_how_long_and_with_whom():
    new = in_place_of_lea_and_mia()
    bank, northgate = CHAIN.current.authority, PROVIDER.current.authority
    assert parameters_of(CHAIN.current, new) == {
        "authority": {"kind": "customer", "id": bank.id, "name": "Meridian Bank"},
        "version": 2,
        "charter": new.sha256,
        "days": 7,
        "others": [{"kind": "provider", "id": northgate.id, "name": "Northgate"}],
    }


def test_without_the_clause_it_says_no_days_and_nobody():
    said = parameters_of(WITHOUT.current, in_place_of_lea_and_mia(WITHOUT))
    assert (said["days"], said["others"]) == (0, [])


def test_a_group_that_gets_another_name_is_named_as_more_than_duties():
    night, day = (Group(name=name, people=(GUS.id,)) for name in ("night", "day"))
    chain = meridian(groups={"night": (GUS, LEA)})
    assert beyond(chain.current, in_place_of_lea_and_mia(chain, groups=(night,))) is None
    problem = beyond(chain.current, in_place_of_lea_and_mia(chain, groups=(day,)))
    assert problem is not None
    assert (problem.code, problem.message) == (
        "changes-more",
        "A recovery changes who has duties, and not groups.",
    )


def test_a_side_that_the_clause_calls_by_another_name_is_not_believed():
    named = recovery_with(PROVIDER.current)
    [side] = named.others
    wrong = OtherSide(**(side.model_dump() | {"name": "Southgate"}))
    current = CHAIN.current.model_copy(update={"recovery": named.model_copy(update={"others": (wrong,)})})
    with pytest.raises(CharterRefused, match="which the clause names"):
        consenting(current, recover())


def test_nor_is_its_own_later_charter_in_the_place_of_the_one_that_is_named():
    provider = later_provider()
    link = recover(others=(provider,), sides=[side_of(provider, anchor=1)])
    with pytest.raises(CharterRefused) as refused:
        consenting(CHAIN.current, link)
    assert (refused.value.code, refused.value.message) == (
        "other-side",
        "That is not the charter of Northgate which the clause names.",
    )


def with_clauses(*clauses: Clause, **changes):
    """A charter whose recovery asks for these."""
    recovery = recovery_with(PROVIDER.current).model_copy(update={"clauses": clauses})
    return make_charter(PEOPLE, *amend_rule(2), recovery=recovery, **changes)


def test_a_clause_asks_only_for_groups_that_are_there():
    night = Clause(role=None, group="night", m=1)
    assert with_clauses(night, groups={"night": (GUS, LEA)}).recovery.clauses == (night,)
    with pytest.raises(ValidationError, match="the recovery clause names a group that is not there"):
        with_clauses(night, groups={"day": (GUS, LEA)})


def test_a_clause_that_nobody_could_meet_makes_the_charter_unsatisfiable():
    officers = Clause(role="security-officer", group=None, m=3)
    assert unsatisfiable(with_clauses(officers)) == ()
    assert unsatisfiable(with_clauses(officers.model_copy(update={"m": 4}))) == (RECOVER,)


@pytest.mark.parametrize("stranger", [0, 1], ids=["the customer", "the provider"])
def test_a_zone_is_recovered_with_its_own_provider_and_customer_only(stranger):
    sides = [OtherSide(kind="customer", id=MERIDIAN.id, name=MERIDIAN.name, charter="1" * 64)]
    sides.append(OtherSide(kind="provider", id=NORTHGATE.id, name=NORTHGATE.name, charter="2" * 64))
    recovery = recovery_with(PROVIDER.current).model_copy(
        update={"clauses": (Clause(role="key-manager", group=None, m=1),)}
    )

    def zone(others):
        return make_charter(
            (DINA, EMIL, FAY),
            rule(GENERATE, (2, "key-manager")),
            kind=AuthorityKind.ZONE,
            authority=named("Payments"),
            recovery=recovery.model_copy(update={"others": tuple(others)}),
        )

    assert zone(sides).recovery.others == tuple(sides)
    for change in ({"id": LUMEN.id}, {"name": LUMEN.name}):
        sides[stranger] = sides[stranger].model_copy(update=change)
        with pytest.raises(ValidationError, match="its own provider and its own customer"):
            zone(sides)


def test_the_clause_says_how_long_a_recovery_waits_and_the_rule_how_long_an_amendment_does():
    slow = make_charter(
        PEOPLE, rule(AMEND, (2, "security-officer"), delay=DAY), recovery=CHAIN.current.recovery
    )
    proposal = make_proposal(slow)
    recovering = changed(proposal, operation=RECOVER)
    assert delay_before(slow, recovering) == 7 * DAY
    assert delay_before(slow, changed(proposal, operation=AMEND)) == DAY
    assert delay_before(WITHOUT.current, recovering) == 0
    assert delay_before(WITHOUT.current, changed(proposal, operation=AMEND)) == 0
