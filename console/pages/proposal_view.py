"""Everything the page of a proposal shows, put together for one viewer."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from console.pages import wording
from console.pages.changes import Change, changes
from console.pages.parameters import Parameters, count_rows, put_together
from console.pages.proposal_story import Moment, story
from console.pages.results import Outcome, outcomes_of
from console.pages.seating import Few, SeatRow, few, seat_rows
from console.pages.shell import version_of
from hsmnodes import ceremonies
from hsmnodes.models import Ceremony, Node, OutboxMessage, Receipt
from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.operations.sentences import Row, render_fields
from tenants import access, verdicts
from tenants.models import CharterVersion, Person, Proposal, State
from tenants.verdicts import Standing


@dataclass(frozen=True)
class Rights:
    """What the viewer can do with the proposal now."""

    propose: bool
    approve: bool
    reject: bool
    cancel: bool
    discard: bool
    send_again: bool

    @property
    def any(self) -> bool:
        """Whether there is anything to decide."""
        return self.propose or self.approve or self.reject or self.cancel or self.send_again


@dataclass(frozen=True)
class Step:
    """A node that is to act, and how far it is."""

    id: str
    name: str
    identity: str
    node: Node | None
    message: OutboxMessage | None
    receipt: Receipt | None


class ProposalView:
    """A proposal as `viewer` sees it; what is costly is worked out once."""

    def __init__(self, proposal: Proposal, viewer: Person) -> None:
        self.proposal, self.viewer = proposal, viewer

    @cached_property
    def operation(self) -> Operation[Any]:
        return operation(self.proposal.operation)

    @cached_property
    def standing(self) -> Standing:
        return verdicts.standing_of(self.proposal)

    @cached_property
    def rows(self) -> list[SeatRow]:
        return seat_rows(self.proposal, self.standing, self.viewer)

    @cached_property
    def few(self) -> list[Few]:
        return few(self.proposal)

    @cached_property
    def fields(self) -> list[Row]:
        """The parameters, as everyone reads them before signing."""
        return render_fields(self.proposal.document)[: self._parameters]

    @cached_property
    def parameters(self) -> Parameters:
        """The same, with the items of a list put together."""
        return put_together(self.fields)

    @cached_property
    def envelope(self) -> list[Row]:
        """What stands around the parameters."""
        return render_fields(self.proposal.document)[self._parameters :]

    @property
    def text(self) -> str:
        """The exact bytes as text."""
        return bytes(self.proposal.raw).decode()

    @cached_property
    def changes(self) -> list[Change]:
        return changes(self.proposal)

    @cached_property
    def receipts(self) -> list[Receipt]:
        return list(self.proposal.receipts.select_related("node").order_by("id"))

    @cached_property
    def outcomes(self) -> list[Outcome]:
        return outcomes_of(self.proposal, self.receipts, self.viewer)

    @cached_property
    def story(self) -> list[Moment]:
        return story(self.proposal, self.receipts)

    @cached_property
    def steps(self) -> list[Step]:
        """The nodes in the order in which they act."""
        found = self.proposal.document.nodes
        nodes = Node.objects.in_bulk([node.id for node in found])
        messages = {one.node_id: one for one in self.proposal.outbox.filter(kind="warrant")}
        receipts = {receipt.node_id: receipt for receipt in self.receipts}
        return [
            Step(
                node.id,
                node.name,
                node.identity,
                nodes.get(node.id),
                messages.get(node.id),
                receipts.get(node.id),
            )
            for node in found
        ]

    @cached_property
    def ceremony(self) -> Ceremony | None:
        """The ceremony at which shares are gathered for it, if there is one."""
        return Ceremony.objects.select_related("proposal").filter(pk=self.proposal.pk).first()

    @property
    def share_wanted(self) -> bool:
        """Whether the viewer's own share is asked for."""
        return self.ceremony is not None and ceremonies.may_contribute(self.ceremony, self.viewer) is not None

    @cached_property
    def documents(self) -> list[CharterVersion]:
        """Charters whose hash stands in the parameters, to be read before signing."""
        hashes = [value for value in self.proposal.document.parameters.values() if isinstance(value, str)]
        return list(access.visible_charters(self.viewer).filter(hash__in=hashes))

    @cached_property
    def rights(self) -> Rights:
        proposal, viewer = self.proposal, self.viewer
        requester = proposal.requester_id == viewer.id
        eligible = any(viewer.id in clause.eligible for clause in self.standing.clauses)
        signed = proposal.approvals.filter(person=viewer).exists()
        return Rights(
            propose=requester and proposal.state == State.DRAFT,
            approve=proposal.is_open and proposal.waiting.filter(person=viewer).exists(),
            reject=proposal.is_open and eligible,
            cancel=(proposal.is_open or proposal.is_running) and (requester or eligible),
            discard=requester and proposal.state == State.DRAFT,
            send_again=proposal.state == State.REFUSED and (requester or signed),
        )

    @property
    def signed(self) -> bool:
        """Whether the viewer has approved it."""
        return self.proposal.approvals.filter(person=self.viewer).exists()

    @property
    def missing(self) -> str:
        """Who is still needed, in words."""
        parts = [
            f"{one.missing} {wording.clause_holders(one.clause, one.missing)} ({one.authority.name})"
            for one in self.standing.clauses
            if one.missing
        ]
        return wording.names(parts, last="and")

    @property
    def version(self) -> str:
        """The mark of what is shown now."""
        return version(self.proposal)

    @property
    def moves(self) -> bool:
        """Whether the page should keep asking for news."""
        return not self.proposal.is_final or self.proposal.state in (State.REFUSED, State.INDETERMINATE)

    @property
    def _parameters(self) -> int:
        return count_rows(self.operation, self.proposal.document.parameters)


def view_of(proposal: Proposal, viewer: Person) -> ProposalView:
    """The page of `proposal` for `viewer`."""
    return ProposalView(proposal, viewer)


def version(proposal: Proposal) -> str:
    """Changes whenever the page would say something else."""
    nodes = Node.objects.filter(pk=proposal.node)
    return version_of(
        proposal.state,
        proposal.seats_filled,
        proposal.finished_at,
        proposal.cancellations.count(),
        list(proposal.receipts.values_list("hash", flat=True)),
        [node.status for node in nodes],
        Ceremony.objects.filter(pk=proposal.pk).exists(),
    )
