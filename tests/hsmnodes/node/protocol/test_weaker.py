"""When a rule asks for less than the default."""

import pytest

from hsmnodes.node.protocol.documents.base import LONGEST_LIFETIME
from hsmnodes.node.protocol.weaker import demands_less, is_weaker, is_weaker_in
from tests.cast.people import DINA, EMIL, FAY, GUS, HANA, LEA
from tests.hsmnodes.node.protocol.making import GENERATE, make_charter, rule

MANAGERS = (2, "key-manager")
DAY = 86_400


def asked(**more):
    return rule(GENERATE, MANAGERS, **more)


LESS = {
    "no delay, where there is one": ({}, {"delay": 1}),
    "a shorter delay": ({"delay": DAY - 1}, {"delay": DAY}),
    "a longer life of proposals": ({"lifetime": DAY + 1}, {"lifetime": DAY}),
    "the longest life, where it is shorter": ({}, {"lifetime": DAY}),
    "custodians who approve, where they must not": ({}, {"custodians_apart": True}),
    "a longer delay and a longer life": ({"delay": DAY, "lifetime": DAY}, {"lifetime": DAY - 1}),
    "no delay, and a shorter life": ({"lifetime": 1}, {"delay": 1, "lifetime": DAY}),
}
NOT_LESS = {
    "the same": ({"delay": DAY, "lifetime": DAY}, {"delay": DAY, "lifetime": DAY}),
    "a delay, where there is none": ({"delay": 1}, {}),
    "the shortest delay there is, twice": ({"delay": 1}, {"delay": 1}),
    "a shorter life": ({"lifetime": DAY}, {}),
    "the longest life in words": ({"lifetime": LONGEST_LIFETIME}, {}),
    "custodians apart, where they need not be": ({"custodians_apart": True}, {}),
    "custodians apart on both sides": ({"custodians_apart": True}, {"custodians_apart": True}),
}


@pytest.mark.parametrize(("mine", "usual"), LESS.values(), ids=LESS)
def test_it_demands_less(mine, usual):
    assert demands_less(asked(**mine), asked(**usual))
    assert is_weaker(asked(**mine), asked(**usual), lambda one, other: one == other)


@pytest.mark.parametrize(("mine", "usual"), NOT_LESS.values(), ids=NOT_LESS)
def test_it_does_not(mine, usual):
    assert not demands_less(asked(**mine), asked(**usual))
    assert not is_weaker(asked(**mine), asked(**usual), lambda one, other: one == other)


def test_what_denies_or_has_no_default_is_not_weaker():
    charter = make_charter((DINA, EMIL, FAY, GUS, LEA, HANA), asked())
    assert not is_weaker_in(charter, asked(), None)
    assert not is_weaker_in(charter, rule(GENERATE), asked(delay=1))
    assert is_weaker_in(charter, rule(GENERATE, (1, "key-manager")), asked())
    assert is_weaker_in(charter, rule(GENERATE, (2, "security-officer")), asked())
    assert not is_weaker_in(charter, rule(GENERATE, (3, "key-manager")), asked())
