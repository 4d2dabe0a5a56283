"""Statements: what both sides sign is what their charters say, and the console sees when it is no more."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from hsmnodes.node.operations.statement.file import verify_file
from hsmnodes.node.protocol.documents import Clause, Role
from tenants import charters, clock, statements
from tenants.errors import Invalid, NotAllowed, WrongState
from tenants.models import (
    LogEntry,
    Organisation,
    Service,
    SignedStatement,
    State,
    Statement,
)
from tenants.standing import last_signed, standing_of
from tests.cast.people import DINA, EMIL, FAY, GUS, HANA, IVO, JON, KIM, LEA
from tests.world import statements as making

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(world):
    service = world.service(world.node())
    world.zone_of_custodians(service)
    return service


@pytest.fixture
def statement(world, service):
    return making.draw_up(world, service)


def amend_zone(world, service, **rule):
    """Three key managers must destroy keys from now on, or whatever `rule` says."""
    zone = service.zones.get()
    charter = charters.in_force([zone.pk])[zone.pk]
    changes = rule or {"clauses": (Clause(role=Role.KEY_MANAGER, group=None, m=3),)}
    rules = tuple(
        one.model_copy(update=changes) if one.operation == "key.destroy/v1" else one for one in charter.rules
    )
    making.amend(world, zone.pk, by=DINA, signers=(EMIL, FAY), rules=rules)


def renew_bank(world):
    making.amend(world, world.meridian.pk, by=DINA, signers=(GUS, LEA))


def test_it_is_signed_by_both_sides_and_then_holds(world, service, statement):
    proposal = making.propose(world, statement)
    assert world.approve(proposal, GUS, LEA, JON).state == State.PROPOSED
    assert last_signed(service) is None
    assert world.approve(proposal, KIM).state == State.DONE
    standing = standing_of(service)
    assert standing.holds
    assert standing.signed.statement == statement
    assert standing.signed.proposal == proposal


def draw_up_at(world, service, monkeypatch, now):
    """A statement as it is drawn up at a time, and so another than those of other times."""
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(clock, "unix_now", lambda: int(now.timestamp()))
    return making.draw_up(world, service)


def test_so_many_statements_that_nobody_signed_are_drawn_up_and_no_more(world, service, monkeypatch):
    start = clock.now()
    times = [start + timedelta(seconds=number) for number in range(statements.MOST_UNSIGNED)]
    drawn_up = [draw_up_at(world, service, monkeypatch, now) for now in times]
    with pytest.raises(WrongState) as refused:
        draw_up_at(world, service, monkeypatch, start + timedelta(minutes=1))
    assert refused.value.code == "too-many-statements"
    assert Statement.objects.count() == statements.MOST_UNSIGNED
    assert draw_up_at(world, service, monkeypatch, times[-1]) == drawn_up[-1]
    making.sign(world, drawn_up[0])
    assert draw_up_at(world, service, monkeypatch, start + timedelta(minutes=2)).version == 2
    with pytest.raises(WrongState):
        draw_up_at(world, service, monkeypatch, start + timedelta(minutes=3))


def test_statements_of_long_ago_stand_in_nobody_s_way(world, service, monkeypatch):
    start = clock.now()
    for number in range(statements.MOST_UNSIGNED):
        draw_up_at(world, service, monkeypatch, start + timedelta(seconds=number))
    later = start + statements.LATELY + timedelta(seconds=1)
    assert draw_up_at(world, service, monkeypatch, later)


def test_what_was_signed_is_verified_elsewhere(world, service, statement):
    making.sign(world, statement)
    data = statements.file_of(last_signed(service)).model_dump_json().encode()
    anchors = {
        "provider": charters.anchor_of(service.provider_id),
        "customer": charters.anchor_of(service.customer_id),
    }
    found = verify_file(data, **anchors)
    assert found.statement.sha256 == statement.hash
    assert found.since == []


def test_a_change_of_a_rule_breaks_it_and_the_next_version_mends_it(world, service, statement):
    making.sign(world, statement)
    amend_zone(world, service)
    broken = standing_of(service)
    assert not broken.holds
    assert [one.sentence for one in broken.differences] == [
        "“Destroy keys” takes 3 key managers now; the statement says 2 key managers."
    ]
    again = making.draw_up(world, service)
    assert (again.version, again.document.previous) == (2, statement.hash)
    making.sign(world, again)
    assert standing_of(service).holds


def test_a_zone_that_comes_later_breaks_it(world, service, statement):
    making.sign(world, statement)
    world.zone(service, name="Cards")
    [found] = standing_of(service).differences
    assert found.sentence == "The Trust Zone Cards, controlled by Meridian Bank, is not in the statement."


def test_a_renewed_charter_that_says_the_same_breaks_nothing(world, service, statement):
    making.sign(world, statement)
    renew_bank(world)
    standing = standing_of(service)
    assert standing.holds
    assert standing.renewed == ("Meridian Bank",)


# ------------------------------------------------------------------ refused, and nothing changed


def assert_unsigned(service):
    assert not SignedStatement.objects.exists()
    assert not standing_of(service).holds


@pytest.mark.parametrize("of", ["zone", "customer"])
def test_a_statement_of_charters_that_were_amended_is_not_proposed(world, service, statement, of):
    amend_zone(world, service) if of == "zone" else renew_bank(world)
    with pytest.raises(WrongState) as caught:
        making.propose(world, statement)
    assert caught.value.code == "stale-statement"
    assert_unsigned(service)


def test_a_zone_amended_while_it_is_signed_makes_the_last_signature_fail(world, service, statement):
    """The zone's charter is none of those that the proposal binds, and counts all the same."""
    proposal = world.approve(making.propose(world, statement), GUS, LEA, JON)
    amend_zone(world, service)
    with pytest.raises(WrongState) as caught:
        world.approve(proposal, KIM)
    assert caught.value.code == "stale-statement"
    proposal.refresh_from_db()
    assert proposal.state == State.PROPOSED
    assert_unsigned(service)


def test_of_two_that_are_drawn_up_at_once_one_is_signed(world, service, statement):
    rival = making.draw_up(world, service, contacts=())
    first, second = making.propose(world, statement), making.propose(world, rival)
    world.approve(first, *making.OFFICERS)
    with pytest.raises(WrongState) as caught:
        world.approve(second, *making.OFFICERS)
    assert caught.value.code == "stale-statement"
    assert [one.statement for one in SignedStatement.objects.all()] == [statement]


def test_a_hash_that_is_of_no_statement_here_is_not_proposed(world, service, statement):
    parameters = statements.parameters_of(statement) | {"statement": "ab" * 32}
    with pytest.raises(WrongState) as caught:
        world.propose("statement.sign/v1", parameters, by=DINA)
    assert caught.value.code == "no-such-statement"


def test_a_proposal_that_says_otherwise_than_the_statement_is_refused(world, service, statement):
    for changes in ({"version": 2}, {"service": {"id": "0" * 32, "name": service.name}}):
        with pytest.raises(WrongState) as caught:
            world.propose("statement.sign/v1", statements.parameters_of(statement) | changes, by=DINA)
        assert caught.value.code == "other-statement"


def test_one_side_alone_signs_nothing(world, service, statement):
    proposal = making.propose(world, statement)
    assert world.approve(proposal, GUS, LEA).state == State.PROPOSED
    assert_unsigned(service)


def test_only_people_with_a_duty_draw_one_up(world, service):
    for member in (HANA, IVO):
        with pytest.raises(NotAllowed):
            making.draw_up(world, service, by=member)


def test_without_a_charter_of_both_sides_there_is_nothing_to_state(world, service):
    newcomer = Organisation.objects.create(name="Newcomer", kind="customer", provider=world.northgate)
    bare = Service.objects.create(
        name="Bare", provider=world.northgate, customer=newcomer, mode="shared", started_at=service.started_at
    )
    with pytest.raises(Invalid):
        statements.prepare_statement(service=bare, contacts=(), now=1)
    assert not standing_of(bare).holds


# ------------------------------------------------------------------ kept for good


@pytest.mark.both_stacks
def test_statements_and_their_signing_are_never_changed_or_deleted(world, service, statement, log_triggers):
    log_triggers[0]()
    making.sign(world, statement)
    signed = SignedStatement.objects.get()
    for change in (
        statement.save,
        signed.save,
        signed.delete,
        lambda: connection.cursor().execute("DELETE FROM tenants_statement"),
        lambda: Statement.objects.update(version=7),
        lambda: SignedStatement.objects.update(version=7),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_the_log_has_the_bytes_of_both(world, service, statement):
    proposal = making.sign(world, statement)
    drawn_up = LogEntry.objects.get(event="statement.drawn-up")
    signed = LogEntry.objects.get(event="statement.signed")
    assert bytes(drawn_up.document) == bytes(statement.raw)
    assert bytes(signed.document) == bytes(proposal.warrant)
