"""Receipts: checked against the proposal they are about, then kept, and what they confirm taken over."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from hsmnodes import backups, confirmed, outbox
from hsmnodes.models import Attachment, Backup, Node, Receipt
from hsmnodes.node.agent.messages import CarriedAttachment, FromNode
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Outcome
from hsmnodes.node.protocol.documents import Receipt as ReceiptDocument
from hsmnodes.node.protocol.errors import Refused
from tenants import clock, execution, log
from tenants.errors import DomainError
from tenants.log import Event
from tenants.models import Proposal


class ReceiptRefused(Refused):
    """A receipt with a good signature that does not fit what was asked of the node."""


def take_receipt(node: Node, payload: bytes, message: FromNode) -> None:
    """Take a receipt whose signature by `node` was verified. One that is known already changes nothing.

    Raises Refused if it is not about a step of a warrant that this node was sent.
    """
    document = ReceiptDocument.from_bytes(payload)
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update().filter(pk=document.proposal).first()
        if proposal is None:
            raise ReceiptRefused("unknown-proposal", "It is about a proposal that is not known here.")
        _check_fits(node, document, proposal)
        known = _known(node, document)
        receipt = known or _keep(node, document, proposal, message)
        here = {} if known is None else _here(receipt)
        here |= _keep_attachments(receipt, message.attachments, here)
        if _is_complete(receipt, here.values()):
            outbox.settle(node=node, proposal=proposal, step=document.step)
        elif known is None:
            log.alarm(
                Event.MESSAGE_REFUSED,
                f"A receipt of {node.name} came without the data that it states. The node is asked again.",
                about=log.about_proposal(proposal),
            )


def _check_fits(node: Node, document: ReceiptDocument, proposal: Proposal) -> None:
    asked = proposal.document
    if document.deployment != asked.deployment or document.node != node.named():
        raise ReceiptRefused("other-node", "The receipt names another deployment or node.")
    if (document.proposal_hash, document.operation) != (proposal.hash, proposal.operation):
        raise ReceiptRefused(
            "other-proposal", "The receipt is about other bytes than those that were signed."
        )
    nodes = asked.nodes
    if document.step >= len(nodes) or nodes[document.step].id != node.id:
        raise ReceiptRefused("other-step", "The receipt is for a step that is not this node's.")
    if not proposal.warrant and document.outcome is not Outcome.REFUSED:
        raise ReceiptRefused("not-authorised", "The node says it did what was never authorised here.")


def _known(node: Node, document: ReceiptDocument) -> Receipt | None:
    """The receipt if it is here already. Raises Refused if another is at its place.

    Receipts of what was carried out form a chain; two at one place mean that a node went back.
    """
    same, there = Q(hash=document.sha256), Q(node=node, sequence=document.sequence)
    if document.outcome is not Outcome.REFUSED:
        same |= there & ~Q(outcome=Outcome.REFUSED.value)
    known = {receipt.hash: receipt for receipt in Receipt.objects.filter(same)}
    if document.sha256 not in known and known:
        raise ReceiptRefused(
            "fork", f"The node has signed two different receipts number {document.sequence}."
        )
    return known.get(document.sha256)


def _keep(node: Node, document: ReceiptDocument, proposal: Proposal, message: FromNode) -> Receipt:
    receipt = Receipt.objects.create(
        node=node,
        proposal=proposal,
        step=document.step,
        raw=document.raw,
        envelope=message.envelope.raw,
        hash=document.sha256,
        previous=document.previous,
        sequence=document.sequence,
        outcome=document.outcome.value,
        code=document.code or "",
        detail=document.detail,
        results=document.results,
        at=clock.from_unix(document.at),
    )
    execution.record_outcome(
        proposal=proposal,
        outcome=document.outcome,
        code=document.code or "",
        detail=document.detail,
        receipt=log.Note(
            Event.RECEIPT,
            f"{node.name}: {document.outcome.value}. {document.detail}",
            about=log.about_proposal(proposal),
            document=message.envelope.raw,
        ),
    )
    if document.outcome is Outcome.DONE:
        _take_over(receipt)
    return receipt


def _take_over(receipt: Receipt) -> None:
    """A signed receipt stands whatever it says; results that make no sense are an alarm beside it."""
    try:
        with transaction.atomic():
            confirmed.take_over(receipt)
    except (KeyError, TypeError, ValueError, IntegrityError) as error:
        log.alarm(
            Event.MESSAGE_REFUSED,
            f"The results in a receipt of {receipt.node.name} cannot be understood.",
            about=log.about_proposal(receipt.proposal),
            error=type(error).__name__,
        )


def _here(receipt: Receipt) -> dict[str, str]:
    """The hash of each thing beside a receipt that is kept already, by its name."""
    taken = Backup.objects.filter(proposal=receipt.proposal_id).values_list("sha256", flat=True)
    return dict(receipt.attachments.values_list("name", "sha256")) | {f"{one}.backup": one for one in taken}


def _keep_attachments(
    receipt: Receipt, attachments: tuple[CarriedAttachment, ...], here: Mapping[str, str]
) -> dict[str, str]:
    """Keep what came beside the receipt and is not `here` yet, if the receipt states its hash.

    Returns the hash of each that was kept, by its name.
    """
    stated = {text for _, text in _texts(receipt.results)} if attachments else set()
    kept: dict[str, Attachment] = {}
    taken: dict[str, str] = {}
    for attachment in attachments:
        data = canonical.b64u_decode(attachment.data)
        digest = canonical.sha256_hex(data)
        if digest not in stated:
            log.alarm(
                Event.MESSAGE_REFUSED,
                f"Beside a receipt of {receipt.node.name} came data that the receipt does not state.",
                about=log.about_proposal(receipt.proposal),
                name=attachment.name,
            )
        elif backups.is_backup(attachment.name):
            taken |= _keep_backup(receipt, data) if digest not in here.values() else {}
        elif attachment.name not in here:
            row = Attachment(receipt=receipt, name=attachment.name, sha256=digest, data=data)
            kept.setdefault(attachment.name, row)
    Attachment.objects.bulk_create(kept.values())
    return taken | {name: row.sha256 for name, row in kept.items()}


def _keep_backup(receipt: Receipt, data: bytes) -> dict[str, str]:
    """Store a backup. One that does not hold is an alarm, and the node is asked again."""
    try:
        with transaction.atomic():
            return {"backup": backups.keep_taken(receipt, data).sha256}
    except (Refused, DomainError, OSError) as error:
        log.alarm(
            Event.MESSAGE_REFUSED,
            f"The backup beside a receipt of {receipt.node.name} cannot be kept.",
            about=log.about_proposal(receipt.proposal),
            error=str(error),
        )
        return {}


def _is_complete(receipt: Receipt, here: Collection[str]) -> bool:
    """Whether each hash that the results state, as `sha256` or under a name that ends so, is among `here`."""
    if receipt.outcome != Outcome.DONE.value:
        return True
    return {text for name, text in _texts(receipt.results) if name.endswith("sha256")} <= set(here)


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, with the name of the member that it is, or is in the list of."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _texts(member, key)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _texts(member, name)
