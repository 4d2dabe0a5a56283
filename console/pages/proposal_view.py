"""Everything the page of a proposal shows, put together for one viewer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from console.pages import wording
from console.pages.changes import Change, changes
from console.pages.next_steps import NextStep, next_step
from console.pages.offers import may_ask_again
from console.pages.parameters import Parameters, count_rows, put_together
from console.pages.proposal_story import Moment, story
from console.pages.results import Outcome, outcomes_of
from console.pages.rule_terms import notes
from console.pages.seating import Few, SeatRow, few, other_rows, seat_rows
from console.pages.shell import version_of
from hsmnodes import ceremonies, steps
from hsmnodes.access import visible_nodes
from hsmnodes.models import Ceremony, Node, OutboxMessage, Receipt
from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.operations.sentences import Row, render_fields
from hsmnodes.node.operations.statement.charter_texts import recovery_text
from hsmnodes.node.protocol.errors import DELAYED
from hsmnodes.node.protocol.quorum import ClauseVerdict
from tenants import access, charters, tags, verdicts
from tenants.models import CharterVersion, Person, Proposal, State, Statement
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
    ask_again: bool

    @property
    def any(self) -> bool:
        """Whether there is anything to decide."""
        return self.propose or self.approve or self.reject or self.cancel or self.send_again


@dataclass(frozen=True)
class StepLine:
    """A step that a node is to take, and how far it is; `after` are the numbers of those it waits for.

    `node` is there for who may see it: a customer sees no HSM yet on which a service is to be started.
    """

    id: str
    name: str
    what: str
    node: Node | None
    message: OutboxMessage | None
    receipt: Receipt | None
    after: str


class ProposalView:
    """A proposal as `viewer` sees it; what is costly is worked out once."""

    def __init__(self, proposal: Proposal, viewer: Person) -> None:
        self.proposal, self.viewer = proposal, viewer

    @cached_property
    def next(self) -> NextStep | None:
        """What follows on it, once it is done."""
        return next_step(self.proposal, self.viewer) if self.proposal.state == State.DONE else None

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
    def notes(self) -> list[str]:
        """What the rules demand or advise beside signatures."""
        document = self.proposal.document
        named = charters.by_hash(authority.hash for authority in document.authorities)
        if document.operation == tags.RECOVER_CHARTER:
            return [recovery_text(one.recovery) for one in named if one.sha256 == document.previous]
        return notes(named, document.operation)

    @cached_property
    def others(self) -> list[list[SeatRow]]:
        """The rows of the other alternatives."""
        return other_rows(self.proposal, self.standing)

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
        return changes(self.proposal, self.viewer)

    @cached_property
    def receipts(self) -> list[Receipt]:
        return list(self.proposal.receipts.select_related("node").order_by("id"))

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What came of it on each node, without what was refused at first and done later."""
        told = [one for one in self.receipts if one.code != DELAYED and one not in self.overtaken]
        return outcomes_of(self.proposal, told, self.viewer)

    @cached_property
    def overtaken(self) -> list[Receipt]:
        """Refusals of steps that were carried out when they were asked for again."""
        done = {one.step for one in self.receipts if one.outcome != "refused"}
        return [one for one in self.receipts if one.outcome == "refused" and one.step in done]

    @cached_property
    def story(self) -> list[Moment]:
        return story(self.proposal, self.receipts)

    @cached_property
    def steps(self) -> list[StepLine]:
        """What each node does, in order."""
        named = self.proposal.document.nodes
        planned = steps.steps_of(self.proposal)
        nodes = visible_nodes(self.viewer).in_bulk([node.id for node in named])
        messages = {one.step: one for one in self.proposal.outbox.filter(kind="warrant")}
        receipts = {receipt.step: receipt for receipt in self.receipts}
        done = {number for number, receipt in receipts.items() if receipt.outcome == "done"}
        return [
            StepLine(
                id=named[step.node].id,
                name=named[step.node].name,
                what=wording.step(self.proposal.operation, step.act),
                node=nodes.get(named[step.node].id),
                message=messages.get(number),
                receipt=receipts.get(number),
                after=wording.names([str(one + 1) for one in step.needs if one not in done], last="and"),
            )
            for number, step in enumerate(planned)
        ]

    @cached_property
    def is_begun(self) -> bool:
        """Whether a step of it is done."""
        return any(receipt.outcome == "done" for receipt in self.receipts)

    @cached_property
    def is_held_up(self) -> bool:
        """Whether people are to be offered to abandon what is left of it."""
        return steps.is_held_up(self.proposal)

    @property
    def progress(self) -> str:
        """How far a proposal over several steps is, and whom it waits for; empty if it is not such a one."""
        if len(self.steps) < 2 or not any(line.receipt for line in self.steps):
            return ""
        done = [line for line in self.steps if line.receipt and line.receipt.outcome == "done"]
        waiting = dict.fromkeys(line.name for line in self.steps if line not in done and not line.after)
        said = {"k": len(done), "n": len(self.steps), "nodes": wording.names(list(waiting), last="and")}
        if not waiting:
            return _("%(k)d of %(n)d steps are done") % said
        return _("%(k)d of %(n)d steps are done, waiting for %(nodes)s") % said

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
    def statement(self) -> Statement | None:
        """The statement that it asks to be signed."""
        if self.proposal.operation != tags.SIGN_STATEMENT:
            return None
        hash_ = self.proposal.document.parameters["statement"]
        return access.visible_statements(self.viewer).filter(hash=hash_).first()

    @cached_property
    def rights(self) -> Rights:
        proposal, viewer = self.proposal, self.viewer
        requester = proposal.requester_id == viewer.id
        ways = (self.standing.clauses, *self.standing.others)
        eligible = any(viewer.id in clause.eligible for way in ways for clause in way)
        stops = eligible or viewer.id in self._recovered
        signed = proposal.approvals.filter(person=viewer).exists()
        return Rights(
            propose=requester and proposal.state == State.DRAFT,
            approve=proposal.is_open and proposal.waiting.filter(person=viewer).exists(),
            reject=proposal.is_open and stops,
            cancel=(proposal.is_open or (proposal.is_running and not self.is_begun)) and (requester or stops),
            discard=requester and proposal.state == State.DRAFT,
            send_again=proposal.state == State.REFUSED and (requester or signed),
            ask_again=may_ask_again(proposal, viewer),
        )

    @property
    def _recovered(self) -> set[str]:
        """Of a recovery, everybody in the charter that is to be recovered: any of them stops it."""
        document = self.proposal.document
        if document.operation != tags.RECOVER_CHARTER:
            return set()
        return {one for found in charters.by_hash([document.previous or ""]) for one in found.persons}

    @property
    def signed(self) -> bool:
        """Whether the viewer has approved it."""
        return self.proposal.approvals.filter(person=self.viewer).exists()

    @property
    def missing(self) -> str:
        """Who is still needed, in words, by the alternative that lacks least or another."""
        if not self.standing.missing:
            return ""
        return wording.ways([_needed(way) for way in (self.standing.clauses, *self.standing.others)])

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


def _needed(clauses: Sequence[ClauseVerdict]) -> str:
    parts = [
        f"{one.missing} {wording.clause_holders(one.clause, one.missing)} ({one.authority.name})"
        for one in clauses
        if one.missing
    ]
    return wording.names(parts, last="and")


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
