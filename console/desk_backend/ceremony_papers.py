"""What a custodian's desk needs to judge by itself whether a share may go to the node that asks for it."""

from hsmnodes import dispatch
from hsmnodes.models import Attachment, Ceremony, HeldShare
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Contribution
from hsmnodes.transcripts import charters_behind
from tenants.models import DeskPurpose, DeskTicket


def ceremony_papers(ticket: DeskTicket) -> dict[str, object] | None:
    """The node's question, its warrant, how the node was enrolled, all charters, and the sealed share.

    None where no share is to be given. What the console has not got is empty; the desk then refuses.
    """
    if ticket.purpose != DeskPurpose.CONTRIBUTE or ticket.proposal is None:
        return None
    given = Contribution.from_bytes(bytes(ticket.document))
    ceremony = Ceremony.objects.select_related("node", "proposal").get(pk=ticket.proposal.pk)
    enrolment = dispatch.enrolment_of(ceremony.node_id)
    return {
        "question": canonical.b64u(bytes(ceremony.envelope)),
        "warrant": canonical.b64u(bytes(ceremony.proposal.warrant)),
        "enrolment": canonical.b64u(bytes(enrolment.warrant)) if enrolment else "",
        "charters": charters_behind(ceremony),
        "box": canonical.b64u(_box(given)),
    }


def _box(given: Contribution) -> bytes:
    """The sealed share of the person, as the receipt of the split brought it."""
    held = (
        HeldShare.objects.filter(
            share_set__zone=given.zone.id,
            share_set__number=given.share_set,
            share_set__epoch=given.epoch,
            index=given.index,
        )
        .select_related("share_set")
        .first()
    )
    if held is None:
        return b""
    box = Attachment.objects.filter(
        receipt__proposal=held.share_set.proposal_id, sha256=held.sealed_sha256
    ).first()
    return bytes(box.data) if box else b""
