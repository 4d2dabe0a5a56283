"""What is said of the cast's own charters, for every operation there is."""

from itertools import combinations

import pytest

from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.charters import verify_amendment
from hsmnodes.node.protocol.consistency import AMEND, RECOVER
from hsmnodes.node.protocol.documents import AuthorityKind, Role
from hsmnodes.node.protocol.errors import Refused
from tenants.analysis.deciding import Decision
from tenants.analysis.humans import Loss, anyone, has_duty
from tenants.analysis.questions import Question, answer, questions_about
from tests.cast.deployment import Deployment
from tests.cast.people import (
    ADA,
    CUSTOMER_PEOPLE,
    DINA,
    EMIL,
    EVERYONE,
    FAY,
    GUS,
    HANA,
    LEA,
    LUMEN,
    MERIDIAN,
    NORTHGATE,
    ZONE_PEOPLE,
)
from tests.hsmnodes.node.protocol.making import NOW, make_charter, rule
from tests.tenants.analysis.every_set import EverySet, names, sets_in, subsets

CAST = Deployment(now=NOW)
ZONE = CAST.zone()
PROVIDER, CUSTOMER, OF_ZONE = AuthorityKind.PROVIDER, AuthorityKind.CUSTOMER, AuthorityKind.ZONE
CHARTERS = {
    PROVIDER: CAST.northgate.current,
    CUSTOMER: CAST.meridian.current,
    OF_ZONE: ZONE.current,
}
QUESTIONS = {
    f"{one.operation} of {kind.value}": one
    for kind in AuthorityKind
    for one in questions_about(kind)
    if kind in one.kinds and (one.operation != AMEND or one.kinds == (kind,))
}
NAMES = {member.id: member.name for member in EVERYONE}


def decide(question: Question, **changes) -> Decision:
    charters = [CHARTERS[kind] for kind in question.kinds]
    return Decision(charters, question.operation, floor=question.floor, now=NOW, **changes)


def called(humans) -> list[str]:
    return sorted(human.name for human in humans)


def test_every_operation_there_is_is_asked_about():
    """But for recovery, which no rule decides on but a clause that stands apart."""
    asked = {one.operation for one in QUESTIONS.values()}
    assert asked == set(operations()) - {RECOVER}


def test_what_is_left_of_a_warrant_is_abandoned_by_those_who_consented_to_it():
    found = {
        one.kinds: one.floor for one in questions_about(OF_ZONE) if one.operation == "warrant.abandon/v1"
    }
    assert found == {(OF_ZONE,): 1, (PROVIDER, OF_ZONE): 2}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "question",
    {(one.operation, one.kinds): one for one in QUESTIONS.values() if one.operation != AMEND}.values(),
    ids=lambda one: one.operation,
)
def test_the_smallest_sets_are_just_those_that_signatures_authorise(question):
    """Every set of the cast of that size, or smaller by one, signs; each in it requests in turn."""
    decision = decide(question)
    truth = EverySet(
        decision.charters,
        question.floor,
        tokens=[member.key for member in EVERYONE],
        operation=question.operation,
    )
    found = set(sets_in(decision))
    for people in subsets(truth.everyone):
        if decision.needed - 1 <= len(people) <= decision.needed:
            assert truth.authorised(people) == (people in found), sorted(NAMES[one] for one in people)


@pytest.mark.parametrize(
    ("chain", "kind", "members"),
    [(CAST.meridian, CUSTOMER, CUSTOMER_PEOPLE), (ZONE, OF_ZONE, ZONE_PEOPLE)],
    ids=["customer", "zone"],
)
def test_an_amendment_is_authorised_by_just_the_sets_that_are_named(chain, kind, members):
    """An amendment that changes nothing but the version, requested and signed by every set of people."""
    [question] = [one for one in questions_about(kind) if one.operation == AMEND]
    decision = decide(question)
    found = set(sets_in(decision))

    def amended(people) -> bool:
        return any(is_amended(requester, [one for one in people if one != requester]) for requester in people)

    def is_amended(requester, approvers) -> bool:
        link = chain.link_to(chain.next_version(), requester=requester, approvers=approvers, now=NOW)
        try:
            return bool(verify_amendment(chain.current, link))
        except Refused:
            return False

    for people in combinations(members, decision.needed):
        assert amended(people) == (frozenset(one.id for one in people) in found)
    assert not any(amended(people) for people in combinations(members, decision.needed - 1))


STORIES = {
    # question: (people needed, alone, how many may be lost, of whom one more must not be)
    "key.generate/v1 of zone": (3, [MERIDIAN], 0, ["Dina", "Emil", "Fay"]),
    "backup.verify/v1 of zone": (2, [MERIDIAN], 1, ["Dina", "Emil", "Fay"]),
    "charter.amend/v1 of zone": (3, [MERIDIAN], 0, ["Dina", "Emil", "Fay"]),
    "charter.amend/v1 of customer": (3, [MERIDIAN], 0, ["Gus", "Lea"]),
    "charter.amend/v1 of provider": (3, [NORTHGATE], 0, ["Jon", "Kim"]),
    "zone.found/v1 of customer": (3, [MERIDIAN], 0, ["Gus", "Lea"]),
    "node.enrol/v1 of provider": (3, [NORTHGATE], 1, ["Ada", "Ben", "Cleo"]),
    "service.start/v1 of provider": (5, [], 0, ["Gus", "Lea"]),
    "slot.create/v1 of zone": (5, [], 1, ["Ada", "Ben", "Cleo", "Dina", "Emil", "Fay"]),
}


@pytest.mark.parametrize(("name", "story"), STORIES.items(), ids=STORIES.keys())
def test_the_cast_is_told(name, story):
    needed, alone, spare, weak = story
    decision = decide(QUESTIONS[name], requests=has_duty)
    assert decision.needed == needed
    assert decision.alone == {one.id for one in alone}
    assert decision.spare == spare
    assert sorted({human for one in decision.weaknesses for human in called(one.humans)}) == weak


def test_a_node_lets_an_auditor_request_and_the_console_does_not():
    """Of Dina, Emil, Fay and Hana one may be lost if Hana requests, and none if she cannot."""
    charter = make_charter((DINA, EMIL, FAY, HANA), rule("key.generate/v1", (2, "key-manager")))
    asked = {"floor": 2, "now": NOW}
    assert Decision((charter,), "key.generate/v1", requests=anyone, **asked).spare == 1
    assert Decision((charter,), "key.generate/v1", requests=has_duty, **asked).spare == 0
    [found] = answer(
        [Question("key.generate/v1", (CUSTOMER,), 2)],
        {CUSTOMER: charter},
        now=NOW,
        lost=Loss(frozenset({FAY.id})),
    )
    assert found.could.possible
    assert not found.stays.possible


def test_who_loses_one_of_two_tokens_is_not_lost():
    people = tuple(
        sorted((one.person(tokens=(one.key, one.second_key)) for one in ZONE_PEOPLE), key=lambda one: one.id)
    )
    charter = make_charter(ZONE_PEOPLE, rule("key.generate/v1", (2, "key-manager")), people=people)

    def possible(*tokens) -> bool:
        lost = Loss(tokens=frozenset(token.credential_id for token in tokens))
        return Decision((charter,), "key.generate/v1", floor=2, now=NOW, lost=lost).possible

    assert possible()
    assert possible(DINA.key)
    assert possible(DINA.key, EMIL.second_key, FAY.key)
    assert not possible(DINA.key, DINA.second_key)


def test_what_a_charter_does_not_allow_or_asks_too_few_people_for_is_impossible():
    charter = make_charter(ZONE_PEOPLE, rule("key.generate/v1", (1, "key-manager")), rule("key.destroy/v1"))

    def codes(operation, now=NOW):
        decision = Decision((charter,), operation, floor=2, now=now)
        assert not decision.possible
        assert (decision.spare, decision.weaknesses, decision.alone) == (-1, [], frozenset())
        return [problem.code for problem in decision.problems]

    assert codes("key.generate/v1") == ["below-floor"]
    assert codes("key.destroy/v1") == ["no-rule"]
    assert codes("backup.take/v1") == ["no-rule"]
    assert codes("key.generate/v1", charter.valid_until) == ["below-floor", "charter-expired"]


def test_an_expired_charter_still_authorises_its_own_renewal():
    charter = CHARTERS[OF_ZONE]
    assert Decision((charter,), AMEND, floor=2, now=charter.valid_until).possible


def test_one_organisation_that_holds_both_sides_is_told():
    """Northgate's people are key managers of a zone on Northgate's own HSMs."""
    zone = CAST.zone(members=[one.with_roles(Role.KEY_MANAGER) for one in CAST.northgate.members[3:]])
    charters = {PROVIDER: CHARTERS[PROVIDER], OF_ZONE: zone.current}
    found = {one.operation: one for one in answer(questions_about(OF_ZONE), charters, now=NOW)}
    assert found["slot.create/v1"].both_sides == {NORTHGATE.id}
    assert found["key.generate/v1"].both_sides == frozenset()
    assert sorted(people[0].name for people in found["slot.create/v1"].in_both) == ["Jon", "Kim"]


def test_an_operation_whose_charters_are_not_all_there_is_not_answered():
    found = answer(questions_about(OF_ZONE), {OF_ZONE: CHARTERS[OF_ZONE]}, now=NOW)
    assert all(one.charters == (CHARTERS[OF_ZONE],) for one in found)
    assert "slot.create/v1" not in {one.operation for one in found}


def test_the_other_customer_is_no_part_of_it():
    decision = decide(QUESTIONS["service.start/v1 of provider"])
    assert LUMEN.id not in {one for human in decision.humans for one in human.organisations}
    assert names(decision.humans) >= {ADA.id, GUS.id, LEA.id}
