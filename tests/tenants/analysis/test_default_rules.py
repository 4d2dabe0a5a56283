"""The default rules in their file: complete, no weaker than what operations ask for, and read strictly."""

from typing import Any

import pytest

from hsmnodes.node.operations.registry import default_rules, operations, rules_of_two_sides
from hsmnodes.node.protocol.documents import AuthorityKind, Rule, TokenRules
from hsmnodes.node.protocol.weaker import is_weaker
from tenants.analysis.default_rules import (
    FILE,
    MODELS,
    DefaultsBroken,
    read,
    read_token_rules,
    rules_of,
)
from tenants.analysis.defaults import eased_tokens

TEXT = FILE.read_text("utf-8")
LINE = '"key.generate/v1" = "2 key-manager"\n'


def suggested(kind: AuthorityKind, model: str) -> tuple[Rule, ...]:
    two_sides = kind is AuthorityKind.ZONE and model.endswith("-holds")
    return rules_of_two_sides() if two_sides else default_rules(kind)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", AuthorityKind)
def test_every_operation_has_its_default_and_none_is_weaker_than_its_own(kind, model):
    """An operation that is added and forgotten in the file is found out here."""
    found = {rule.operation: rule for rule in rules_of(kind, model=model)}
    own = {rule.operation: rule for rule in suggested(kind, model)}
    assert found.keys() == own.keys()
    for tag, rule in found.items():
        assert not is_weaker(rule, own[tag], lambda one, other: one.role == other.role), tag
        assert all(sum(one.m for one in way) >= operations()[tag].consent.floor for way in rule.ways), tag


def with_rule(what: str) -> Rule:
    """The rule for making keys, once the file says this of it."""
    assert LINE in TEXT
    rules = read(TEXT.replace(LINE, f'"key.generate/v1" = {what}\n'))[AuthorityKind.ZONE, "customer"]
    [found] = [one for one in rules if one.operation == "key.generate/v1"]
    return found


def test_the_file_says_everything_that_a_rule_can_say():
    found = with_rule(
        '{ who = ["2 key-manager", "1 key-manager and 1 custodian"], delay = "2 days", '
        'lifetime = "12 hours", hours = "By day", custodians_apart = true }'
    )
    ways = [[(one.m, one.role.value) for one in way] for way in found.ways]
    assert ways == [[(2, "key-manager")], [(1, "key-manager"), (1, "custodian")]]
    assert (found.delay, found.lifetime, found.hours, found.custodians_apart) == (
        2 * 86_400,
        12 * 3600,
        "By day",
        True,
    )


@pytest.mark.parametrize(
    "what",
    [
        '"two key-manager"',
        '"2 key-managers"',
        '"2"',
        '""',
        "[]",
        "2",
        '{ who = "2 key-manager", dealy = "2 days" }',
        '{ who = "2 key-manager", delay = "2 weeks" }',
        '{ who = "2 key-manager", delay = "0 days" }',
        '{ who = "2 key-manager", delay = 2 }',
        '{ who = "2 key-manager", custodians_apart = false }',
        '{ delay = "2 days" }',
    ],
)
def test_what_is_not_understood_is_refused_and_not_guessed(what):
    with pytest.raises(DefaultsBroken):
        with_rule(what)


EACH = next(line for line in TEXT.splitlines() if line.startswith("each = "))
TOKENS = {
    "each = 2": TokenRules(backup_eligible="forbidden", tokens_each=2),
    "each = 1": TokenRules(backup_eligible="forbidden"),
}


@pytest.mark.parametrize(("line", "rules"), TOKENS.items())
def test_the_file_says_which_tokens_a_charter_begins_with(line, rules):
    assert read_token_rules(TEXT.replace(EACH, line)) == rules


def test_it_can_demand_more_of_tokens():
    text = TEXT.replace("attestation = false", "attestation = true").replace(
        "synced = false", "synced = true"
    )
    assert read_token_rules(text) == TokenRules(backup_eligible="allowed", attestation="required")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[tokens]", "[tokes]"),
        (EACH, ""),
        (EACH, "each = 0"),
        (EACH, "each = true"),
        (EACH, 'each = "two"'),
        (EACH, "each = 11"),
        (EACH, "each = 1\nmodels = []"),
        ("synced = false", 'synced = "no"'),
        ("attestation = false", "attestation = 0"),
    ],
)
def test_rules_on_tokens_that_are_not_understood_are_refused(before, after):
    assert before in TEXT
    with pytest.raises(DefaultsBroken):
        read_token_rules(TEXT.replace(before, after, 1))


USUAL = TokenRules(
    backup_eligible="forbidden",
    attestation="required",
    models_allowed=("1" * 32, "2" * 32),
    models_blocked=("3" * 32,),
    tokens_each=2,
)
EASED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "nothing is": ({}, ()),
    "more is asked for": (
        {"models_allowed": ("1" * 32,), "models_blocked": ("3" * 32, "4" * 32), "tokens_each": 3},
        (),
    ),
    "synced tokens are": ({"backup_eligible": "allowed"}, ("backup_eligible",)),
    "proof is": ({"attestation": None, "models_allowed": None}, ("attestation", "models_allowed")),
    "another model is": ({"models_allowed": ("1" * 32, "5" * 32)}, ("models_allowed",)),
    "any model is": ({"models_allowed": None}, ("models_allowed",)),
    "a blocked model is": ({"models_blocked": None}, ("models_blocked",)),
    "another is blocked instead": ({"models_blocked": ("4" * 32,)}, ("models_blocked",)),
    "fewer tokens are": ({"tokens_each": None}, ("tokens_each",)),
}


@pytest.mark.parametrize(("changes", "eased"), EASED.values(), ids=EASED.keys())
def test_what_is_accepted_that_was_not(changes, eased):
    assert eased_tokens(USUAL.model_copy(update=changes), USUAL) == eased


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('customer = "one-side"', 'customer = "no-side"'),
        ("[models]", "[modles]"),
        ("[provider]", "[providers]"),
        ('provider-holds = "two-sides"\n', ""),
        (LINE, "key.generate/v1 = 2"),
    ],
)
def test_a_section_that_is_missing_or_too_many_is_refused(before, after):
    assert before in TEXT
    with pytest.raises(DefaultsBroken):
        read(TEXT.replace(before, after, 1))
