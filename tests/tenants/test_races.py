"""Two people at once: what the database must decide, on both databases."""

import threading

import pytest
from django.db import connection, connections, transaction

from hsmnodes import incoming
from hsmnodes.models import MessageKind, Node, OutboxMessage
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charter_drafts, clock, log, workflow
from tenants.charter_drafts import Duty
from tenants.errors import DomainError
from tenants.models import CharterVersion, LogEntry, Proposal, State
from tests.cast.people import ADA, BEN, GUS, JON, KIM, LEA
from tests.servers.process import wait_until
from tests.world.world import MEMBERS

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


def somebody_waits_for_us():
    """Whether another transaction waits for a lock that this one has; those of other tests do not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return cursor.fetchone() is not None


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


def proposed_amendment(world, authority, *signers):
    """Somebody's amendment of a charter, drafted: a proposal that lacks one signature."""
    current = CharterVersion.objects.get(authority=authority, state="in-force")
    version = CharterVersion.objects.filter(authority=authority, state="collecting").first()
    if version is None:
        duties = [Duty(world.person(MEMBERS[one.id]), one.roles) for one in current.document.people]
        version = charter_drafts.draft_amendment(current=current, duties=duties, by=world.person(JON))
    parameters = {
        "authority": version.document.authority.model_dump(mode="json"),
        "version": version.version,
        "charter": version.hash,
    }
    return world.approve(world.propose("charter.amend/v1", parameters, by=ADA), *signers)


@pytest.mark.parametrize("_time", range(5))
def test_two_amendments_at_once_make_one_version(world, no_broker, _time):
    """Two proposals of one draft, whose last signatures come at the same moment."""
    northgate = world.northgate.pk
    one, other = proposed_amendment(world, northgate, JON), proposed_amendment(world, northgate, KIM)

    ended = at_once(approval(world, one, KIM), approval(world, other, JON))

    assert ended.count(None) == 1, ended
    in_force = CharterVersion.objects.filter(authority=northgate, state="in-force")
    assert [version.version for version in in_force] == [2]
    states = {Proposal.objects.get(pk=each.pk).state for each in (one, other)}
    assert State.DONE in states
    assert len(states) == 2
    assert LogEntry.objects.filter(event="charter.in-force", subject=in_force.get().pk).count() == 1
    assert list(log.verify()) == []


@pytest.mark.parametrize("_time", range(5))
def test_an_amendment_and_what_was_proposed_under_the_charter_before_it(world, no_broker, _time):
    """Whichever comes first: nothing is sent whose charter was not in force at that moment."""
    node = world.node()
    service = world.approve(world.propose_service(node), ADA, BEN, GUS)
    amendment = proposed_amendment(world, world.northgate.pk, JON)

    ended = at_once(approval(world, service, LEA), approval(world, amendment, KIM))

    assert ended[1] is None
    sent = len(no_broker.to(node.id, "warrant")) == 2
    assert sent == (ended[0] is None)
    assert (Proposal.objects.get(pk=service.pk).state == State.SENT) == sent


def test_the_receipt_of_an_enrolment_waits_for_its_node_before_it_holds_the_end_of_the_log(world, no_broker):
    """As whoever authorises another enrolment of it does: in another order, each would wait for the other."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no locks of rows")
    node, person = world.node(), world.person(KIM)
    Node.objects.filter(pk=node.id).update(enrolled_at=None)
    receipt = node.receipt_message(world.approve(world.propose_enrolment(node), ADA, BEN))
    about = log.about_within(person.organisation, "person", person.id)

    coming = threading.Thread(target=at_once, args=(lambda: incoming.receive(receipt),))
    with transaction.atomic():
        Node.objects.select_for_update(no_key=True).get(pk=node.id)
        coming.start()
        assert wait_until(somebody_waits_for_us, seconds=60)
        log.record(log.Event.SIGNED_IN, "in", about=about, actor=person)
    coming.join()
    assert Node.objects.get(pk=node.id).enrolled_at is not None


def test_what_refers_to_a_node_or_its_provider_need_not_wait_for_a_heartbeat(world, no_broker):
    """Else each waits for the other: it holds the end of the log, where the heartbeat may have to write."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no locks of rows")
    node, person = world.node(), world.person(KIM)
    about = log.about_within(person.organisation, "person", person.id)

    def refer():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            OutboxMessage.objects.create(node=node.row, kind=MessageKind.PEER, next_at=clock.now())
            log.record(log.Event.SIGNED_IN, "in", about=about, actor=person)

    with transaction.atomic():
        incoming.receive(node.heartbeat_message())
        assert at_once(refer) == [None]
