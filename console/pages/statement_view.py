"""A statement as its page and its print show it: what it says, where it stands, who signed it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.translation import gettext as _

from hsmnodes.node.operations.statement import reading
from hsmnodes.node.operations.statement.charter_texts import recovery_text, token_facts
from hsmnodes.node.operations.statement.differences import Difference, differences
from hsmnodes.node.operations.statement.texts import EXCLUDED, MODES, RECOVERED, role
from hsmnodes.node.protocol import documents
from hsmnodes.node.protocol.documents import Role
from hsmnodes.node.protocol.documents.statement import SIDES, Side, StatedCharter, StatedPerson
from tenants import statements
from tenants.models import OPEN_STATES, Proposal, SignedStatement, State, Statement

SIGNED, REPLACED, PROPOSED, DRAWN_UP = "in-force", "superseded", "proposed", "draft"
LABELS = {
    SIGNED: _("Signed by both sides"),
    REPLACED: _("Replaced by a later one"),
    PROPOSED: _("Waiting for signatures"),
    DRAWN_UP: _("Drawn up, not signed"),
}


@dataclass(frozen=True)
class Signature:
    """Who signed for which side, with which token and when the console took it."""

    name: str
    organisation: str
    token: str
    simulated: bool
    at: datetime


@dataclass(frozen=True)
class Zone:
    """A Trust Zone with who controls it, who manages its keys and who holds shares of its backup key."""

    stated: StatedCharter
    controller: str
    managers: Sequence[StatedPerson]
    custodians: Sequence[StatedPerson]


@dataclass(frozen=True)
class Reached:
    """The holders of a role on a side, wherever they hold it, and how they are reached."""

    role: str
    places: Sequence[reading.Holder]
    reach: str


class StatementText:
    """What a statement says, in the order in which it is read."""

    def __init__(self, document: documents.Statement) -> None:
        self.document = document

    @cached_property
    def chapters(self) -> list[tuple[reading.Chapter, Zone | None]]:
        """The duties, with what is to be known of the zone they are in."""
        return [(one, _zone(one.zone) if one.zone else None) for one in reading.chapters(self.document)]

    @cached_property
    def weaker(self) -> list[tuple[str, reading.Duty]]:
        """Every duty with a rule that asks for less than the default, and its chapter."""
        return [(chapter.title, duty) for chapter, duty in reading.weaker_duties(self.document)]

    @property
    def mode(self) -> str:
        """The service model in words."""
        return MODES[self.document.service.mode]

    @property
    def exclusions(self) -> list[str]:
        """What is kept apart."""
        return [EXCLUDED[one] for one in self.document.exclusions]

    @property
    def recovery(self) -> list[str]:
        """What holds when something is lost."""
        return [RECOVERED[one] for one in self.document.recovery]

    @property
    def charters(self) -> list[tuple[StatedCharter, Collection[tuple[str, str]], str]]:
        """Each charter, with what it says of tokens and how it is recovered below its quorum."""
        return [
            (one, token_facts(one.token_rules).values(), recovery_text(one.recovery))
            for one in self.document.charters
        ]

    @cached_property
    def sides(self) -> list[tuple[Side, str, list[Reached]]]:
        """Each side by name, with who holds which role there."""
        held = reading.holders(self.document)
        reach = {(one.side, one.role): one.reach for one in self.document.contacts}
        names = {"provider": self.document.provider, "customer": self.document.customer}
        return [
            (
                side,
                names[side].authority.name,
                [
                    Reached(
                        role(one).capitalize() if one != Role.HSM_ADMINISTRATOR else role(one),
                        found,
                        reach.get((side, one), ""),
                    )
                    for one in Role
                    if (found := [place for place in held if (place.side, place.role) == (side, one)])
                ],
            )
            for side in SIDES
        ]

    @property
    def groups(self) -> list[tuple[str, str, str]]:
        """Every group that rules may ask for: where, its name, who is in it."""
        return [
            (charter.authority.name, group.name, ", ".join(_names(charter, group.people)))
            for charter in self.document.charters
            for group in charter.groups
        ]


class StatementView(StatementText):
    """A statement that is kept here."""

    def __init__(self, statement: Statement, last: SignedStatement | None) -> None:
        super().__init__(statement.document)
        self.statement, self.last = statement, last

    @cached_property
    def signed(self) -> SignedStatement | None:
        """That it was signed, if it was."""
        found = SignedStatement.objects.filter(statement=self.statement).select_related("proposal__requester")
        return found.first()

    @cached_property
    def proposals(self) -> list[Proposal]:
        """The proposals to sign it."""
        return statements.proposals_to_sign(self.statement)

    @property
    def state(self) -> str:
        """Where it stands."""
        if self.signed is not None:
            return SIGNED if self.last is None or self.last.pk == self.statement.pk else REPLACED
        return PROPOSED if any(one.state in OPEN_STATES for one in self.proposals) else DRAWN_UP

    @property
    def label(self) -> str:
        """Where it stands, in words."""
        return LABELS[self.state]

    @property
    def can_still_be_signed(self) -> bool:
        """Whether it is of the next number: not signed, and no other was signed since."""
        number = self.last.version if self.last else 0
        return self.signed is None and self.statement.version == number + 1

    @cached_property
    def signatures(self) -> list[tuple[Side, str, list[Signature]]]:
        """Who signed for each side."""
        if self.signed is None:
            return []
        approvals = self.signed.proposal.approvals.select_related("person__organisation", "token").order_by(
            "id"
        )
        found = [
            Signature(
                one.person.name, one.person.organisation.id, one.token.label, one.token.simulated, one.at
            )
            for one in approvals
        ]
        return [
            (side, name, [one for one in found if one.organisation == charter.authority.id])
            for side, charter in (("provider", self.document.provider), ("customer", self.document.customer))
            for name in [charter.authority.name]
        ]

    @cached_property
    def changes(self) -> list[Difference]:
        """What is different from the statement that was signed before it."""
        before = Statement.objects.filter(hash=self.document.previous or "").first()
        return differences(before.document, self.document) if before else []

    @property
    def is_final(self) -> bool:
        """Whether nothing can come of it any more."""
        return self.state == REPLACED or (self.state == DRAWN_UP and not self.can_still_be_signed)

    @property
    def open_proposal(self) -> Proposal | None:
        """The proposal to sign it that is open."""
        return next((one for one in self.proposals if one.state in (State.DRAFT, State.PROPOSED)), None)


def _zone(stated: StatedCharter) -> Zone:
    return Zone(stated, reading.controller(stated), reading.managers(stated), reading.custodians(stated))


def _names(charter: StatedCharter, people: Sequence[str]) -> list[str]:
    return sorted(one.name for one in charter.people if one.id in people)
