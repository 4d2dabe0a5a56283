"""What a recovery's documents say, word for word, and whose charter may come with it."""

import pytest

from hsmnodes.node.protocol.charters import consenting
from hsmnodes.node.protocol.documents import Group, OtherSide
from hsmnodes.node.protocol.errors import CharterRefused
from hsmnodes.node.protocol.recovery import beyond, parameters_of
from tests.cast.people import GUS, LEA
from tests.hsmnodes.node.protocol.recovering import (
    CHAIN,
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
