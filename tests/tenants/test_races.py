"""Two people at once: what the database must decide, on both databases."""

import threading

import pytest
from django.db import connection, connections

from hsmnodes.models import OutboxMessage
from hsmnodes.node.protocol.purposes import Purpose
from tenants import log, workflow
from tenants.errors import DomainError
from tenants.models import LogEntry, Proposal, State
from tests.cast.people import ADA, BEN, GUS, KIM, LEA

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_stacks]


@pytest.fixture(autouse=True)
def _one_database_for_all_threads():
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("threads cannot race on a database in memory; --stack production races on PostgreSQL")


def at_once(*actions):
    """Do all of it at the same time; what each raised, or None."""
    barrier, ended = threading.Barrier(len(actions)), [None] * len(actions)

    def run(place, action):
        barrier.wait()
        try:
            action()
        except DomainError as error:
            ended[place] = error.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def approval(world, proposal, member):
    assertion = member.key.sign(Purpose.APPROVE, bytes(proposal.raw))
    person = world.person(member)
    return lambda: workflow.approve(proposal=proposal, person=person, assertion=assertion)


@pytest.mark.parametrize("_time", range(5))
def test_two_last_signatures_dispatch_it_once(world, no_broker, _time):
    node = world.node()
    proposal = world.approve(world.propose_service(node), ADA, GUS)

    assert at_once(approval(world, proposal, BEN), approval(world, proposal, LEA)) == [None, None]

    assert Proposal.objects.get(pk=proposal.pk).state == State.SENT
    assert OutboxMessage.objects.filter(proposal=proposal).count() == 1
    assert len(no_broker.to(node.id, "warrant")) == 2  # its enrolment, and this
    assert LogEntry.objects.filter(event="proposal.authorised", subject=proposal.id).count() == 1
    assert list(log.verify()) == []


@pytest.mark.parametrize("_time", range(5))
def test_the_last_signature_and_a_rejection_leave_one_of_them(world, no_broker, _time):
    node = world.node()
    proposal = world.approve(world.propose_service(node), ADA, BEN, GUS)

    ended = at_once(approval(world, proposal, LEA), lambda: world.reject(proposal, ADA))

    assert ended.count(None) == 1
    sent = len(no_broker.to(node.id, "warrant")) == 2
    assert Proposal.objects.get(pk=proposal.pk).state == (State.SENT if sent else State.REJECTED)


def test_the_log_has_one_order_whoever_writes(world):
    person = world.person(KIM)
    about = log.about_within(person.organisation, "person", person.id)
    at_once(*[lambda: log.record(log.Event.SIGNED_IN, "in", about=about, actor=person)] * 8)
    assert list(log.verify()) == []
