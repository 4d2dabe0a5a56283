"""The broker as both sides set it, on both brokers: queues, rights, and nothing lost in between."""

import time

import pytest
from amqp.exceptions import AccessRefused

from hsmnodes.node.agent import broker
from hsmnodes.node.agent.messages import CONSOLE_QUEUE, DELIVER, RECEIVE, queue_of
from tests.servers.relay import relaying

MANY_TRIES = 300

pytestmark = pytest.mark.stack_nodes("ams", "fra")


@pytest.fixture
def console(stack):
    app = broker.make_app("console", broker=stack.broker_url, consumes=CONSOLE_QUEUE, may_declare=True)
    broker.declare_queues(app, [CONSOLE_QUEUE, queue_of("ams"), queue_of("fra")])
    return app


@pytest.fixture
def ams(stack, console):
    return broker.make_app(
        "node", broker=stack.broker_url_of("ams"), consumes=queue_of("ams"), may_declare=False
    )


def received(app, queue, *, seconds=10):
    """The bodies of the tasks that wait in a queue of `app`, at least one."""
    bodies = []
    with app.connection_for_read() as connection:

        def take(body, message):
            message.ack()
            bodies.append((message.headers["task"], body[0]))

        wanted = broker.queue_for(queue, app.conf.broker_url, declare=app.main == "console")
        consumer = connection.Consumer([wanted], callbacks=[take])
        consumer.qos(prefetch_count=10, apply_global=False)
        consumer.consume()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                connection.drain_events(timeout=1)
            except TimeoutError:
                if bodies:
                    break
    return bodies


def test_messages_reach_the_node_in_order(console, ams):
    for number in range(3):
        broker.send(console, DELIVER, f"message {number}", to=queue_of("ams"))
    assert received(ams, queue_of("ams")) == [(DELIVER, [f"message {number}"]) for number in range(3)]


def test_a_node_answers_to_the_console(console, ams):
    broker.send(ams, RECEIVE, "a receipt", to=CONSOLE_QUEUE, declare=False)
    assert received(console, CONSOLE_QUEUE) == [(RECEIVE, ["a receipt"])]


def test_what_was_consumed_does_not_come_again(console, ams):
    broker.send(console, DELIVER, "once", to=queue_of("ams"))
    received(ams, queue_of("ams"))
    broker.send(console, DELIVER, "and then", to=queue_of("ams"))
    assert received(ams, queue_of("ams")) == [(DELIVER, ["and then"])]


def test_messages_wait_for_a_node_that_does_not_run(console, ams):
    broker.send(console, DELIVER, "for later", to=queue_of("ams"))
    broker.send(console, DELIVER, "for another", to=queue_of("fra"))
    assert received(ams, queue_of("ams")) == [(DELIVER, ["for later"])]


def test_a_node_reads_no_queue_but_its_own(stack, console, ams):
    if broker.is_embedded(stack.broker_url):
        pytest.skip("one file has no users")
    for queue in (queue_of("fra"), CONSOLE_QUEUE):
        with pytest.raises(AccessRefused):
            received(ams, queue)


class EnoughTries(Exception):
    """It would go on."""


class TestOutages:
    """A broker that is away, or does not answer."""

    @pytest.fixture
    def relay(self, stack):
        if broker.is_embedded(stack.broker_url):
            pytest.skip("nothing lies between a process and its file")
        with relaying(stack.broker_url) as between:
            yield between

    @pytest.fixture
    def far(self, relay, console):
        return broker.make_app("far", broker=relay.url, consumes=CONSOLE_QUEUE, may_declare=True)

    def test_who_sends_to_a_broker_that_does_not_answer_waits_only_so_long(self, relay, ams, far):
        broker.send(far, DELIVER, "before", to=queue_of("ams"))
        relay.hold_requests()
        began = time.monotonic()
        with pytest.raises(broker.BrokerUnavailable):
            broker.send(far, DELIVER, "meanwhile", to=queue_of("ams"))
        assert time.monotonic() - began < 2 * broker.CONFIRM_SECONDS
        relay.go_on()
        broker.send(far, DELIVER, "afterwards", to=queue_of("ams"))
        assert (DELIVER, ["afterwards"]) in received(ams, queue_of("ams"))

    def test_a_late_confirmation_is_not_taken_for_that_of_the_next_message(self, relay, far):
        broker.send(far, DELIVER, "before", to=queue_of("ams"))
        relay.hold_answers()
        with pytest.raises(broker.BrokerUnavailable):
            broker.send(far, DELIVER, "confirmed late", to=queue_of("ams"))
        relay.go_on()
        relay.hold_requests()
        with pytest.raises(broker.BrokerUnavailable):
            broker.send(far, DELIVER, "never there", to=queue_of("ams"))


def test_who_listens_goes_on_trying_for_as_long_as_it_takes():
    """By Celery's own setting a node ends after a hundred tries, and with it what it serves."""
    nobody = "amqp://nobody@127.0.0.1:1/"
    app = broker.make_app("node", broker=nobody, consumes=queue_of("ams"), may_declare=False)
    most, tries = app.conf.broker_connection_max_retries, []

    def refuse():
        tries.append(len(tries))
        raise EnoughTries if len(tries) > MANY_TRIES else ConnectionRefusedError

    with app.connection_for_read() as connection:
        connection._connection_factory = refuse
        with pytest.raises(EnoughTries):
            connection.ensure_connection(max_retries=most, interval_start=0, interval_step=0)
