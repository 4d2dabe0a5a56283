"""Passing on what nodes say to each other: heads of journals, and who witnesses them.

The envelopes go on as they came; who gets them verifies them again. What is lost here is asked or said again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import QuerySet

from hsmnodes import carrier
from hsmnodes.models import Node
from hsmnodes.node.agent.broker import BrokerUnavailable
from hsmnodes.node.agent.messages import (
    FromNode,
    HeartbeatMessage,
    WitnessMessage,
    WitnessRequestMessage,
)
from hsmnodes.node.protocol.documents import NodeSigned, WitnessRequest, WitnessStatement
from hsmnodes.node.protocol.errors import Refused
from tenants import clock

logger = structlog.get_logger(__name__)

CIRCLE = 12
QUESTIONS_A_SECOND = 10
_asked: Final[
    dict[str, tuple[str, datetime]]
] = {}  # of each node: the question that was passed on last, and when


def pass_on_heartbeat(node: Node, message: FromNode) -> None:
    """Show a node's heartbeat to its circle, who remember the head of its journal."""
    now = clock.now()
    Node.objects.filter(pk=node.pk).update(relayed_at=now, shown_at=now)
    _send(_circle(node), HeartbeatMessage(envelope=message.envelope).text())


def show_to_members(node: Node, message: FromNode) -> None:
    """Show a node's heartbeat to the other members of its cluster, who judge by it if they are in step."""
    Node.objects.filter(pk=node.pk).update(shown_at=clock.now())
    _send(_members(node), HeartbeatMessage(envelope=message.envelope).text())


def show_members(node: Node) -> None:
    """Show a node that starts what the other members of its cluster last said."""
    for member in _members(node):
        if member.last_heartbeat:
            envelope = NodeSigned.from_bytes(bytes(member.last_heartbeat))
            _send([node], HeartbeatMessage(envelope=envelope).text())


def pass_on_request(node: Node, payload: bytes, message: FromNode) -> None:
    """Ask the peers of a node that has started what they know of its journal.

    The question of one start, which it repeats until enough have answered, goes to them again only when
    ten a second have had time for it: it waits for those that do not run, and answers take a while.
    """
    peers, nonce, now = list(_peers(node)), WitnessRequest.from_bytes(payload).nonce, clock.now()
    asked, when = _asked.get(node.pk, ("", now))
    if asked == nonce and now - when < timedelta(seconds=len(peers) / QUESTIONS_A_SECOND):
        return
    _asked[node.pk] = nonce, now
    _send(peers, WitnessRequestMessage(envelope=message.envelope).text())


def pass_on_statement(node: Node, payload: bytes, message: FromNode) -> None:
    """Take a peer's answer to the node it is about. Raises Refused if that is none of its peers."""
    about = WitnessStatement.from_bytes(payload).about.id
    asked = _peers(node).filter(pk=about)
    if not asked.exists():
        raise Refused("not-a-peer", "The witness is about a node that is not a peer.")
    _send(asked, WitnessMessage(envelope=message.envelope).text())


def _circle(node: Node) -> list[Node]:
    """Those of its peers who are shown its heartbeats: its cluster, and the `CIRCLE` that follow it by id.

    Where there are few, that is all of them. Each that is shown less would cost as many messages as there are
    nodes, a minute and node; and a start asks all of them, of whom one that knows more is enough to stop it.
    """
    peers = _peers(node)
    after = list(peers.filter(pk__gt=node.pk).order_by("pk")[:CIRCLE])
    around = [*after, *peers.filter(pk__lt=node.pk).order_by("pk")[: CIRCLE - len(after)]]
    known = {one.pk for one in around}
    return [*around, *_members(node).exclude(pk__in=known)]


def _members(node: Node) -> QuerySet[Node]:
    """The other members of its cluster, if it is in one."""
    return _peers(node).filter(cluster=node.cluster_id).exclude(cluster=None)


def _peers(node: Node) -> QuerySet[Node]:
    return Node.objects.filter(provider=node.provider_id, enrolled_at__isnull=False).exclude(pk=node.pk)


def _send(nodes: Iterable[Node], text: str) -> None:
    for node in nodes:
        try:
            carrier.send_to_node(node.id, text)
        except BrokerUnavailable as error:
            logger.warning("not-relayed", node=node.name, error=str(error))
