"""The console's end of the broker."""

from functools import cache

from celery import Celery
from django.conf import settings

from hsmnodes.node.agent import broker
from hsmnodes.node.agent.messages import CONSOLE_QUEUE, DELIVER, HEARTBEAT_QUEUE, queue_of


@cache
def app() -> Celery:
    """The console's Celery app, the same for pages and worker."""
    return broker.make_app(
        "quorate.console",
        broker=settings.BROKER_URL,
        consumes=CONSOLE_QUEUE,
        also=HEARTBEAT_QUEUE,
        may_declare=True,
    )


def send_to_node(node: str, text: str) -> None:
    """Hand a message for the node with this id to the broker. Raises BrokerUnavailable."""
    broker.send(app(), DELIVER, text, to=queue_of(node))


def declare_queues(nodes: list[str]) -> None:
    """Make the console's queue, that of heartbeats, and those of these nodes. Raises BrokerUnavailable."""
    broker.declare_queues(app(), [CONSOLE_QUEUE, HEARTBEAT_QUEUE, *map(queue_of, nodes)])
