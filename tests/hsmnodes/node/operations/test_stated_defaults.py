"""A statement brings no defaults of its own and leaves nothing out: no weak rule looks strong by it."""

import pytest

from hsmnodes.node.operations.registry import default_rules, rules_of_two_sides
from hsmnodes.node.operations.statement.defaults import known_defaults
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, Statement
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.statements import state
from tests.cast.deployment import Deployment
from tests.cast.people import CUSTODIANS
from tests.cast.statements import EASED, file_of, sign_statement, statement_of
from tests.hsmnodes.node.operations.test_statements import NOW, other, run, verify


@pytest.fixture
def cast():
    return Deployment(now=NOW)


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS, rules=EASED)


@pytest.fixture
def statement(cast, zone):
    return statement_of(cast, zone)


def with_defaults(statement, change):
    """The statement with another default beside the rule for making keys, and marked as no weaker."""
    stated = statement.zones[0]
    rules = tuple(
        one.model_copy(update={"default": change(one), "weaker": False}) if one.weaker else one
        for one in stated.rules
    )
    return other(statement, zones=(stated.model_copy(update={"rules": rules}),))


OTHER_DEFAULTS = {"the weak rule itself": lambda one: one.rule, "none": lambda _one: None}


@pytest.mark.parametrize("change", OTHER_DEFAULTS.values(), ids=OTHER_DEFAULTS.keys())
def test_a_weak_rule_does_not_look_strong_by_naming_as_its_default(
    cast, zone, statement, tmp_path, capsys, change
):
    lying = with_defaults(statement, change)
    file = file_of(cast, lying, sign_statement(cast, lying), zone)
    [found] = verify(cast, file).other_defaults
    assert (found.authority, found.title, found.known) == ("Payments", "Generate keys", "2 key managers")
    assert run(cast, file, tmp_path) == 2
    assert "WARNING: other defaults than this program knows (1):" in capsys.readouterr().out


def test_the_defaults_of_a_zone_that_two_sides_share_are_its_own(cast):
    zone = cast.zone(members=CUSTODIANS, controller="customer")
    stated = state(zone.current, {})
    provider = stated.zone.provider
    managed = stated.model_copy(
        update={"people": (stated.people[0].model_copy(update={"organisation": provider}),)}
    )
    assert known_defaults(stated) == {one.operation: one for one in default_rules(AuthorityKind.ZONE)}
    assert known_defaults(managed) == {one.operation: one for one in rules_of_two_sides()}


@pytest.mark.parametrize("part", ["exclusions", "recovery"])
def test_a_statement_leaves_nothing_out_of(statement, part):
    whole = statement.model_dump(mode="json")
    for fewer in ([], whole[part][1:]):
        with pytest.raises(Refused) as caught:
            Statement.from_bytes(canonical.encode(whole | {part: fewer}))
        assert caught.value.code == "bad-field"
