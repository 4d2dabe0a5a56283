"""The broker as both sides set it, on both brokers: queues, rights, and nothing lost in between."""

import time

import pytest
from amqp.exceptions import AccessRefused

from hsmnodes.node.agent import broker
from hsmnodes.node.agent.messages import CONSOLE_QUEUE, DELIVER, HEARTBEAT_QUEUE, RECEIVE, queue_of
from tests.servers.process import wait_until
from tests.servers.relay import relaying

MANY_TRIES = 300

pytestmark = pytest.mark.stack_nodes("ams", "fra")


@pytest.fixture
def console(stack):
    app = broker.make_app("console", broker=stack.broker_url, consumes=CONSOLE_QUEUE, may_declare=True)
    broker.declare_queues(app, [CONSOLE_QUEUE, HEARTBEAT_QUEUE, queue_of("ams"), queue_of("fra")])
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


def waiting(app, queue):
    """How many messages wait in a queue."""
    with app.connection_for_read() as connection:
        return connection.default_channel.queue_declare(queue, passive=True).message_count


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
    for queue in (queue_of("fra"), CONSOLE_QUEUE, HEARTBEAT_QUEUE):
        with pytest.raises(AccessRefused):
            received(ams, queue)


def test_a_node_writes_to_the_console_and_to_nobody_else(stack, console, ams):
    """Neither on the exchange that it uses, nor past it; to another node, itself, or into what is dead."""
    if broker.is_embedded(stack.broker_url):
        pytest.skip("one file has no users")
    for to in (queue_of("fra"), queue_of("ams"), "#", "post", "dead"):
        with pytest.raises(broker.BrokerUnavailable, match="ACCESS_REFUSED"):
            broker.send(ams, DELIVER, "forged", to=to, declare=False)
    for exchange in ("", "amq.topic", broker.DEAD.name):
        with ams.connection_for_write() as connection:
            channel = connection.default_channel
            forged = channel.prepare_message("forged", content_encoding="utf-8")
            with pytest.raises(AccessRefused):
                channel.basic_publish_confirm(forged, exchange, queue_of("fra"))
    broker.send(console, DELIVER, "the console's", to=queue_of("fra"))
    assert received_by_fra(stack) == [(DELIVER, ["the console's"])]


def received_by_fra(stack):
    fra = broker.make_app(
        "node", broker=stack.broker_url_of("fra"), consumes=queue_of("fra"), may_declare=False
    )
    return received(fra, queue_of("fra"))


@pytest.mark.parametrize("attempt", ["purge", "delete", "declare", "bind"])
def test_a_node_makes_empties_binds_and_removes_no_queue(stack, console, ams, attempt):
    if broker.is_embedded(stack.broker_url):
        pytest.skip("one file has no users")
    with ams.connection_for_write() as connection:
        channel = connection.default_channel
        attempts = {
            "purge": lambda: channel.queue_purge(HEARTBEAT_QUEUE),
            "delete": lambda: channel.queue_delete(HEARTBEAT_QUEUE),
            "declare": lambda: channel.queue_declare("its own", durable=True, auto_delete=False),
            "bind": lambda: channel.queue_bind(queue_of("ams"), broker.EXCHANGE.name, HEARTBEAT_QUEUE),
        }
        with pytest.raises(AccessRefused):
            attempts[attempt]()


class TestHeartbeats:
    """After an outage only fresh ones are left, and nothing waits behind them."""

    def test_they_do_not_stand_before_a_receipt(self, console, ams):
        for number in range(20):
            broker.send(ams, RECEIVE, f"heartbeat {number}", to=HEARTBEAT_QUEUE, declare=False)
        broker.send(ams, RECEIVE, "a receipt", to=CONSOLE_QUEUE, declare=False)
        assert received(console, CONSOLE_QUEUE) == [(RECEIVE, ["a receipt"])]

    def test_of_many_the_latest_are_kept(self, stack, ams, monkeypatch):
        monkeypatch.setattr(broker, "MOST_HEARTBEATS", 5)
        monkeypatch.setattr(broker, "MOST_HEARTBEATS_EMBEDDED", 5)
        console = remade(stack, ams)
        for number in range(30):
            broker.send(ams, RECEIVE, f"{number}", to=HEARTBEAT_QUEUE, declare=False)
        assert [text for _, [text] in received(console, HEARTBEAT_QUEUE)] == ["25", "26", "27", "28", "29"]

    def test_old_ones_are_gone_by_the_time_the_console_is_back(self, stack, ams, monkeypatch):
        if broker.is_embedded(stack.broker_url):
            pytest.skip("on one machine they are counted, not timed")
        monkeypatch.setattr(broker, "FRESH_SECONDS", 4)
        console = remade(stack, ams)
        broker.send(ams, RECEIVE, "of before", to=HEARTBEAT_QUEUE, declare=False)
        assert wait_until(lambda: waiting(console, HEARTBEAT_QUEUE) == 0, seconds=30)
        broker.send(ams, RECEIVE, "of now", to=HEARTBEAT_QUEUE, declare=False)
        assert received(console, HEARTBEAT_QUEUE) == [(RECEIVE, ["of now"])]

    def test_those_of_nodes_that_are_upgraded_before_the_console_are_lost_and_harm_nothing(
        self, stack, console, ams
    ):
        if broker.is_embedded(stack.broker_url):
            pytest.skip("on one machine all is upgraded at once")
        with console.connection_for_write() as connection:
            connection.default_channel.queue_delete(HEARTBEAT_QUEUE)
        broker.send(ams, RECEIVE, "too early", to=HEARTBEAT_QUEUE, declare=False)
        broker.declare_queues(console, [CONSOLE_QUEUE, HEARTBEAT_QUEUE])
        broker.send(ams, RECEIVE, "in time", to=HEARTBEAT_QUEUE, declare=False)
        assert received(console, HEARTBEAT_QUEUE) == [(RECEIVE, ["in time"])]

    def test_the_console_takes_them_and_what_lies_in_its_own_queue_from_before(self):
        from hsmnodes import carrier

        assert list(carrier.app().conf.task_queues) == [
            broker.queue_for(name, carrier.app().conf.broker_url) for name in (CONSOLE_QUEUE, HEARTBEAT_QUEUE)
        ]

    def test_what_is_dropped_does_not_pile_up_elsewhere(self, stack):
        assert "x-dead-letter-exchange" not in broker.queue_for(HEARTBEAT_QUEUE, "amqp://").queue_arguments


def remade(stack, ams):
    """The console's app, with the queue of heartbeats as it is to be, in place of the one that is there."""
    del ams  # made first, with the queues as they are
    console = broker.make_app("console", broker=stack.broker_url, consumes=CONSOLE_QUEUE, may_declare=True)
    with console.connection_for_write() as connection:
        connection.default_channel.queue_delete(HEARTBEAT_QUEUE)
    broker.declare_queues(console, [CONSOLE_QUEUE, HEARTBEAT_QUEUE])
    return console


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
