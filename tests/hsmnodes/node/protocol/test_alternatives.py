"""Rules of several alternatives: one is enough, each keeps to the floor, and each binds like any rule."""

import json

import pytest
from pydantic import ValidationError

from hsmnodes.node.protocol.charters import conflicts
from hsmnodes.node.protocol.consistency import can_be_signed, unsatisfiable
from hsmnodes.node.protocol.control import out_of_control
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Role, Rule
from hsmnodes.node.protocol.errors import DocumentRefused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, Verdict, evaluate
from hsmnodes.node.protocol.seating import Seating
from hsmnodes.node.protocol.suspensions import may_suspend
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, HANA, LEA, NORTHGATE, named
from tests.cast.signing import approve, cancel
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, NOW, make_charter, make_proposal, rule

MANAGERS, OFFICERS = (2, "key-manager"), (2, "security-officer")
BOTH = rule(GENERATE, MANAGERS, alternatives=[[OFFICERS]])
PEOPLE = (DINA, EMIL, FAY, GUS, LEA, HANA)


def judge(asked: Rule, *approvers, floor: int = 2, **more) -> Verdict:
    charter = make_charter(PEOPLE, asked)
    proposal = make_proposal(charter, requester=HANA)
    signatures = Signatures(
        HANA.key.sign(Purpose.PROPOSE, proposal.raw),
        tuple(approve(proposal, one) for one in approvers),
        **{name: make(proposal) for name, make in more.items()},
    )
    consent = Consent((charter.authority.kind,), floor)
    return evaluate([charter], proposal, signatures, consent=consent, now=NOW)


def names(verdict: Verdict) -> list[str]:
    return [one.person.name for one in verdict.counted]


def test_one_alternative_is_enough():
    assert judge(BOTH, DINA, EMIL).authorised
    assert judge(BOTH, GUS, LEA).authorised


def test_what_is_ignored_is_named_by_its_token_with_the_reason():
    [ignored] = judge(BOTH, DINA, EMIL, HANA).ignored
    assert ignored.credential_id == HANA.key.credential_id
    assert (ignored.person, ignored.code) == ("Hana", "requester")
    assert ignored.message == "Who proposes does not count."


def test_halves_of_two_alternatives_are_not_one():
    verdict = judge(BOTH, DINA, GUS)
    assert not verdict.authorised
    assert verdict.missing == 1
    assert verdict.ignored == ()


def test_a_verdict_speaks_of_the_alternative_that_lacks_least_and_shows_the_others():
    verdict = judge(BOTH, GUS)
    assert (names(verdict), verdict.missing) == (["Gus"], 1)
    [[other]] = verdict.others
    assert (other.clause.role, other.missing) == (Role.KEY_MANAGER, 2)
    assert [one.clause.role for one in judge(BOTH).clauses] == [Role.KEY_MANAGER]


def test_who_counts_by_one_alternative_does_not_count_by_another_as_well():
    verdict = judge(BOTH, DINA, GUS, LEA)
    assert names(verdict) == ["Gus", "Lea"]
    assert [one.person.name for [clause] in verdict.others for one in clause.seated] == ["Dina"]


def test_who_has_a_seat_in_no_alternative_is_ignored():
    assert [one.code for one in judge(BOTH, HANA, DINA).ignored] == ["requester"]
    assert [one.code for one in judge(rule(GENERATE, MANAGERS), GUS).ignored] == ["no-seat"]
    assert judge(BOTH, GUS).ignored == ()


def test_seats_are_numbered_by_the_alternative_of_their_charter():
    charter = make_charter(PEOPLE, rule(GENERATE, MANAGERS, OFFICERS, alternatives=[[OFFICERS], [MANAGERS]]))
    assert Seating([charter, charter], GENERATE).numbers == [1, 1, 2, 3, 1, 1, 2, 3]


@pytest.mark.parametrize("position", [0, 1])
def test_an_alternative_below_the_floor_spoils_the_whole_rule(position):
    ways = [[MANAGERS], [MANAGERS]]
    ways[position] = [(1, "security-officer")]
    verdict = judge(rule(GENERATE, *ways[0], alternatives=ways[1:]), DINA, EMIL, GUS)
    assert [one.code for one in verdict.problems] == ["below-floor"]
    assert not verdict.authorised


def test_anyone_who_could_sit_in_any_alternative_can_stop_it():
    for one in (FAY, LEA):
        verdict = judge(BOTH, DINA, EMIL, cancellations=lambda of, by=one: (cancel(of, by, at=NOW),))
        assert (verdict.closed.kind, verdict.authorised) == ("cancelled", False)


def test_a_rule_without_alternatives_has_the_bytes_it_always_had():
    charter = make_charter(PEOPLE, rule(GENERATE, MANAGERS))
    [written] = json.loads(charter.raw)["rules"]
    assert written == {
        "operation": GENERATE,
        "clauses": [{"role": "key-manager", "group": None, "m": 2}],
    }


def test_a_rule_with_alternatives_is_read_from_its_own_bytes_and_not_from_others():
    charter = make_charter(PEOPLE, BOTH)
    assert Charter.from_bytes(charter.raw) == charter
    null = charter.raw.replace(b'"clauses":', b'"alternatives":null,"clauses":')
    for raw in (null, make_charter(PEOPLE, rule(GENERATE, MANAGERS)).raw.replace(b'"clauses"', b'"claims"')):
        with pytest.raises(DocumentRefused):
            Charter.from_bytes(raw)


@pytest.mark.parametrize(
    ("clauses", "alternatives"),
    [([], [[MANAGERS]]), ([MANAGERS], [[]]), ([MANAGERS], [[MANAGERS]] * 4), ([MANAGERS], [[MANAGERS] * 17])],
    ids=["to nothing", "of nothing", "too many", "too long"],
)
def test_there_is_no_alternative(clauses, alternatives):
    with pytest.raises(ValidationError):
        rule(GENERATE, *clauses, alternatives=alternatives)


def test_an_empty_list_of_alternatives_is_no_rule():
    clauses = rule(GENERATE, MANAGERS).clauses
    with pytest.raises(ValidationError):
        Rule(operation=GENERATE, clauses=clauses, alternatives=())


def test_each_alternative_must_be_one_that_people_can_meet():
    asked = rule(GENERATE, MANAGERS, alternatives=[[(3, "security-officer")]])
    assert unsatisfiable(make_charter(PEOPLE, asked)) == (GENERATE,)
    assert unsatisfiable(make_charter(PEOPLE, BOTH)) == ()


def test_people_are_enough_for_a_rule_if_they_are_for_one_alternative():
    charter = make_charter(PEOPLE, BOTH)
    assert can_be_signed(charter, GENERATE, by=[GUS.id, LEA.id, HANA.id])
    assert not can_be_signed(charter, GENERATE, by=[GUS.id, DINA.id, HANA.id])


def test_nobody_is_enough_for_what_has_no_rule():
    charter = make_charter(PEOPLE, BOTH)
    assert not can_be_signed(charter, "key.destroy/v1", by=[one.id for one in PEOPLE])


def test_an_alternative_names_only_groups_that_are_there():
    with pytest.raises(ValidationError, match="a group that is not there"):
        make_charter(PEOPLE, rule(GENERATE, MANAGERS, alternatives=[[(2, "nobody-knows")]]))


def test_who_signs_by_an_alternative_has_a_duty_that_must_be_apart():
    provider = make_charter((ADA, BEN, CLEO), kind=AuthorityKind.PROVIDER, authority=NORTHGATE)
    auditor = ADA.with_roles(Role.AUDITOR)
    zone = make_charter(
        (auditor, DINA, EMIL, FAY),
        rule(GENERATE, MANAGERS, alternatives=[[(1, "key-manager"), (1, "auditor")]]),
        kind=AuthorityKind.ZONE,
        authority=named("Payments"),
    )
    assert [one.person for one in conflicts(provider, zone)] == ["Ada"]


def test_every_alternative_for_what_is_decisive_asks_for_the_side_in_control():
    operation = "backup-key.share/v1"
    lent = CLEO.with_roles(Role.KEY_MANAGER)
    zone = {"kind": AuthorityKind.ZONE, "authority": named("Payments")}
    members = (lent, *(one.with_roles(Role.CUSTODIAN) for one in (DINA, EMIL, FAY)))
    good = rule(operation, (2, "custodian"), alternatives=[[(1, "key-manager"), (2, "custodian")]])
    loose = rule(operation, (2, "custodian"), alternatives=[[(1, "key-manager"), (1, "custodian")]])
    assert out_of_control(make_charter(members, good, **zone)) is None
    assert out_of_control(make_charter(members, loose, **zone)).operations == (operation,)


def test_who_could_amend_by_an_alternative_could_suspend():
    charter = make_charter(PEOPLE, rule(AMEND, MANAGERS, alternatives=[[OFFICERS]]))
    assert [one.name for one in PEOPLE if may_suspend(charter, one.id)] == [
        *("Dina", "Emil", "Fay", "Gus", "Lea")
    ]
