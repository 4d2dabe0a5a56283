"""The broker between console and nodes, the same for both sides: queues, and how a Celery app is set.

A message is only a carrier of signed bytes, so the broker is trusted with nothing but delivery. In
production it is RabbitMQ: a durable quorum queue for the console, one for heartbeats and one for each node,
on one topic exchange, all of them made by the console, since a node's user may only read its own queue and
publish to the first two. Embedded it is a SQLite file.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from queue import Empty
from typing import Any

from celery import Celery
from celery.worker.consumer.consumer import Consumer
from kombu import Exchange, Producer, Queue
from kombu.exceptions import KombuError
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import sqlalchemy as sqla
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from hsmnodes.node.agent.messages import HEARTBEAT_QUEUE

EXCHANGE = Exchange("quorate", type="topic", durable=True)
DEAD = Exchange("quorate.dead", type="fanout", durable=True)
DEAD_QUEUE = Queue("dead", DEAD, durable=True, queue_arguments={"x-queue-type": "quorum"})
QUORUM = {
    "x-queue-type": "quorum",
    "x-single-active-consumer": True,
    "x-delivery-limit": 5,
    "x-dead-letter-exchange": DEAD.name,
}
FRESH_SECONDS = 60
MOST_HEARTBEATS = 20_000
MOST_HEARTBEATS_EMBEDDED = 200
"""How old heartbeats become that nobody takes, and how many wait: the oldest are dropped. A queue keeps what
it was made with: whoever changes these gives it another name.
"""
# Who sends does not wait for a broker that is away: the outbox sends again.
AMQP = {"confirm_publish": True, "max_retries": 0}
CONFIRM_SECONDS = 5
"""How long who sends waits for the broker to say that it has a message: one with a full disk says nothing."""
DELAYED_DELIVERY = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class BrokerUnavailable(OSError):
    """The broker did not take a message: it cannot be reached, or refuses."""


class Channel(sqla.Channel):
    """A channel of the embedded broker.

    Unlike kombu's own it deletes what was consumed, in the transaction that consumes it; does not take the
    write lock to find that nothing is there, nor look again before somebody has written; and takes a locked
    file as a reason to look again later.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._watch: Any = None
        self._empty_at: dict[str, int] = {}

    def _engine_from_config(self) -> Any:
        engine = super()._engine_from_config()
        event.listen(engine, "connect", _settings_of_connection)
        return engine

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 - the base's signature
        version = self._version()
        if self._empty_at.get(queue) == version:
            raise Empty
        try:
            payload = self._take(queue)
        except OperationalError:
            self.session.rollback()
            raise Empty from None
        if payload is None:
            self._empty_at[queue] = version
            raise Empty
        return json.loads(payload)

    def _version(self) -> int:
        """A number that another connection's commit changes; the one that asks does nothing but ask."""
        if self._watch is None:
            engine, _ = self._open()
            self._watch = engine.raw_connection()
        return int(self._watch.cursor().execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the channel, and the connection that watches."""
        super().close()
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _put(self, queue: str, payload: Any, **options: Any) -> None:  # type: ignore[override]
        super()._put(queue, payload, **options)
        if queue == HEARTBEAT_QUEUE:
            self._drop_oldest(queue)

    def _drop_oldest(self, queue: str) -> None:
        """Drop all but the latest; if the file is locked, with the next message."""
        waiting = self._query_all(queue)  # type: ignore[attr-defined]
        number = self.message_cls.id
        try:
            first_to_go = waiting.order_by(number.desc()).offset(MOST_HEARTBEATS_EMBEDDED).first()
            if first_to_go is not None:
                waiting.filter(number <= first_to_go.id).delete()
            self.session.commit()
        except OperationalError:
            self.session.rollback()

    def _take(self, queue: str) -> str | None:
        waiting = self._query_all(queue).order_by(self.message_cls.id)  # type: ignore[attr-defined]
        if waiting.first() is None:
            self.session.commit()
            return None
        self.session.commit()
        self.session.execute(text("BEGIN IMMEDIATE"))
        message = waiting.first()
        payload = None if message is None else str(message.payload)
        if message is not None:
            self.session.delete(message)
        self.session.commit()
        return payload


def _settings_of_connection(connection: Any, _record: Any) -> None:
    """Readers do not wait for writers. What a power cut loses is sent again: the outbox has it."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


class Transport(sqla.Transport):
    """The embedded broker, asked ten times a second; kombu's own asks once."""

    Channel = Channel
    polling_interval = 0.1


def is_embedded(url: str) -> bool:
    """Whether the broker at `url` is a SQLite file."""
    return url.startswith("sqla+")


def queue_for(name: str, url: str, *, declare: bool = True) -> Queue:
    """The queue called `name` on the broker at `url`; its routing key is its name."""
    if is_embedded(url):
        return Queue(name, EXCHANGE, routing_key=name, durable=True)
    arguments = _fleeting() if name == HEARTBEAT_QUEUE else QUORUM
    return Queue(
        name, EXCHANGE, routing_key=name, durable=True, queue_arguments=arguments, no_declare=not declare
    )


def _fleeting() -> dict[str, Any]:
    """A queue that keeps only what is fresh. What it drops is dead to nobody: it goes nowhere."""
    return {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-message-ttl": FRESH_SECONDS * 1000,
        "x-max-length": MOST_HEARTBEATS,
        "x-overflow": "drop-head",
    }


def make_app(name: str, *, broker: str, consumes: str, may_declare: bool, also: str | None = None) -> Celery:
    """A Celery app that takes tasks from the queue `consumes` alone, or in turn from the queue `also`.

    `may_declare` is False for a node: in production its user cannot make queues, and finds its own made.
    """
    TRANSPORT_ALIASES["sqla"] = f"{__name__}:Transport"
    queues = [queue_for(one, broker, declare=may_declare) for one in (consumes, also) if one is not None]
    options = {"connect_args": {"timeout": 20}} if is_embedded(broker) else dict(AMQP)
    _without_delayed_delivery()
    app = Celery(name, broker=broker, set_as_current=may_declare, fixups=[])
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,  # else a node that is alone for long would end, and serve nobody
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=4,
        broker_transport_options=options,
        task_create_missing_queues=False,
        task_default_exchange=EXCHANGE.name,
        task_default_exchange_type=EXCHANGE.type,
        task_default_queue=consumes,
        task_default_routing_key=consumes,
        task_ignore_result=True,
        task_queues=queues,
        task_serializer="json",
        worker_concurrency=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_lost_wait=1,
        worker_prefetch_multiplier=1,
    )
    return app


def send(app: Celery, task: str, message: str, *, to: str, declare: bool = True) -> None:
    """Hand one message to the broker for the queue `to`; returns when the broker has it.

    Raises BrokerUnavailable if it has not.
    """
    url = app.conf.broker_url
    try:
        with app.producer_pool.acquire(block=True) as producer, _let_go_of_what_failed(producer):
            app.send_task(
                task,
                args=[message],
                producer=producer,
                exchange=EXCHANGE.name,
                exchange_type=EXCHANGE.type,
                routing_key=to,
                declare=[queue_for(to, url)] if declare or is_embedded(url) else [],
                ignore_result=True,
                retry=False,
                confirm_timeout=CONFIRM_SECONDS,
            )
    except _failures(app) as error:
        raise BrokerUnavailable(str(error)) from error


@contextmanager
def _let_go_of_what_failed(producer: Producer) -> Iterator[None]:
    """Drop a connection on which something failed: to end it in order takes a minute if nobody answers."""
    try:
        yield
    except BaseException:
        if producer.connection is not None:
            producer.connection.collect()
        raise


def declare_queues(app: Celery, names: list[str]) -> None:
    """Make the queues called `names`, and where messages go that were delivered too often.

    Raises BrokerUnavailable.
    """
    url = app.conf.broker_url
    queues = [queue_for(name, url) for name in names]
    try:
        with app.connection_for_write() as connection:
            for queue in [*queues, *([] if is_embedded(url) else [DEAD_QUEUE])]:
                queue(connection.default_channel).declare()
    except _failures(app) as error:
        raise BrokerUnavailable(str(error)) from error


@cache
def _failures(app: Celery) -> tuple[type[Exception], ...]:
    with app.connection_for_write() as connection:
        return (*connection.connection_errors, *connection.channel_errors, KombuError, OSError)


def _without_delayed_delivery() -> None:
    """No task is ever delayed here, and what Celery would declare for it a node may not declare."""
    blueprint: Any = Consumer.Blueprint
    blueprint.default_steps = [step for step in blueprint.default_steps if step != DELAYED_DELIVERY]
