"""The tasks of the console's worker that concern machines."""

from celery import shared_task

from hsmnodes import carrier, incoming, outbox
from hsmnodes.models import Node
from hsmnodes.node.agent.carrier_task import CarrierTask
from hsmnodes.node.agent.messages import RECEIVE

SWEEP = "quorate.console.sweep"

_declared: set[str] = set()


@shared_task(name=RECEIVE, base=CarrierTask)
def receive(text: str) -> None:
    """Take one message from a node."""
    incoming.receive(text)


@shared_task(name=SWEEP, base=CarrierTask)
def sweep() -> None:
    """See that every node has its queue, and hand over what is due."""
    missing = set(Node.objects.values_list("id", flat=True)) - _declared
    if missing:
        carrier.declare_queues(sorted(missing))
        _declared.update(missing)
    outbox.sweep()
