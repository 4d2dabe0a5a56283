"""The broker between console and nodes, the same for both sides: queues, and how a Celery app is set.

A message is only a carrier of signed bytes, so the broker is trusted with nothing but delivery. In
production it is RabbitMQ: a durable quorum queue for the console and one for each node, on one topic
exchange, all of them made by the console, since a node's user may only read its own queue and publish.
Embedded it is a SQLite file.
"""

from typing import Any

from celery import Celery
from celery.worker.consumer.consumer import Consumer
from kombu import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import sqlalchemy as sqla

EXCHANGE = Exchange("quorate", type="topic", durable=True)
DEAD = Exchange("quorate.dead", type="fanout", durable=True)
DEAD_QUEUE = Queue("dead", DEAD, durable=True, queue_arguments={"x-queue-type": "quorum"})
QUORUM = {
    "x-queue-type": "quorum",
    "x-single-active-consumer": True,
    "x-delivery-limit": 5,
    "x-dead-letter-exchange": DEAD.name,
}
DELAYED_DELIVERY = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class Channel(sqla.Channel):
    """A channel of the embedded broker that forgets what was consumed: the transport itself never deletes."""

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 - the base's signature
        message = super()._get(queue)
        everything = self._query_all(queue)  # type: ignore[attr-defined] # kombu's types leave it out
        consumed = everything.filter(self.message_cls.visible == False)  # noqa: E712 - SQL
        consumed.delete(synchronize_session=False)
        self.session.commit()
        return message


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
    return Queue(
        name, EXCHANGE, routing_key=name, durable=True, queue_arguments=QUORUM, no_declare=not declare
    )


def make_app(name: str, *, broker: str, consumes: str, may_declare: bool) -> Celery:
    """A Celery app that takes tasks from the queue `consumes` alone.

    `may_declare` is False for a node: in production its user cannot make queues, and finds its own made.
    """
    TRANSPORT_ALIASES["sqla"] = f"{__name__}:Transport"
    queue = queue_for(consumes, broker, declare=may_declare)
    options = {"connect_args": {"timeout": 20}} if is_embedded(broker) else {"confirm_publish": True}
    _without_delayed_delivery()
    app = Celery(name, broker=broker, set_as_current=may_declare)
    app.conf.update(
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=4,
        broker_transport_options=options,
        task_create_missing_queues=False,
        task_default_exchange=EXCHANGE.name,
        task_default_exchange_type=EXCHANGE.type,
        task_default_queue=consumes,
        task_default_routing_key=consumes,
        task_ignore_result=True,
        task_queues=[queue],
        task_serializer="json",
        worker_concurrency=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_lost_wait=1,
        worker_prefetch_multiplier=1,
    )
    return app


def send(app: Celery, task: str, text: str, *, to: str, declare: bool = True) -> None:
    """Hand one message to the broker for the queue `to`; returns when the broker has it, raises if not."""
    queue = queue_for(to, app.conf.broker_url)
    app.send_task(
        task,
        args=[text],
        exchange=EXCHANGE.name,
        exchange_type=EXCHANGE.type,
        routing_key=to,
        declare=[queue] if declare or is_embedded(app.conf.broker_url) else [],
        ignore_result=True,
        retry=False,
    )


def declare_queues(app: Celery, names: list[str]) -> None:
    """Make the queues called `names`, and where messages go that were delivered too often."""
    url = app.conf.broker_url
    with app.connection_for_write() as connection:
        queues = [queue_for(name, url) for name in names]
        for queue in [*queues, *([] if is_embedded(url) else [DEAD_QUEUE])]:
            queue(connection.default_channel).declare()


def _without_delayed_delivery() -> None:
    """No task is ever delayed here, and what Celery would declare for it a node may not declare."""
    blueprint: Any = Consumer.Blueprint
    blueprint.default_steps = [step for step in blueprint.default_steps if step != DELAYED_DELIVERY]
