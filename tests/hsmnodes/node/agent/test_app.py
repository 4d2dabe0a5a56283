"""A node behind a real broker, on both stacks: a message carries signed bytes, and nothing else counts."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from hsmnodes.node.agent import broker
from hsmnodes.node.agent.handed_over import hand_over
from hsmnodes.node.agent.messages import (
    CONSOLE_QUEUE,
    DELIVER,
    HEARTBEAT_QUEUE,
    RECEIVE,
    FromNode,
    queue_of,
    read_from_node,
)
from hsmnodes.node.agent.running import is_running
from tests.cast.people import named
from tests.hsmnodes.node.agent.making import carrying, real_drivers, wait_until

NODE = named("ams-1").id


class ConsoleEnd:
    """The console's end of the broker: what arrives in its queue, by task name."""

    def __init__(self, url: str) -> None:
        self.app = broker.make_app("console", broker=url, consumes=CONSOLE_QUEUE, may_declare=True)
        broker.declare_queues(self.app, [CONSOLE_QUEUE, HEARTBEAT_QUEUE, queue_of(NODE)])
        self.connection = self.app.connection_for_read()
        self.tasks: set[str] = set()
        self.arrived: list[FromNode] = []
        queues = [broker.queue_for(one, url) for one in (CONSOLE_QUEUE, HEARTBEAT_QUEUE)]
        self.connection.Consumer(queues, accept=["json"], on_message=self._take).consume()

    def _take(self, message) -> None:
        message.ack()
        self.tasks.add(message.headers["task"])
        arguments, _, _ = message.decode()
        self.arrived.append(read_from_node(arguments[0]))

    def deliver(self, text: str, **options) -> None:
        if not options:
            broker.send(self.app, DELIVER, text, to=queue_of(NODE))
            return
        self.app.send_task(
            options.pop("task", DELIVER),
            args=options.pop("args", [text]),
            exchange=broker.EXCHANGE.name,
            exchange_type=broker.EXCHANGE.type,
            routing_key=queue_of(NODE),
            declare=[broker.queue_for(queue_of(NODE), self.app.conf.broker_url)],
            **options,
        )

    def next(self, *kinds: str, seconds: float = 60.0) -> FromNode:
        """The next message of one of these kinds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            while self.arrived:
                said = self.arrived.pop(0)
                if said.kind in kinds:
                    return said
            with suppress(TimeoutError):
                self.connection.drain_events(timeout=1)
        raise AssertionError(f"none of {kinds} came")


@pytest.fixture
def console(stack):
    end = ConsoleEnd(stack.broker_url)
    yield end
    end.connection.close()


@pytest.fixture
def site(make_site, stack, console, tmp_path):
    """An enrolled node's site, and its agent in a process of its own."""
    of_stack = {"broker": stack.broker_url_of(NODE), "endpoint": None}
    site = make_site(drivers=real_drivers, heartbeat_seconds=1, **of_stack).enrolled()
    site.stop()
    file = tmp_path / "node.toml"
    site.config.save(file)
    log = (tmp_path / "node.log").open("w")
    agent = subprocess.Popen(
        [sys.executable, "-m", "hsmnodes.node.agent.cli", "run", "--config", str(file)],
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    wait_until(lambda: is_running(site.config))
    yield site
    if agent.poll() is None:
        agent.terminate()
        try:
            assert agent.wait(timeout=30) == 0
        finally:
            if agent.poll() is None:
                os.killpg(agent.pid, signal.SIGKILL)
    log.close()


pytestmark = pytest.mark.stack_nodes(NODE)


def test_a_warrant_is_answered_and_headers_of_the_message_do_nothing(site, console, cast):
    linked = console.app.signature("quorate.linked", args=["x"], queue=CONSOLE_QUEUE)
    message = carrying(cast.export_log(site.at)).text()
    console.deliver(message, link=[linked], link_error=[linked], chain=[linked])
    receipt = console.next("receipt")
    assert site.read(receipt).outcome == "done"

    for spoiled in ({"args": []}, {"args": [7]}, {"args": [message, message]}, {"kwargs": {"text": "x"}}):
        console.deliver(message, link=[linked], **spoiled)
    console.deliver("not a message")
    console.deliver(message, task="quorate.other")

    console.deliver(message)  # and it still works, and answers the same
    assert console.next("receipt") == receipt
    beat = console.next("heartbeat")
    assert beat.envelope.node == NODE
    assert console.tasks == {RECEIVE}


def test_a_message_can_be_handed_over_past_the_broker(site, console, cast):
    warrant = carrying(cast.start_service(site.at), cast.northgate, cast.meridian).text()
    assert '"kind": "receipt"' in hand_over(site.config, warrant)
    assert site.read(console.next("receipt")).outcome == "done"  # the console hears of it too
