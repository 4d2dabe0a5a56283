"""What a charter may not say, and duties that must be in different hands."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from hsmnodes.node.protocol.charters import conflicts
from hsmnodes.node.protocol.consistency import unsatisfiable
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Desk, Named, Person, Role, TokenRules
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    DINA,
    EMIL,
    FAY,
    GUS,
    HANA,
    LEA,
    MERIDIAN,
    NORTHGATE,
    Member,
    named,
)
from tests.hsmnodes.node.protocol.amending import CURRENT, PEOPLE, alias, amend_rule, in_order
from tests.hsmnodes.node.protocol.making import GENERATE, TERMS, make_charter, rule

DAY = 86_400
ADMINISTRATOR_TOO = (Role.HSM_ADMINISTRATOR, Role.KEY_MANAGER)


def people(*members: Member):
    return in_order(one.person() for one in members)


def holding(member: Member, **changes: Any) -> Person:
    """The person with their token, changed."""
    return member.person().model_copy(update={"tokens": (member.key.token(**changes),)})


LONG = CURRENT.valid_from + 400 * DAY + 1
SAME_CREDENTIAL = in_order([GUS.person(), holding(LEA, credential_id=GUS.key.credential_id)])
SAME_KEY = in_order([GUS.person(), holding(LEA, public_key=GUS.key.public_key)])
OTHER_BANK = replace(LEA, organisation=Named(id=MERIDIAN.id, name="Bank"))
CONTRADICTIONS = {
    "it is valid for 400 days and a second": ({"valid_until": LONG}, "400 days"),
    "it is valid for no time": ({"valid_until": CURRENT.valid_from}, "400 days"),
    "version 1 has a predecessor": ({"previous": "0" * 64}, "predecessor"),
    "version 2 has none": ({"version": 2}, "predecessor"),
    "a customer has the terms of a zone": ({"zone": TERMS}, "zone"),
    "one name stands for two people": (
        {"people": people(GUS, LEA, replace(GUS, name="gus"))},
        "same name",
    ),
    "a person stands twice": ({"people": (GUS.person(), GUS.person())}, "sorted by id"),
    "people are not sorted": ({"people": people(*PEOPLE)[::-1]}, "sorted by id"),
    "a credential id stands twice": ({"people": SAME_CREDENTIAL}, "credential id stands twice"),
    "a public key stands twice": ({"people": SAME_KEY}, "public key stands twice"),
    "one person has a token twice": (
        {"people": (GUS.person(tokens=(GUS.key, GUS.key)),)},
        "stands twice",
    ),
    "a simulated token stands outside a demo": ({"demo": False}, "only in a charter of a demo"),
    "someone is administrator and key manager": (
        {"people": people(CLEO.with_roles(*ADMINISTRATOR_TOO))},
        "cannot be HSM administrator",
    ),
    "someone is administrator and custodian": (
        {"people": people(CLEO.with_roles(Role.HSM_ADMINISTRATOR, Role.CUSTODIAN))},
        "cannot be HSM administrator",
    ),
    "a role stands twice": (
        {"people": (GUS.person().model_copy(update={"roles": (Role.AUDITOR, Role.AUDITOR)}),)},
        "each once",
    ),
    "an organisation has two names": ({"people": people(GUS, OTHER_BANK)}, "two names"),
    "rules are not sorted": ({"rules": amend_rule(2)[::-1]}, "sorted by operation"),
    "an operation has two rules": ({"rules": amend_rule(2)[:1] * 2}, "sorted by operation"),
    "a rule names a group that is not there": (
        {"rules": (rule(GENERATE, (2, "nobody")),)},
        "group that is not there",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "says"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_charter_contradicts_itself_if(change, says):
    with pytest.raises(ValidationError, match=says):
        CURRENT.model_copy(update=change)


def test_a_group_lists_people_of_the_charter():
    with pytest.raises(ValidationError, match="must list people"):
        make_charter(PEOPLE, groups={"owners": [CLEO]})


def test_a_zone_has_the_terms_of_a_zone():
    with pytest.raises(ValidationError, match="terms"):
        make_charter(PEOPLE, kind=AuthorityKind.ZONE, zone=None)


@pytest.mark.parametrize(
    ("origin", "rp_id"),
    [
        ("https://desk.example", "example"),
        ("https://desk.example", "evil.example"),
        ("https://desk.example/", "desk.example"),
        ("https://desk.example@evil.example", "evil.example"),
        ("https://desk.example:443:1", "desk.example"),
        ("ftp://desk.example", "desk.example"),
        ("https://DESK.example", "desk.example"),
    ],
)
def test_a_desk_is_one_origin_and_its_very_host(origin, rp_id):
    with pytest.raises(ValidationError):
        Desk(origin=origin, rp_id=rp_id)


def test_a_synced_token_may_stand_where_they_are_allowed():
    synced = holding(GUS, backup_eligible=True)
    assert CURRENT.model_copy(
        update={"people": (synced,), "token_rules": TokenRules(backup_eligible="allowed")}
    )


def test_a_rule_that_everyone_together_could_not_meet_is_unsatisfiable():
    def found(*clauses, groups=None):
        return unsatisfiable(make_charter(PEOPLE, rule(GENERATE, *clauses), groups=groups))

    assert found((3, "key-manager")) == ()
    assert found((4, "key-manager")) == (GENERATE,)
    assert found((1, "custodian")) == (GENERATE,)
    assert found((2, "key-manager"), (2, "owners"), groups={"owners": [DINA, EMIL, GUS]}) == ()
    assert found((2, "key-manager"), (2, "owners"), groups={"owners": [DINA, EMIL]}) == (GENERATE,)
    assert found((3, "key-manager"), (2, "owners"), groups={"owners": [DINA, EMIL, GUS]}) == (GENERATE,)
    assert found((2, "owners"), groups={"owners": []}) == (GENERATE,)
    assert found() == ()


def zone_of(*members: Member, groups=None, rules=()) -> Charter:
    return make_charter(members, *rules, kind=AuthorityKind.ZONE, authority=named("Payments"), groups=groups)


PROVIDER = make_charter((ADA, BEN, CLEO), kind=AuthorityKind.PROVIDER, authority=NORTHGATE)
ADA_AS_AUDITOR = ADA.with_roles(Role.AUDITOR)
CONFLICTS = {
    "a key manager by id": (zone_of(ADA.with_roles(Role.KEY_MANAGER), DINA), ["Ada"]),
    "a custodian by id": (zone_of(BEN.with_roles(Role.CUSTODIAN), DINA), ["Ben"]),
    "a key manager by token": (zone_of(alias(ADA.with_roles(Role.KEY_MANAGER), "Eve"), DINA), ["Eve"]),
    "who signs for the zone by a group": (
        zone_of(ADA_AS_AUDITOR, DINA, groups={"keys": [ADA, DINA]}, rules=[rule(GENERATE, (2, "keys"))]),
        ["Ada"],
    ),
    "who signs for the zone by another role": (
        zone_of(ADA_AS_AUDITOR, HANA, rules=[rule(GENERATE, (2, "auditor"))]),
        ["Ada"],
    ),
    "an auditor": (zone_of(ADA_AS_AUDITOR, DINA), []),
    "others": (zone_of(DINA, EMIL, FAY, rules=[rule(GENERATE, (2, "key-manager"))]), []),
}


@pytest.mark.parametrize(("zone", "people"), CONFLICTS.values(), ids=CONFLICTS.keys())
def test_an_administrator_of_the_hsm_has_no_duty_in_the_zone(zone, people):
    assert [found.person for found in conflicts(PROVIDER, zone)] == people
