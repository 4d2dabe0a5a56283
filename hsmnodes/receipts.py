"""Receipts: checked against the proposal they are about, then kept, and what they confirm taken over."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q

from hsmnodes import backups, clusters, confirmed, outbox, steps
from hsmnodes.models import Attachment, Backup, Node, Receipt
from hsmnodes.node.agent.messages import CarriedAttachment, FromNode
from hsmnodes.node.agent.verify import PART_MISSING
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Outcome
from hsmnodes.node.protocol.documents import Receipt as ReceiptDocument
from hsmnodes.node.protocol.documents.charter import LONGEST_DELAY
from hsmnodes.node.protocol.errors import DELAYED, Refused
from tenants import clock, execution, log, tags
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
        proposal = _locked(document.proposal)
        if proposal is None:
            raise ReceiptRefused("unknown-proposal", "It is about a proposal that is not known here.")
        _check_fits(node, document, proposal)
        if proposal.operation == tags.ENROL_NODE:
            # The node will change; who authorises another enrolment of it locks it first, too.
            Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        receipt, is_new = _kept(node, document, proposal, message)
        if is_new:
            _note(receipt, document, proposal)
        here = {} if is_new else _here(receipt)
        if message.attachments:
            here |= _keep_attachments(receipt, message.attachments, here)
        due_at = _due_at(document)
        if due_at is not None:
            outbox.postpone(node=node, proposal=proposal, step=document.step, until=due_at)
        elif _lacks_parts(document):
            steps.send_parts(proposal, document.step)
        elif _is_complete(receipt, here.values()):
            outbox.settle(node=node, proposal=proposal, step=document.step)
            if document.outcome is Outcome.DONE:
                _go_on(node, proposal)
        elif is_new and not message.more:
            log.alarm(
                Event.MESSAGE_REFUSED,
                f"A receipt of {node.name} came without the data that it states. The node is asked again.",
                about=log.about_proposal(proposal),
            )


def _locked(proposal: str) -> Proposal | None:
    """The proposal with this id and its zone, locked until the transaction ends."""
    found = Proposal.objects.select_for_update(of=("self",), no_key=True).select_related("zone")
    return found.filter(pk=proposal).first()


def _go_on(node: Node, proposal: Proposal) -> None:
    """Send what has waited for a step that is done, and what the node refused because it had not taken it."""
    if len(steps.steps_of(proposal)) > 1:
        if steps.left(proposal):
            steps.send_ready(proposal)
        else:
            backups.forget_sealed_keys(proposal)
    if proposal.zone_id is not None:
        steps.send_refused(proposal.zone_id, node)
    if proposal.operation in {*tags.CHANGE_CLUSTERS, tags.AGREE_TO_CLUSTER}:
        clusters.send_refused(node)


def _check_fits(node: Node, document: ReceiptDocument, proposal: Proposal) -> None:
    asked = proposal.document
    if document.deployment != asked.deployment or document.node != node.named():
        raise ReceiptRefused("other-node", "The receipt names another deployment or node.")
    if (document.proposal_hash, document.operation) != (proposal.hash, proposal.operation):
        raise ReceiptRefused(
            "other-proposal", "The receipt is about other bytes than those that were signed."
        )
    planned = steps.steps_of(proposal)
    if document.step >= len(planned) or steps.node_of(proposal, planned[document.step]) != node.id:
        raise ReceiptRefused("other-step", "The receipt is for a step that is not this node's.")
    if "\0" in document.detail or "\\u0000" in document.raw.decode():
        raise ReceiptRefused("bad-text", "The receipt has a character that no text has.")
    if not proposal.warrant and document.outcome is not Outcome.REFUSED:
        raise ReceiptRefused("not-authorised", "The node says it did what was never authorised here.")


def _kept(
    node: Node, document: ReceiptDocument, proposal: Proposal, message: FromNode
) -> tuple[Receipt, bool]:
    """The receipt as it is kept, and whether that is new. Raises Refused if another is at its place."""
    try:
        with transaction.atomic():
            return _keep(node, document, proposal, message), True
    except IntegrityError:
        known = _known(node, document)
        if known is None:
            raise
        return known, False


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
    return Receipt.objects.create(
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


def _note(receipt: Receipt, document: ReceiptDocument, proposal: Proposal) -> None:
    """Take over what a new receipt says."""
    note = log.Note(
        Event.RECEIPT,
        f"{receipt.node.name}: {document.outcome.value}. {document.detail}",
        about=log.about_proposal(proposal),
        document=receipt.envelope,
    )
    if due_at := _due_at(document):
        execution.record_delay(proposal=proposal, due_at=due_at, receipt=note)
        return
    if _lacks_parts(document):
        log.record_all([note])
        return
    execution.record_outcome(
        proposal=proposal,
        outcome=document.outcome,
        code=document.code or "",
        detail=document.detail,
        left=steps.left(proposal) if len(steps.steps_of(proposal)) > 1 else 0,
        receipt=note,
    )
    if document.outcome is Outcome.DONE:
        _take_over(receipt)


def _lacks_parts(document: ReceiptDocument) -> bool:
    """Whether all that keeps a node from acting is that something has not come, which is sent again."""
    return (document.outcome, document.code) == (Outcome.REFUSED, PART_MISSING)


def _due_at(document: ReceiptDocument) -> datetime | None:
    """When the delay is over for which a node waits, if that is why it has not acted."""
    due_at = document.results.get("due_at")
    waits = document.outcome is Outcome.REFUSED and document.code == DELAYED and type(due_at) is int
    if not waits or not document.at < due_at <= document.at + LONGEST_DELAY:
        return None
    return clock.from_unix(due_at)


def _take_over(receipt: Receipt) -> None:
    """A signed receipt stands whatever it says; results that make no sense are an alarm beside it."""
    try:
        with transaction.atomic():
            confirmed.take_over(receipt)
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ObjectDoesNotExist,
        DatabaseError,
        Refused,
    ) as error:
        log.alarm(
            Event.MESSAGE_REFUSED,
            f"The results in a receipt of {receipt.node.name} cannot be understood.",
            about=log.about_proposal(receipt.proposal),
            error=type(error).__name__,
        )


def _here(receipt: Receipt) -> dict[str, str]:
    """The hash of each thing beside a receipt that is kept already, by its name."""
    taken = list(Backup.objects.filter(proposal=receipt.proposal_id).values_list("sha256", flat=True))
    pieces = _pieces(receipt)
    in_it = [*taken, *(pieces if pieces and pieces[0] in taken else ())]
    return dict(receipt.attachments.values_list("name", "sha256")) | {f"{one}.backup": one for one in in_it}


def _keep_attachments(
    receipt: Receipt, attachments: tuple[CarriedAttachment, ...], here: Mapping[str, str]
) -> dict[str, str]:
    """Keep what came beside the receipt and is not `here` yet, if the receipt states its hash.

    Returns the hash of each thing that is kept now, by its name.
    """
    stated, pieces = {text for _, text in _texts(receipt.results)}, _pieces(receipt)
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
        elif digest in here.values():
            continue
        elif backups.is_backup(attachment.name) and digest not in pieces:
            taken |= {f"{digest}.backup": digest} if _keep_backup(receipt, data) else {}
        elif attachment.name not in here:
            row = Attachment(receipt=receipt, name=attachment.name, sha256=digest, data=data)
            kept.setdefault(attachment.name, row)
    Attachment.objects.bulk_create(kept.values())
    if pieces:
        _keep_in_parts(receipt, pieces)
        return _here(receipt)
    return taken | {name: row.sha256 for name, row in kept.items()}


def _pieces(receipt: Receipt) -> list[str]:
    """The hashes of what a backup in parts comes as, index first, if the receipt states one."""
    first, parts = receipt.results.get("archive_sha256"), receipt.results.get("parts_sha256")
    if not isinstance(first, str) or not isinstance(parts, list) or not parts:
        return []
    return [first, *map(str, parts)]


def _keep_in_parts(receipt: Receipt, pieces: Sequence[str]) -> None:
    """Store a backup in parts as soon as all of it is here; until then its pieces are attachments."""
    rows = receipt.attachments.filter(sha256__in=pieces)
    if set(rows.values_list("sha256", flat=True)) == set(pieces):
        here = dict(rows.values_list("sha256", "data"))
        _keep_backup(receipt, b"".join(bytes(here[one]) for one in pieces))
        rows.delete()


def _keep_backup(receipt: Receipt, data: bytes) -> bool:
    """Store a backup; whether it held. If it does not, that is an alarm, and the node is asked again."""
    try:
        with transaction.atomic():
            backups.keep_taken(receipt, data)
            return True
    except (Refused, DomainError, OSError) as error:
        log.alarm(
            Event.MESSAGE_REFUSED,
            f"The backup beside a receipt of {receipt.node.name} cannot be kept.",
            about=log.about_proposal(receipt.proposal),
            error=str(error),
        )
        return False


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
