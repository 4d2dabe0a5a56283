"""The steps of a warrant over its nodes: which are done, and sending those whose turn has come.

A step is sent when the receipts that it needs are here, with what was sent beside them. It is sent again when
a node of the zone has caught up: what came too early was refused, and nothing was lost.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from hsmnodes import backups, outbox
from hsmnodes.models import ApplicationSuspension, Attachment, MessageKind, Node, OutboxMessage, Receipt
from hsmnodes.node.agent.messages import WarrantMessage, in_loads
from hsmnodes.node.operations.base import NodeOperation
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.operations.steps import Step
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import NodeSigned, Outcome
from hsmnodes.node.protocol.documents import Receipt as ReceiptDocument
from hsmnodes.node.protocol.errors import Refused
from tenants import charters, clock, log, suspensions
from tenants.log import Event
from tenants.models import Proposal, State

PATIENCE = timedelta(minutes=1)
"""How long a step may take before people are offered to give it up."""


def steps_of(proposal: Proposal) -> tuple[Step, ...]:
    """The steps of a proposal, in order; none for what no node carries out."""
    found = operation(proposal.operation)
    return found.steps(len(proposal.document.nodes)) if isinstance(found, NodeOperation) else ()


def node_of(proposal: Proposal, step: Step) -> str:
    """The id of the node that takes a step."""
    return proposal.document.nodes[step.node].id


def done(proposal: Proposal) -> dict[int, Receipt]:
    """The receipts of the steps that are done, by number."""
    found = proposal.receipts.filter(outcome=Outcome.DONE.value).select_related("node")
    return {receipt.step: receipt for receipt in found}


def left(proposal: Proposal) -> int:
    """How many steps are not done."""
    receipts = proposal.receipts.filter(outcome=Outcome.DONE.value)
    return len(steps_of(proposal)) - len(set(receipts.values_list("step", flat=True)))


def can_be_abandoned(proposal: Proposal) -> bool:
    """Whether some of its steps are done, others are not, and a quorum could give these up."""
    if proposal.state not in (State.EXECUTING, State.REFUSED, State.FAILED, State.INDETERMINATE):
        return False
    if proposal.code == "abandoned":
        return False
    found = operation(proposal.operation)
    return bool(found.consent.kinds) and 0 < len(done(proposal)) < len(steps_of(proposal))


def is_held_up(proposal: Proposal) -> bool:
    """Whether it could be abandoned, and has not gone on for a while or was refused."""
    if not can_be_abandoned(proposal):
        return False
    last = max(receipt.received_at for receipt in done(proposal).values())
    return proposal.state != State.EXECUTING or clock.now() - last > PATIENCE


def send_ready(proposal: Proposal) -> None:
    """Put every step that is not done, and whose turn has come, into the outbox of its node.

    In the caller's transaction. One that was refused is put there once more.
    """
    receipts = done(proposal)
    for number, step in enumerate(steps_of(proposal)):
        if number not in receipts and all(one in receipts for one in step.needs):
            needed = {one: receipts[one] for one in step.needs}
            if _make_sense(proposal, needed):
                _send(proposal, number, step, needed)


def _make_sense(proposal: Proposal, needed: Mapping[int, Receipt]) -> bool:
    """Whether a step can follow on these receipts. An alarm, if nobody can make anything of what is said."""
    found, planned = operation(proposal.operation), steps_of(proposal)
    try:
        for number, receipt in needed.items():
            if isinstance(found, NodeOperation):
                found.read_said(planned[number].act, receipt.results)
    except Refused as refused:
        log.alarm(
            Event.MESSAGE_REFUSED,
            f"Nothing can follow on a receipt of {receipt.node.name}: {refused.message}",
            about=log.about_proposal(proposal),
        )
        return False
    return True


def send_refused(zone: str, node: Node) -> None:
    """Send again what a node refused of proposals about a zone that were begun elsewhere.

    It has just taken another step, and may have caught up.
    """
    refused = Proposal.objects.filter(zone=zone, state=State.REFUSED)
    if not refused.exists():  # nearly always, so this is asked first, for which little has to be said
        return
    begun = Receipt.objects.filter(proposal__zone=zone, outcome=Outcome.DONE.value).values("proposal")
    for proposal in refused.select_for_update(no_key=True).filter(pk__in=begun):
        if any(node_of(proposal, step) == node.id for step in steps_of(proposal)):
            send_ready(proposal)


def _send(proposal: Proposal, number: int, step: Step, needed: Mapping[int, Receipt]) -> None:
    node = Node.objects.get(pk=node_of(proposal, step), provider=proposal.provider)
    row = OutboxMessage.objects.filter(
        node=node, proposal=proposal, step=number, kind=MessageKind.WARRANT
    ).first()
    if row is not None and row.settled_at is None:
        return
    *before, last = _messages(proposal, number, step, needed)
    _put_parts(node, proposal, number, before)
    if row is not None:
        outbox.put_again(row)
    else:
        outbox.put(node=node, kind=MessageKind.WARRANT, message=last.text(), proposal=proposal, step=number)


def send_parts(proposal: Proposal, number: int) -> None:
    """Send once more what goes before the message of a step, which is still due: its node lacks some."""
    step, receipts = steps_of(proposal)[number], done(proposal)
    node = Node.objects.get(pk=node_of(proposal, step), provider=proposal.provider)
    on_their_way = OutboxMessage.objects.filter(
        node=node, proposal=proposal, step=number, kind=MessageKind.PART
    )
    if not on_their_way.exists():
        *before, _ = _messages(proposal, number, step, {one: receipts[one] for one in step.needs})
        _put_parts(node, proposal, number, before)


def _put_parts(node: Node, proposal: Proposal, number: int, messages: Iterable[WarrantMessage]) -> None:
    for message in messages:
        outbox.put(node=node, kind=MessageKind.PART, message=message.text(), proposal=proposal, step=number)


def _messages(
    proposal: Proposal, number: int, step: Step, needed: Mapping[int, Receipt]
) -> list[WarrantMessage]:
    """The message for a step; before it, if not all fits into it, others with parts of what belongs to it."""
    enclosed, parts = _enclosures(proposal, step, needed)
    whole = WarrantMessage(
        step=number,
        warrant=canonical.b64u(bytes(proposal.warrant)),
        charters=links_of(_authorities(proposal)),
        receipts=tuple(NodeSigned.from_bytes(bytes(one.envelope)) for one in needed.values()),
        suspensions=tuple(
            canonical.b64u(bytes(one.raw))
            for one in (
                *suspensions.in_force(_authorities(proposal)),
                *ApplicationSuspension.objects.filter(
                    application__zone__in=_authorities(proposal), lifted_at=None
                ).order_by("at", "id"),
            )
        ),
    )
    loads = in_loads(parts, len)
    return [
        whole.model_copy(
            update={
                "enclosures": tuple(map(canonical.b64u, [*enclosed, *load])),
                "more": place < len(loads) - 1,
            }
        )
        for place, load in enumerate(loads)
    ]


def _enclosures(
    proposal: Proposal, step: Step, needed: Mapping[int, Receipt]
) -> tuple[list[bytes], list[bytes]]:
    """What must travel beside a step: with each message, and in parts that can go one by one.

    The node says if something is missing, that cannot be read here.
    """
    found = operation(proposal.operation)
    if not isinstance(found, NodeOperation):
        return [], []
    documents = {number: ReceiptDocument.from_bytes(bytes(one.raw)) for number, one in needed.items()}
    parameters = found.read(proposal.document.parameters)
    wanted = found.enclosures(parameters, step, documents)
    if not wanted:
        return [], []
    here = dict(Attachment.objects.filter(receipt__in=needed.values()).values_list("sha256", "data"))
    for digest in wanted:
        if digest not in here:
            here |= backups.pieces_of(digest, proposal)
    enclosed = {digest: bytes(here[digest]) for digest in wanted if digest in here}
    parts = found.parts(parameters, enclosed)
    return list(enclosed.values()), [bytes(here[digest]) for digest in parts if digest in here]


def links_of(authorities: Iterable[str]) -> tuple[str, ...]:
    """The whole chains of these authorities' charters, as a message carries them."""
    return tuple(
        canonical.b64u(link.raw) for authority in authorities for link in charters.chain_of(authority)
    )


def _authorities(proposal: Proposal) -> list[str]:
    """Whose charters the node may need: those that consented, and for a slot the customer's."""
    wanted = [authority.id for authority in proposal.document.authorities]
    if proposal.provider_id not in wanted:
        wanted.append(proposal.provider_id)
    if proposal.customer_id and proposal.customer_id not in wanted:
        wanted.append(proposal.customer_id)
    return wanted
