"""When a rule is weaker than the default, as tables and against every set of people."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsmnodes.node.operations.registry import default_rules, rules_of_two_sides
from hsmnodes.node.protocol.documents import AuthorityKind, Role
from hsmnodes.node.protocol.matching import seat
from hsmnodes.node.protocol.weaker import is_weaker
from tenants.analysis.defaults import defaults_of, weaker_rules
from tests.cast.people import CUSTODIANS, CUSTOMER_PEOPLE, DINA, EMIL, FAY, GUS, HANA, JON, KIM, LEA, named
from tests.hsmnodes.node.protocol.making import GENERATE, TERMS, make_charter, rule

ZONE = AuthorityKind.ZONE
MANAGERS, CUSTODIAN = "key-manager", "custodian"
RULES = {
    # the default for key.generate/v1 is 2 key managers; "all" are these, "some" two of them and an officer
    "as the default": ([(2, MANAGERS)], False),
    "more of them": ([(3, MANAGERS)], False),
    "fewer of them": ([(1, MANAGERS)], True),
    "fewer of them and others": ([(1, MANAGERS), (2, "auditor")], True),
    "as many, and others besides": ([(2, MANAGERS), (1, "auditor")], False),
    "as many in two clauses": ([(1, MANAGERS), (1, "all")], False),
    "as many of a group of them": ([(2, "all")], False),
    "as many of a group with somebody else in it": ([(2, "some")], True),
    "others": ([(2, "auditor")], True),
    "nobody: it is denied": ([], False),
    "as many, or else more": ([(2, MANAGERS)], False),
    "as many, or else fewer": ([(2, MANAGERS)], True),
}
OR_ELSE = {
    "as many, or else more": [[(1, "all"), (1, MANAGERS), (1, "auditor")]],
    "as many, or else fewer": [[(3, "auditor"), (1, MANAGERS)]],
}


@pytest.mark.parametrize(("clauses", "weaker"), RULES.values(), ids=RULES.keys())
def test_a_rule_is_weaker_than_the_default_if_it_asks_for(clauses, weaker, request):
    charter = make_charter(
        (DINA, EMIL, FAY, GUS, HANA),
        rule(GENERATE, *clauses, alternatives=OR_ELSE.get(request.node.callspec.id, ())),
        kind=ZONE,
        authority=named("Payments"),
        groups={"all": [DINA, EMIL, FAY], "some": [DINA, EMIL, GUS]},
    )
    assert weaker_rules(charter) == ((GENERATE,) if weaker else ())


@pytest.mark.parametrize("kind", AuthorityKind)
def test_the_defaults_are_not_weaker_than_themselves(kind):
    members = CUSTODIANS if kind is ZONE else CUSTOMER_PEOPLE
    charter = make_charter(members, *default_rules(kind), kind=kind)
    assert weaker_rules(charter) == ()
    assert set(defaults_of(kind)) == {one.operation for one in default_rules(kind)}


def zone_of(*members, rules):
    terms = TERMS.model_copy(update={"controller": "customer"})
    return make_charter(members, *rules, kind=ZONE, authority=named("Payments"), zone=terms)


def test_a_zone_of_two_sides_has_defaults_of_its_own():
    """Northgate's people manage the keys; Meridian Bank's hold the backup key, and decide about it."""
    managers = [one.with_roles(Role.KEY_MANAGER) for one in (JON, KIM)]
    custodians = [one.with_roles(Role.CUSTODIAN) for one in (DINA, EMIL, FAY)]
    assert weaker_rules(zone_of(*managers, *custodians, rules=rules_of_two_sides())) == ()
    usual = weaker_rules(zone_of(*managers, *custodians, rules=default_rules(ZONE)))
    assert "backup-key.rotate/v1" in usual
    assert "charter.amend/v1" in usual
    assert "key.generate/v1" not in usual
    assert weaker_rules(zone_of(DINA, EMIL, FAY, rules=default_rules(ZONE))) == ()


def test_what_has_no_default_is_not_weaker():
    charter = make_charter((GUS, LEA), rule(GENERATE, (1, "security-officer")))
    assert weaker_rules(charter) == ()


PEOPLE = [DINA, EMIL, FAY, GUS, HANA]
GROUPS = {
    "pair": [DINA, EMIL],
    "three": [DINA, EMIL, FAY],
    "odd": [FAY, GUS, HANA],
    "all": PEOPLE,
}


CLAUSES = st.lists(st.tuples(st.integers(1, 2), st.sampled_from(sorted(GROUPS))), min_size=1, max_size=3)


@settings(max_examples=200)
@given(
    st.lists(CLAUSES, min_size=1, max_size=2),
    st.lists(CLAUSES, min_size=1, max_size=2),
)
def test_who_satisfies_a_rule_that_is_not_weaker_satisfies_the_default(ways, usual):
    """So no rule that lets others through is taken for as strong."""
    members = [one.with_roles(Role.KEY_MANAGER) for one in PEOPLE]
    charter = make_charter(members, groups=GROUPS)

    def within(clause, asked):
        return charter.eligible(clause) <= charter.eligible(asked)

    def satisfies(people, asked):
        for way in asked.ways:
            wanted = [(one.m, charter.eligible(one)) for one in way]
            if sum(map(len, seat(people, wanted))) == sum(m for m, _ in wanted):
                return True
        return False

    ours, theirs = (rule(GENERATE, *first, alternatives=others) for first, *others in (ways, usual))
    if is_weaker(ours, theirs, within):
        return
    ids = [one.id for one in members]
    for size in range(len(ids) + 1):
        for people in combinations(ids, size):
            assert not satisfies(people, ours) or satisfies(people, theirs)
