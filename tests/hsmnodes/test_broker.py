"""The broker as both sides set it, on both brokers: queues, rights, and nothing lost in between."""

import time

import pytest
from amqp.exceptions import AccessRefused

from hsmnodes.node.agent import broker
from hsmnodes.node.agent.messages import CONSOLE_QUEUE, DELIVER, RECEIVE, queue_of

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
