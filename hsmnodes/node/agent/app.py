"""The node behind its queue: a Celery worker that hands messages to the node, and a pulse beside it.

A message carries signed bytes and nothing else counts in it: callbacks, chains and other headers are taken
off before a task starts. It is acknowledged when it is read; what is lost by that the console sends again,
and the journal knows it again.
"""

import json
import logging
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from celery import Celery
from celery.signals import worker_ready

from hsmnodes.node.agent import broker
from hsmnodes.node.agent.carrier_task import CarrierTask, without_celerys_own_tasks
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.handed_over import keep_question, take_in
from hsmnodes.node.agent.memory import keep_what_is_loaded
from hsmnodes.node.agent.messages import (
    CONSOLE_QUEUE,
    DELIVER,
    HEARTBEAT_QUEUE,
    RECEIVE,
    FromNode,
    WitnessRequestMessage,
    queue_of,
)
from hsmnodes.node.agent.node import Node
from hsmnodes.node.drivers.errors import DriverError

logger = logging.getLogger(__name__)

PULSE_SECONDS = 0.5
LONGEST_CARRIER = 1_000


class Console:
    """The way to the console. What cannot be sent now is asked for again by the console's sweeper."""

    def __init__(self, app: Celery, node: Node) -> None:
        self._app = app
        self._node = node
        self._shown: object = None

    @property
    def is_behind(self) -> bool:
        """Whether there is news since the last heartbeat: of journal or work, or what is not in step."""
        return self._news() != self._shown

    def tell(self, said: Iterable[FromNode]) -> None:
        """Send what the node says."""
        for one in said:
            self._send(one)

    def beat(self) -> None:
        """Send a heartbeat, and what else is due with it."""
        self._shown = self._news()
        try:
            said = self._node.heartbeat()
        except DriverError as error:
            logger.warning("No heartbeat: %s", error)
            return
        for one in said:
            if one.kind == "witness-request":
                self._keep(WitnessRequestMessage(envelope=one.envelope).text())
        self.tell(said)

    def forget_question(self) -> None:
        """Have nobody carry a question to peers that the node does not ask any more."""
        if self._node.summary.state != "starting":
            self._keep(None)

    def _keep(self, question: str | None) -> None:
        try:
            keep_question(self._node.parts.config, question)
        except OSError as error:
            logger.warning("The question to the peers cannot be kept: %s", error)

    def _news(self) -> object:
        summary = self._node.summary
        return summary.journal, self._node.at_work, summary.standings

    def _send(self, one: FromNode) -> None:
        queue = HEARTBEAT_QUEUE if one.kind == "heartbeat" else CONSOLE_QUEUE
        try:
            broker.send(self._app, RECEIVE, one.text(), to=queue, declare=False)
        except broker.BrokerUnavailable as error:
            logger.warning("The console cannot be told: %s", error)


class Pulse(threading.Thread):
    """Heartbeats, what had to wait, and messages that are handed over directly."""

    def __init__(self, config: Config, node: Node, console: Console) -> None:
        super().__init__(name="pulse", daemon=True)
        self._config = config
        self._node = node
        self._console = console
        self._ended = threading.Event()

    def run(self) -> None:
        due = 0.0
        while not self._ended.is_set():
            try:
                if time.monotonic() >= due or self._console.is_behind:
                    due = time.monotonic() + self._config.heartbeat_seconds
                    self._console.beat()
                self._console.tell(self._node.advance())
                self._console.forget_question()
                for report in take_in(self._config, self._node):
                    self._console.tell(report.said)
            except Exception:
                logger.exception("The pulse missed a beat")
            self._ended.wait(PULSE_SECONDS)

    def stop(self) -> None:
        """End, and wait for it."""
        self._ended.set()
        self.join(timeout=10)


def make_worker_app(config: Config, node: Node) -> tuple[Celery, Console]:
    """The Celery app of a node, with its one task."""
    queue = queue_of(config.node.id)
    app = broker.make_app(f"quorate.{queue}", broker=config.broker, consumes=queue, may_declare=False)
    console = Console(app, node)

    def deliver(*args: Any, **kwargs: Any) -> None:
        if len(args) == 1 and isinstance(args[0], str) and not kwargs:
            console.tell(node.deliver(args[0]).said)
        else:
            node.refuse_carrier(_as_bytes(args, kwargs))

    app.task(name=DELIVER, base=CarrierTask, ignore_result=True)(deliver)
    return without_celerys_own_tasks(app), console


def run(config: Config, node: Node) -> None:
    """Work until the process is told to end (SIGTERM, SIGINT)."""
    app, console = make_worker_app(config, node)
    pulse = Pulse(config, node, console)
    worker_ready.connect(_begin, weak=False)
    worker = app.Worker(
        hostname=f"{queue_of(config.node.id)}@localhost",
        pool="solo",
        queues=[queue_of(config.node.id)],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
        quiet=True,
        redirect_stdouts=False,
    )
    pulse.start()
    try:
        worker.start()
    finally:
        pulse.stop()


def _begin(sender: Any, **_: Any) -> None:
    """Keep what is loaded, and have a worker that waits notice once a second that it is told to end."""
    keep_what_is_loaded()
    sender.timer.call_repeatedly(1.0, lambda: None)


def _as_bytes(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    return json.dumps([args, kwargs], default=repr)[:LONGEST_CARRIER].encode("utf-8", "surrogatepass")
