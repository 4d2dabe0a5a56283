"""What nobody does and is told all the same: lost shares, drills that are overdue, nodes that fell silent."""

from datetime import timedelta

import pytest

from console import watching
from hsmnodes import incoming
from hsmnodes import watching as nodes
from hsmnodes.models import Application
from hsmnodes.node.protocol.purposes import Purpose
from tenants import clock, tokens, workflow
from tenants.models import Notice, Occasion, Proposal
from tenants.notices import kinds, telling
from tests.cast.people import CLEO, DINA, EMIL, GUS
from tests.world import statements
from tests.world.applications import admit
from tests.world.signing_in import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def node(world):
    nodes._silent.clear()
    return world.node()


@pytest.fixture
def zone(world, node):
    zone = world.zone_of_custodians(world.service(node))
    world.slot(zone, node)
    world.shares(zone, node)
    return zone


def told(event):
    telling.sweep()
    return set(Notice.objects.filter(occasion__event=event).values_list("person__name", flat=True))


def occasions(event):
    return Occasion.objects.filter(event=event)


def test_custody_is_told_once_a_share_is_lost_and_again_when_another_is(world, zone):
    watching.note_losses()
    assert not occasions(kinds.CUSTODY_AT_RISK).exists()
    for member, count in ((DINA, 1), (EMIL, 2)):
        tokens.suspend_token(token=world.person(member).tokens.first(), reason="Lost.", by=world.person(GUS))
        for _ in range(2):
            watching.note_losses()
        assert occasions(kinds.CUSTODY_AT_RISK).count() == count
    assert told(kinds.CUSTODY_AT_RISK) >= {"Dina", "Emil", "Fay", "Gus", "Lea"}
    assert "Too few shares are left" in occasions(kinds.CUSTODY_AT_RISK).latest("at").summary


def test_nobody_elsewhere_hears_of_it(world, zone):
    tokens.suspend_token(token=world.person(DINA).tokens.first(), reason="Lost.", by=world.person(GUS))
    watching.note_losses()
    assert not told(kinds.CUSTODY_AT_RISK) & {"Ivo", "Olga"}


def test_a_drill_that_is_overdue_is_told_once(world, zone, later, settings):
    watching.note_overdue_drills()
    assert not occasions(kinds.DRILL_OVERDUE).exists()
    later(days=settings.DRILL_DAYS + 1)
    for _ in range(2):
        watching.note_overdue_drills()
    assert occasions(kinds.DRILL_OVERDUE).count() == 1
    assert told(kinds.DRILL_OVERDUE) >= {"Dina", "Emil", "Fay", "Gus"}


def test_a_certificate_that_ends_is_told_weeks_ahead_as_a_charter_is_and_once_a_deadline(
    world, node, zone, later
):
    world.key(zone, node)
    admit(world, zone, node)
    application = Application.objects.get()
    for days, count in ((60, 0), (41, 1), (13, 2), (2, 3), (-1, 4)):
        Application.objects.update(valid_until=clock.now() + timedelta(days=days))
        for _ in range(2):
            watching.note_ending_certificates()
        assert occasions(kinds.APPLICATION_EXPIRING).count() == count
    assert told(kinds.APPLICATION_EXPIRING) >= {"Dina", "Emil", "Fay", "Gus"}
    assert "It is not served" in occasions(kinds.APPLICATION_EXPIRING).latest("at").summary
    application.removed_at, application.removed_by = clock.now(), application.proposal
    application.save()
    Application.objects.update(valid_until=clock.now() + timedelta(days=40))
    watching.note_ending_certificates()
    assert occasions(kinds.APPLICATION_EXPIRING).count() == 4


def test_a_silent_node_is_told_to_both_sides_once_a_silence(world, node, zone, later, settings):
    incoming.receive(node.heartbeat_message())
    nodes.note_silent_nodes()
    later(seconds=settings.NODE_ALARM_SECONDS + 1)
    for _ in range(4):
        nodes.note_silent_nodes()
    assert occasions(kinds.NODE_OFFLINE).count() == 2
    assert told(kinds.NODE_OFFLINE) == {
        "Ada",
        "Ben",
        "Cleo",
        "Jon",
        "Kim",
        "Dina",
        "Emil",
        "Fay",
        "Gus",
        "Lea",
    }


def test_a_worker_that_has_just_started_listens_before_it_says_so(node, later, settings):
    """While it was down nothing was heard: what waits in its queue is heard first."""
    incoming.receive(node.heartbeat_message())
    later(seconds=settings.NODE_ALARM_SECONDS + 1)
    nodes.note_silent_nodes()
    incoming.receive(node.heartbeat_message())
    nodes.note_silent_nodes()
    assert not occasions(kinds.NODE_OFFLINE).exists()


def test_bringing_a_backup_key_in_from_its_shares_is_told_as_a_recovery(world, zone, client):
    other = world.node("fra-1")
    world.place(zone.service, other)
    asked = {"zone": zone.pk, "on_node": other.id, "slot": "Payments on fra-1"}
    sign_in(client, world.person(CLEO)).post(
        "/propose/backup-key.import/v1", asked | {"reason": "The HSM is lost.", "lifetime": "86400"}
    )
    draft = Proposal.objects.get(operation="backup-key.import/v1")
    assert not occasions(kinds.RECOVERY_BEGUN).exists()
    signed = CLEO.key.sign(Purpose.PROPOSE, bytes(draft.raw))
    proposal = workflow.propose(proposal=draft, person=world.person(CLEO), assertion=signed)
    assert occasions(kinds.RECOVERY_BEGUN).get().subject == proposal.pk
    assert told(kinds.RECOVERY_BEGUN) >= {"Emil", "Fay", "Gus", "Lea", "Jon", "Kim", "Hana"}


def test_an_ordinary_proposal_is_no_recovery(world, zone, node):
    world.propose_key(zone, node)
    assert not occasions(kinds.RECOVERY_BEGUN).exists()


def test_looking_at_everything_finds_nothing_where_nothing_is(world, zone, node):
    incoming.receive(node.heartbeat_message())
    before = Occasion.objects.count()
    watching.look()
    assert Occasion.objects.count() == before


def test_officers_and_auditors_are_told_once_that_a_statement_is_broken(world, node):
    service = world.service(node)
    world.zone(service)
    statements.sign(world, statements.draw_up(world, service))
    watching.note_broken_statements()
    assert not occasions(kinds.STATEMENT_BROKEN).exists()
    world.zone(service, name="Cards")
    for _ in range(2):
        watching.note_broken_statements()
    assert occasions(kinds.STATEMENT_BROKEN).count() == 1
    assert told(kinds.STATEMENT_BROKEN) == {"Gus", "Lea", "Hana", "Jon", "Kim"}
    assert told(kinds.STATEMENT_SIGNED) == {"Gus", "Lea", "Hana", "Jon", "Kim"}
