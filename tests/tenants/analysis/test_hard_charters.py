"""Charters that are made to be hard to count, by people who need nobody's signature to draft them."""

import random
import time
from string import ascii_lowercase

import pytest

from hsmnodes.node.protocol.documents import Clause, Rule
from hsmnodes.node.protocol.documents.charter import EDDSA
from tenants.analysis.deciding import Decision
from tests.cast.people import MERIDIAN, Member
from tests.hsmnodes.node.protocol.making import GENERATE, NOW, make_charter

MEMBERS = [Member(f"P{number}", MERIDIAN, (), algorithm=EDDSA) for number in range(200)]


@pytest.mark.parametrize(("m", "size"), [(12, 95), (4, 60), (1, 30)])
def test_sixteen_groups_at_random_of_two_hundred_people_are_analysed_quickly(m, size):
    """Nearly everyone is of a kind of their own."""
    chance = random.Random(m)
    groups = {f"g{letter}": chance.sample(MEMBERS, size) for letter in ascii_lowercase[:16]}
    clauses = tuple(Clause(role=None, group=name, m=m) for name in groups)
    charter = make_charter(MEMBERS, Rule(operation=GENERATE, clauses=clauses), groups=groups)
    began = time.process_time()
    decision = Decision((charter,), GENERATE, floor=2, now=NOW)
    assert decision.possible
    assert decision.spare >= 0
    assert decision.weaknesses
    assert decision.alone == {MERIDIAN.id}
    assert decision.mixtures()[0]
    assert time.process_time() - began < 2.5
