"""The timeline of a proposal: proposed, signed, sent, executing, receipt; and what is still ahead."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from hsmnodes import steps
from hsmnodes.models import Ceremony, ContributionOutcome, Receipt
from hsmnodes.node.protocol.errors import DELAYED
from tenants.models import Proposal, State
from tenants.models.proposal import NOT_AGREED


@dataclass(frozen=True)
class Moment:
    """One thing that happened, or is still ahead (`at` is None)."""

    what: str
    at: datetime | None = None
    detail: str = ""
    state: str = ""

    @property
    def ahead(self) -> bool:
        """Whether it has not happened yet."""
        return self.at is None


def story(proposal: Proposal, receipts: list[Receipt]) -> list[Moment]:
    """The timeline of `proposal`, in order."""
    return [*_past(proposal, receipts), *_ahead(proposal, receipts)]


def _past(proposal: Proposal, receipts: list[Receipt]) -> Iterator[Moment]:
    by = _("by %(name)s") % {"name": proposal.requester.name}
    if proposal.program is not None:
        drafted = _("by the program %(name)s") % {"name": proposal.program.name}
        yield Moment(_("Drafted"), proposal.created_at, drafted)
    elif proposal.state == State.DRAFT:
        yield Moment(_("Drafted"), proposal.created_at, by)
    if proposal.proposed_at and proposal.request:
        yield Moment(_("Proposed and signed"), proposal.proposed_at, by)
    for approval in proposal.approvals.select_related("person", "token"):
        yield Moment(
            _("Approved by %(name)s") % {"name": approval.person.name},
            approval.at,
            approval.token.label,
            "ok",
        )
    for rejection in proposal.rejections.select_related("person"):
        yield Moment(
            _("Rejected by %(name)s") % {"name": rejection.person.name}, rejection.at, rejection.reason, "bad"
        )
    yield from _after_signatures(proposal, receipts)


def _after_signatures(proposal: Proposal, receipts: list[Receipt]) -> Iterator[Moment]:
    if proposal.authorised_at:
        yield Moment(_("Authorised: every seat is taken"), proposal.authorised_at)
    if proposal.sent_at:
        yield Moment(_("Sent to %(node)s") % {"node": _first_node(proposal)}, proposal.sent_at)
    if ceremony := Ceremony.objects.filter(pk=proposal.pk).first():
        yield Moment(
            _("%(node)s asks custodians for %(n)d shares")
            % {"node": proposal.node_name, "n": ceremony.asked},
            ceremony.opened_at,
        )
        for given in ceremony.contributions.filter(outcome=ContributionOutcome.ACCEPTED):
            yield Moment(given.detail, given.answered_at)
    for cancellation in proposal.cancellations.select_related("person"):
        yield Moment(
            _("Cancelled by %(name)s") % {"name": cancellation.person.name},
            cancellation.at,
            cancellation.reason,
            "bad",
        )
    for receipt in receipts:
        if receipt.code == DELAYED:
            yield Moment(_("%(node)s waits out the delay") % {"node": receipt.node.name}, receipt.at)
            continue
        if receipt.code == NOT_AGREED:
            waits = _("%(node)s waits for a zone to agree") % {"node": receipt.node.name}
            yield Moment(waits, receipt.at, receipt.detail, "wait")
            continue
        yield Moment(
            _("Receipt signed by %(node)s: %(outcome)s")
            % {"node": receipt.node.name, "outcome": receipt.outcome},
            receipt.at,
            receipt.detail,
            {"done": "ok", "indeterminate": "odd"}.get(receipt.outcome, "bad"),
        )
    if proposal.state == State.DONE and not receipts:
        yield Moment(_("In force"), proposal.finished_at, "", "ok")
    if proposal.state == State.EXPIRED:
        yield Moment(_("Expired"), proposal.finished_at, proposal.detail)


def _ahead(proposal: Proposal, receipts: list[Receipt]) -> Iterator[Moment]:
    if proposal.is_final:
        return
    if proposal.state == State.DRAFT:
        yield Moment(_("Proposed: signed by its requester"))
    if proposal.state in (State.DRAFT, State.PROPOSED):
        yield Moment(_("Signed by those it needs"))
    if proposal.state == State.DELAYED:
        yield Moment(_("The delay is over"), detail=f"{proposal.due_at:%d %b %Y, %H:%M UTC}")
    if not proposal.node:
        yield Moment(_("In force"))
        return
    if proposal.state in (State.DRAFT, State.PROPOSED, State.AUTHORISED):
        yield Moment(_("Sent to %(node)s") % {"node": _first_node(proposal)})
    if proposal.state == State.EXECUTING:
        yield Moment(_("%(node)s is carrying it out") % {"node": proposal.node_name}, state="run")
    if not receipts or proposal.state == State.DELAYED:
        yield Moment(_("Checked and carried out by the HSM, with a signed receipt"))


def _first_node(proposal: Proposal) -> str:
    """The name of the node whose step is the first."""
    first, *_rest = steps.steps_of(proposal)
    return proposal.document.nodes[first.node].name
