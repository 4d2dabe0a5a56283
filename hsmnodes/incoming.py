"""What comes back from nodes: believed only if signed by the identity that is pinned for the node."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from hsmnodes import ceremonies, heartbeats, receipts, relay
from hsmnodes.models import Node
from hsmnodes.node.agent.messages import FromNode, read_from_node
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.nodesigning import verify
from hsmnodes.node.protocol.purposes import Purpose
from tenants import clock, log
from tenants.log import Event
from tenants.models import LogEntry

logger = structlog.get_logger(__name__)

ALARMS_A_MINUTE = 30
HANDLERS: Mapping[str, tuple[Purpose, Callable[[Node, bytes, FromNode], None]]] = {
    "receipt": (Purpose.RECEIPT, receipts.take_receipt),
    "heartbeat": (Purpose.HEARTBEAT, heartbeats.take_heartbeat),
    "witness-request": (Purpose.WITNESS_REQUEST, relay.pass_on_request),
    "witness": (Purpose.WITNESS, relay.pass_on_statement),
    "ceremony": (Purpose.CEREMONY, ceremonies.take_ceremony),
    "contribution-answer": (Purpose.CONTRIBUTION_ANSWER, ceremonies.take_answer),
}


def receive(text: str) -> None:
    """Take one message from the broker. What does not hold is refused with an alarm in the log."""
    try:
        message = read_from_node(text)
        purpose, handle = HANDLERS[message.kind]
        node = _node(message)
        payload = verify(message.envelope, identity=node.identity_bytes, purpose=purpose, node=node.id)
        handle(node, payload, message)
    except Refused as refused:
        _raise_alarm(text, refused)


def _node(message: FromNode) -> Node:
    node = Node.objects.in_brief().filter(pk=message.envelope.node).first()
    if node is None:
        raise Refused("unknown-node", "It is in the name of a node that is not registered here.")
    return node


def _raise_alarm(text: str, refused: Refused) -> None:
    """Note a message that was not believed; a flood of them is noted only as such."""
    logger.warning("message-refused", code=refused.code, reason=refused.message)
    recent = LogEntry.objects.filter(
        event=Event.MESSAGE_REFUSED.value, at__gte=clock.now() - timedelta(minutes=1)
    )
    if recent.count() >= ALARMS_A_MINUTE:
        return
    try:
        node = _node(read_from_node(text))
        name, about = node.name, log.about_within(node.provider, "node", node.id)
    except Refused:
        name, about = "a node", None
    log.alarm(
        Event.MESSAGE_REFUSED,
        f"A message in the name of {name} was not believed: {refused.message}",
        about=about,
        document=text.encode("utf-8", "replace")[:100_000],
        code=refused.code,
    )
