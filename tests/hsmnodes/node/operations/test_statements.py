"""Signed statements: good are those that both sides signed, of just what the charters say that they name."""

import pytest

from hsmnodes.node.agent import cli
from hsmnodes.node.operations.statement.differences import differences
from hsmnodes.node.operations.statement.file import StatementFile, verify_file
from hsmnodes.node.operations.statement.reading import chapters, weaker_duties
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import (
    Clause,
    OtherSide,
    Recovery,
    Role,
    Statement,
    TokenRules,
)
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.statements import agreed, check_made_from, redraw
from tests.cast.deployment import Deployment
from tests.cast.people import (
    ADA,
    BEN,
    CUSTODIANS,
    DINA,
    EMIL,
    FAY,
    GUS,
    HANA,
    JON,
    KIM,
    LEA,
    named,
)
from tests.cast.statements import CONTACTS, EASED, GENERATE, basis_of, file_of, sign_statement, statement_of

NOW = 1_800_000_000


@pytest.fixture
def cast():
    return Deployment(now=NOW)


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS, rules=EASED)


@pytest.fixture
def statement(cast, zone):
    return statement_of(cast, zone)


@pytest.fixture
def file(cast, zone, statement):
    return file_of(cast, statement, sign_statement(cast, statement), zone)


def verify(cast, file):
    data = file.model_dump_json().encode()
    return verify_file(data, provider=cast.northgate.anchor, customer=cast.meridian.anchor)


def refused(cast, file, code):
    with pytest.raises(Refused) as caught:
        verify(cast, file)
    assert caught.value.code == code


def with_rule(charter, tag, clauses, **more):
    return tuple(
        rule.model_copy(update={"clauses": clauses, **more}) if rule.operation == tag else rule
        for rule in charter.rules
    )


def other(statement, **changes):
    return statement.model_copy(update=changes)


# ------------------------------------------------------------------ what it says


def test_it_says_who_signs_on_which_side_for_every_operation(statement):
    of_zone, beside = chapters(statement)
    duties = {duty.title: duty for duty in (*of_zone.duties, *beside.duties)}
    assert duties["Generate keys"].customer == ["1 key manager"]
    assert duties["Generate keys"].provider == ["–"]
    slot = duties["Create a slot for a Trust Zone"]
    assert (slot.provider, slot.customer) == (["2 HSM administrators"], ["2 key managers"])
    assert duties["Enrol a node"].provider == ["2 HSM administrators"]
    assert duties["Found a Trust Zone"].customer == ["2 security officers"]


def test_an_operation_that_no_charter_allows_is_stated_as_denied(cast):
    zone = cast.zone()
    rules = tuple(rule for rule in zone.current.rules if rule.operation != "key.destroy/v1")
    without = cast.zone(rules=rules)
    [chapter, _] = chapters(statement_of(cast, without))
    [doomed] = [duty for duty in chapter.duties if duty.tag == "key.destroy/v1"]
    assert doomed.ways == ()


def test_a_rule_weaker_than_the_default_says_so_and_what_the_default_asks_for(statement):
    [(chapter, duty)] = weaker_duties(statement)
    assert (chapter.title, duty.title) == ("Trust Zone Payments", "Generate keys")
    assert "2 key managers" in duty.weaker[0]


def test_delays_hours_and_alternatives_are_stated(cast):
    zone = cast.zone(members=CUSTODIANS)
    rules = with_rule(
        zone.current,
        GENERATE,
        (Clause(role=Role.KEY_MANAGER, group=None, m=2),),
        alternatives=((Clause(role=Role.CUSTODIAN, group=None, m=3),),),
        delay=86_400,
        hours="By day",
    )
    [chapter, _] = chapters(statement_of(cast, cast.zone(members=CUSTODIANS, rules=rules)))
    [duty] = [duty for duty in chapter.duties if duty.tag == GENERATE]
    assert duty.customer == ["2 key managers", "3 custodians"]
    assert duty.terms == (
        "1 day must pass after the last signature",
        "Hours, as advice that nothing enforces: By day",
    )


def test_whoever_has_the_charters_can_draw_it_up_again(cast, zone, statement):
    check_made_from(statement, basis_of(cast, zone))
    assert Statement.from_bytes(statement.raw) == statement


# ------------------------------------------------------------------ good files


def test_a_signed_statement_is_verified_with_nothing_but_two_anchors(cast, statement, file):
    found = verify(cast, file)
    assert found.statement == statement
    assert {one.person.name for one in found.signers} == {"Gus", "Lea", "Jon", "Kim"}
    assert found.since == []


def test_a_renewed_charter_that_says_the_same_breaks_nothing(cast, zone, statement):
    warrant = sign_statement(cast, statement)
    until = cast.meridian.current.valid_until + 86_400
    cast.meridian.amend(requester=HANA, approvers=(GUS, LEA), now=NOW, valid_until=until)
    found = verify(cast, file_of(cast, statement, warrant, zone))
    assert found.since == []
    again = redraw(statement, basis_of(cast, zone))
    assert agreed(again) == agreed(statement)
    assert again != statement


def test_what_charters_say_since_is_told_in_words(cast, zone, statement):
    warrant = sign_statement(cast, statement)
    rules = with_rule(zone.current, "key.destroy/v1", (Clause(role=Role.KEY_MANAGER, group=None, m=3),))
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=NOW, rules=rules)
    [found] = verify(cast, file_of(cast, statement, warrant, zone)).since
    assert found.sentence == ("“Destroy keys” takes 3 key managers now; the statement says 2 key managers.")


def test_every_change_of_content_is_a_difference(cast, zone, statement):
    """Nothing that is agreed can change without being seen."""
    fresh = [
        statement_of(cast, zone, contacts=()),
        statement_of(cast, cast.zone(members=CUSTODIANS[:2])),
        statement_of(cast, zone, service={**statement.service.model_dump(), "mode": "exclusive"}),
        statement_of(cast),
        statement_of(cast, zone, cast.zone(named("Cards"))),
        statement_of(cast, zone, defaults=lambda _charter: {}),
    ]
    for one in fresh:
        assert agreed(one) != agreed(statement)
        assert differences(statement, one)
    assert differences(statement, statement_of(cast, zone)) == []


# ------------------------------------------------------------------ attacks


def test_an_altered_statement_is_refused(cast, zone, statement):
    """Each with its own signatures under the old hash, and then with a proposal that names the new one."""
    altered = other(statement, contacts=())
    refused(cast, file_of(cast, altered, sign_statement(cast, statement), zone), "other-statement")
    charter = zone.current
    [rule] = [one for one in statement.zones[0].rules if one.rule.operation == GENERATE]
    eased = rule.model_copy(update={"rule": rule.rule.model_copy(update={"hours": "Always"})})
    stated = statement.zones[0]
    rules = tuple(eased if one == rule else one for one in stated.rules)
    lying = other(statement, zones=(stated.model_copy(update={"rules": rules}),))
    assert charter.sha256 == lying.zones[0].authority.hash
    refused(cast, file_of(cast, lying, sign_statement(cast, lying), zone), "other-statement")


def test_a_weak_rule_cannot_be_stated_as_one_that_is_not(cast, zone, statement):
    stated = statement.zones[0]
    rules = tuple(one.model_copy(update={"weaker": False}) for one in stated.rules)
    lying = other(statement, zones=(stated.model_copy(update={"rules": rules}),))
    refused(cast, file_of(cast, lying, sign_statement(cast, lying), zone), "other-statement")


def test_signatures_for_another_hash_are_refused(cast, zone, statement):
    warrant = sign_statement(cast, statement, statement="ab" * 32)
    refused(cast, file_of(cast, statement, warrant, zone), "other-statement")


def test_signatures_for_another_number_or_service_are_refused(cast, zone, statement):
    for changes in ({"version": 2}, {"service": named("Other service").model_dump()}):
        warrant = sign_statement(cast, statement, **changes)
        refused(cast, file_of(cast, statement, warrant, zone), "other-statement")


@pytest.mark.parametrize(
    "officers",
    [
        (GUS, LEA),
        (JON, KIM),
        (GUS, JON, KIM),
        (GUS, LEA, JON),
        (GUS, LEA, ADA, BEN),
        (),
        (DINA, EMIL, JON, KIM),
    ],
    ids=[
        "customer",
        "provider",
        "one missing",
        "another missing",
        "administrators",
        "nobody",
        "key managers",
    ],
)
def test_signed_by_one_side_or_by_others_alone_it_is_refused(cast, zone, statement, officers):
    warrant = sign_statement(cast, statement, officers=officers)
    refused(cast, file_of(cast, statement, warrant, zone), "quorum-not-met")


def test_the_requester_does_not_count(cast, zone, statement):
    warrant = sign_statement(cast, statement, requester=GUS)
    refused(cast, file_of(cast, statement, warrant, zone), "quorum-not-met")


def test_a_statement_of_a_version_that_was_replaced_is_refused_under_the_new_one(cast, zone, statement):
    until = cast.meridian.current.valid_until + 86_400
    cast.meridian.amend(requester=HANA, approvers=(GUS, LEA), now=NOW, valid_until=until)
    warrant = sign_statement(cast, statement)
    refused(cast, file_of(cast, statement, warrant, zone), "stale-statement")


def test_founding_charters_that_the_reader_does_not_know_are_refused(cast, file):
    data = file.model_dump_json().encode()
    for anchors in (
        {"provider": "00" * 32, "customer": cast.meridian.anchor},
        {"provider": cast.northgate.anchor, "customer": cast.lumen.anchor},
    ):
        with pytest.raises(Refused, match="other-anchor"):
            verify_file(data, **anchors)


def test_zones_left_out_or_put_in_are_refused(cast, zone, statement, file):
    refused(cast, file.model_copy(update={"zones": ()}), "other-zones")
    cards = cast.zone(named("Cards"))
    warrant = sign_statement(cast, statement)
    refused(cast, file_of(cast, statement, warrant, zone, cards), "other-zones")
    refused(cast, file.model_copy(update={"zones": (*file.zones, *file.zones)}), "other-zones")


def test_a_chain_without_the_version_that_is_stated_is_refused(cast, statement, file):
    other_zone = cast.zone(members=CUSTODIANS, valid_until=NOW + 86_400)
    links = tuple(map(canonical.b64u, other_zone.raw_links))
    zones = (file.zones[0].model_copy(update={"links": links}),)
    refused(cast, file.model_copy(update={"zones": zones}), "other-charter")


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"type":"quorate/signed-statement/v1"}']
)
def test_what_is_no_signed_statement_is_refused(cast, data):
    with pytest.raises(Refused):
        verify_file(data, provider=cast.northgate.anchor, customer=cast.meridian.anchor)


# ------------------------------------------------------------------ the command


def run(cast, file: StatementFile, tmp_path, *more):
    path = tmp_path / "statement.json"
    path.write_text(file.model_dump_json())
    anchors = ["--provider", cast.northgate.anchor, "--customer", cast.meridian.anchor]
    return cli.main(["verify-statement", str(path), *anchors, *more])


def test_the_command_says_who_agreed_on_what(cast, file, tmp_path, capsys):
    assert run(cast, file, tmp_path, "--still") == 0
    said = capsys.readouterr().out
    assert "The statement is good: version 1, service Payments service." in said
    assert "Signed for Northgate, charter version 1: Jon" in said
    assert "Signed for Meridian Bank, charter version 1: Gus" in said
    assert "Rules weaker than the default: 1" in said
    assert "The last charters in the file say the same." in said


def test_the_command_fails_if_asked_whether_it_holds_and_it_does_not(cast, zone, statement, tmp_path, capsys):
    warrant = sign_statement(cast, statement)
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=NOW, rules=zone.current.rules[1:])
    file = file_of(cast, statement, warrant, zone)
    assert run(cast, file, tmp_path) == 0
    assert run(cast, file, tmp_path, "--still") == 2
    assert "say otherwise (1):" in capsys.readouterr().out


def test_the_command_refuses_what_does_not_hold(cast, zone, statement, tmp_path, capsys):
    file = file_of(cast, statement, sign_statement(cast, statement, officers=(GUS, LEA)), zone)
    assert run(cast, file, tmp_path) == 2
    assert "The statement does not hold" in capsys.readouterr().err


def test_contacts_are_the_only_thing_that_people_write(cast, zone):
    without = statement_of(cast, zone, contacts=())
    assert agreed(without) | {"contacts": [one.model_dump(mode="json") for one in CONTACTS]} == agreed(
        statement_of(cast, zone)
    )


def test_other_tokens_and_a_recovery_clause_are_differences_in_words(statement):
    customer = statement.customer.authority
    clause = Recovery(
        clauses=(Clause(role=Role.SECURITY_OFFICER, group=None, m=1),),
        days=30,
        others=(OtherSide(kind="customer", id=customer.id, name=customer.name, charter=customer.hash),),
    )
    changes = {
        "recovery": clause,
        "token_rules": TokenRules(backup_eligible="forbidden", attestation="required", tokens_each=2),
    }
    now = other(statement, provider=statement.provider.model_copy(update=changes))
    assert agreed(now) != agreed(statement)
    proof, number, recovery = (found.sentence for found in differences(statement, now))
    assert proof == "Proof of the make of tokens: required now; the statement says not required."
    assert number == "Tokens that everyone has, at least: 2 now; the statement says 1."
    assert "1 security officer, with the consent of Meridian Bank, after 30 days" in recovery
    assert "nobody can recover it" in recovery


def test_another_version_of_a_consenting_charter_is_no_difference(statement):
    """A recovery clause names a known charter of the other side; a later one changes nothing agreed."""
    customer = statement.customer.authority
    side = OtherSide(kind="customer", id=customer.id, name=customer.name, charter=customer.hash)
    clause = Recovery(clauses=(Clause(role=Role.SECURITY_OFFICER, group=None, m=1),), days=30, others=(side,))
    later = clause.model_copy(update={"others": (side.model_copy(update={"charter": "ab" * 32}),)})
    one, two = (
        other(statement, provider=statement.provider.model_copy(update={"recovery": recovery}))
        for recovery in (clause, later)
    )
    assert agreed(one) == agreed(two)
    assert differences(one, two) == []


def test_recovery_is_no_duty_that_is_denied(statement):
    assert all(duty.tag != "charter.recover/v1" for chapter in chapters(statement) for duty in chapter.duties)
