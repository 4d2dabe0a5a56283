"""The outbox: what must reach a node is written with the decision, and handed over until it is there.

The rows are the truth and the broker only carries. What a node answers stays due until the answer is in; a
node that gets it twice answers the same.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from hsmnodes import carrier
from hsmnodes.models import ANSWERED, MessageKind, Node, OutboxMessage
from hsmnodes.node.agent.broker import BrokerUnavailable
from tenants import clock, execution
from tenants.models import Proposal

logger = structlog.get_logger(__name__)

BATCH = 100
LONGEST_PAUSE = timedelta(minutes=5)
KEPT = timedelta(days=30)
FORGOTTEN_AT_ONCE = 1000


def put(
    *, node: Node, kind: MessageKind, message: str, proposal: Proposal | None = None, step: int = 0
) -> OutboxMessage:
    """Write a message in the caller's transaction; it is handed over when that commits."""
    row = OutboxMessage(node=node, kind=kind, message=message, proposal=proposal, step=step)
    _take_in_hand(row)
    row.save()
    transaction.on_commit(lambda: _hand_over(row))
    return row


def put_again(row: OutboxMessage) -> None:
    """Make a message due once more."""
    row.settled_at, row.attempts = None, 0
    _take_in_hand(row)
    row.save(update_fields=["settled_at", "attempts", "next_at"])
    transaction.on_commit(lambda: _hand_over(row))


def postpone(*, node: Node, proposal: Proposal, step: int, until: datetime) -> None:
    """Have a step of a warrant sent again only when the node's delay is over, `until` then."""
    at = max(until + timedelta(seconds=1), clock.now() + timedelta(seconds=settings.OUTBOX_RETRY_SECONDS))
    OutboxMessage.objects.filter(
        node=node, proposal=proposal, step=step, kind=MessageKind.WARRANT, settled_at=None
    ).update(next_at=at, attempts=0)


def hasten(proposal: Proposal) -> None:
    """Have what was postponed of a proposal sent at once."""
    waiting = OutboxMessage.objects.filter(proposal=proposal, kind=MessageKind.WARRANT, settled_at=None)
    for row in waiting.select_related("node"):
        put_again(row)


def settle(*, node: Node, proposal: Proposal, step: int) -> None:
    """Note that the receipt for a step of a warrant is in: the node has nothing more to answer about it.

    Parts that are still here are removed after the commit. One that is left by a crash goes with its sending.
    """
    OutboxMessage.objects.filter(
        node=node, proposal=proposal, step=step, kind__in=ANSWERED, settled_at=None
    ).update(settled_at=clock.now())
    parts = OutboxMessage.objects.filter(node=node, proposal=proposal, step=step, kind=MessageKind.PART)
    transaction.on_commit(lambda: parts.only("pk").delete())


def drop(*, node: Node, proposal: Proposal) -> None:
    """Have nothing more sent to a node about a proposal: the rest of it was given up there."""
    waiting = OutboxMessage.objects.filter(node=node, proposal=proposal, settled_at=None)
    waiting.filter(kind=MessageKind.PART).delete()
    waiting.update(settled_at=clock.now())


def settle_message(row: OutboxMessage) -> None:
    """Note that one message was answered."""
    OutboxMessage.objects.filter(pk=row.pk, settled_at=None).update(settled_at=clock.now())


def sweep() -> int:
    """Hand over everything that is due; how many messages the broker took."""
    due = OutboxMessage.objects.filter(settled_at=None, next_at__lte=clock.now()).order_by("next_at")
    rows = due.select_related("node", "proposal")[:BATCH]
    return sum(_hand_over(row) for row in rows if _claim(row))


def forget_settled() -> int:
    """Forget what was settled long ago, the oldest first; how many messages.

    Proposals, receipts and the log say what was done. A contribution to a ceremony keeps its message.
    """
    old = OutboxMessage.objects.filter(settled_at__lt=clock.now() - KEPT, contribution=None)
    found = list(old.order_by("settled_at").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    return OutboxMessage.objects.filter(pk__in=found, settled_at__isnull=False).delete()[0]


def _take_in_hand(row: OutboxMessage) -> None:
    """Count an attempt; the next one is due only if nothing comes of this one."""
    pause = min(timedelta(seconds=settings.OUTBOX_RETRY_SECONDS) * 2 ** min(row.attempts, 8), LONGEST_PAUSE)
    row.attempts, row.next_at = row.attempts + 1, clock.now() + pause


def _claim(row: OutboxMessage) -> bool:
    """Take a message in hand, unless another process was faster."""
    due = OutboxMessage.objects.filter(pk=row.pk, settled_at=None, attempts=row.attempts)
    _take_in_hand(row)
    return bool(due.update(attempts=row.attempts, next_at=row.next_at))


def _hand_over(row: OutboxMessage) -> bool:
    """Give a message that is in hand to the broker and note it; whether the broker took it.

    Should this process die in between, the sweep sends it again. A part goes as it was handed over: if it is
    lost, the node says so, and it is made anew from what it is a part of.
    """
    try:
        carrier.send_to_node(row.node_id, row.message)
    except BrokerUnavailable as error:
        logger.warning("broker-unavailable", node=row.node.name, kind=row.kind, error=str(error))
        return False
    if row.kind == MessageKind.PART:
        row.delete()
        return True
    with transaction.atomic():
        moment = clock.now()
        settled = {} if row.kind in ANSWERED else {"settled_at": moment}
        OutboxMessage.objects.filter(pk=row.pk).update(sent_at=moment, **settled)
        if row.proposal is not None and row.kind == MessageKind.WARRANT:
            execution.mark_sent(proposal=row.proposal)
    return True
