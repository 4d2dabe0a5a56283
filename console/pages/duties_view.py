"""What the analysis of charters comes to, as people read it: a matrix, and plain answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages import wording
from console.pages.duties_recovery import of_recovery
from console.pages.rule_terms import notes
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.consistency import AMEND, RECOVER
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Clause
from tenants.analysis.deciding import Decision
from tenants.analysis.defaults import weaker_rules
from tenants.analysis.questions import Answer
from tenants.analysis.ways import Mixture, Weakness
from tenants.duties import Duties

NOT_ALLOWED = "no-rule"


class Column(NamedTuple):
    """A column of the matrix: a role or a group of one kind of authority."""

    kind: AuthorityKind
    role: str | None
    group: str | None


class Cell(NamedTuple):
    """How many must sign of those in a column, by each alternative, and who these are called."""

    m: str
    label: str


@dataclass(frozen=True)
class Standing:
    """How an operation stands, for a badge."""

    state: str
    label: str


@dataclass(frozen=True)
class Row:
    """One operation in the matrix."""

    tag: str
    title: str
    beside: str
    cells: tuple[Cell, ...]
    alone: str
    standing: Standing
    anchor: str
    weaker: str


@dataclass(frozen=True)
class Asks:
    """A clause in words: how many of whom, and their names; `or_else` if an alternative begins with it."""

    or_else: bool
    m: int
    who: str
    authority: str
    people: str
    spare: int


@dataclass(frozen=True)
class Card:
    """Operations that are decided alike, with the answers for them."""

    anchor: str
    titles: tuple[str, ...]
    beside: str
    standing: Standing
    asks: tuple[Asks, ...]
    alone: str
    sentences: tuple[str, ...]
    decision: Decision

    @cached_property
    def smallest(self) -> list[str]:
        """The smallest sets of people who could, in words; the last line says if there are more."""
        found, complete = self.decision.mixtures()
        return [*map(_mixture, found), *([] if complete else [_("and more")])]


class DutiesView:
    """The matrix and the answers, as things are or once what is asked about is lost."""

    def __init__(self, duties: Duties) -> None:
        self.duties = duties

    @cached_property
    def shown(self) -> list[Answer]:
        """The answers, in the order of the catalogue's areas."""
        areas = list(wording.AREAS)

        def place(one: Answer) -> tuple[int, str, str]:
            area = operations()[one.operation].area
            order = areas.index(area) if area in areas else len(areas)
            return order, wording.operation(one.operation), beside(one, self.duties.authority)

        return sorted(self.duties.imagined if self.duties.asked else self.duties.answers, key=place)

    @cached_property
    def columns(self) -> list[tuple[Column, str]]:
        """The columns with their headings, those of the authority itself first."""
        found = {
            _column(charter, clause) for one in self.shown for charter, clause in one.could.seating.clauses
        }
        own = self.duties.charter.authority.kind if self.duties.charter else None
        ordered = sorted(found, key=lambda one: (one.kind != own, *map(str, one)))
        return [(one, _heading(one)) for one in ordered]

    @cached_property
    def spans(self) -> list[tuple[str, int]]:
        """The authorities over the columns, and how many columns each has."""
        found: dict[AuthorityKind, int] = {}
        for kind in [column.kind for column, _heading in self.columns]:
            found[kind] = found.get(kind, 0) + 1
        return [(self._called(kind), count) for kind, count in found.items()]

    def _called(self, kind: AuthorityKind) -> str:
        """The authority of this kind by name; where there are several, the kind in words."""
        charters = self.duties.charters.values()
        names = [one.authority.name for one in charters if one.authority.kind is kind]
        return names[0] if len(names) == 1 else capfirst(wording.KINDS[kind.value])

    @cached_property
    def rows(self) -> list[Row]:
        return [
            Row(
                one.operation,
                wording.operation(one.operation),
                beside(one, self.duties.authority),
                tuple(_cell(one, column, heading) for column, heading in self.columns),
                wording.names(self._organisations(one.could.alone), last="or"),
                standing_of(one),
                self._anchors[_likeness(one)],
                wording.names(weaker_in(one), last="and"),
            )
            for one in self.shown
        ]

    @cached_property
    def cards(self) -> list[Card]:
        groups: dict[object, list[Answer]] = {}
        for one in self.shown:
            groups.setdefault(_likeness(one), []).append(one)
        return [self._card(alike) for alike in groups.values()]

    @cached_property
    def _anchors(self) -> dict[object, str]:
        found: dict[object, str] = {}
        for one in self.shown:
            found.setdefault(_likeness(one), f"answer-{len(found) + 1}")
        return found

    def _card(self, alike: Sequence[Answer]) -> Card:
        first = alike[0]
        return Card(
            self._anchors[_likeness(first)],
            tuple(wording.operation(one.operation) for one in alike),
            beside(first, self.duties.authority),
            standing_of(first),
            tuple(_asks(first)),
            self._alone(first),
            tuple(_sentences(alike)),
            first.could,
        )

    def _alone(self, one: Answer) -> str:
        """Which organisations' people could do it by themselves, and which could not."""
        if not one.could.possible:
            return ""
        ids = {organisation for human in one.could.humans for organisation in human.organisations}
        able = self._organisations(one.could.alone)
        unable = self._organisations(ids - one.could.alone)
        said = []
        if able:
            said.append(_("People of %(names)s can by themselves.") % {"names": wording.names(able)})
        if unable:
            said.append(_("People of %(names)s alone cannot.") % {"names": wording.names(unable)})
        return " ".join(said)

    def _organisations(self, ids: Collection[str]) -> list[str]:
        return [name for pk, name in self._names.items() if pk in ids]

    @cached_property
    def _names(self) -> dict[str, str]:
        """The organisations in the charters, by id, in the order of their names."""
        found = {
            person.organisation.id: person.organisation.name
            for charter in self.duties.charters.values()
            for person in charter.people
        }
        return dict(sorted(found.items(), key=lambda item: item[1]))


def standing_of(one: Answer) -> Standing:
    """Whether an operation is possible, and how many may be lost."""
    if any(problem.code == NOT_ALLOWED for problem in one.could.problems):
        return Standing("cancelled", _("Not allowed"))
    spare = one.stays.spare
    if spare < 0:
        return Standing("offline", _("Impossible"))
    if spare == 0:
        return Standing("late", _("Nobody to spare"))
    return Standing("online", ngettext("%(n)d to spare", "%(n)d to spare", spare) % {"n": spare})


def weaker_in(one: Answer) -> list[str]:
    """The authorities whose charters ask for less than the default, by name."""
    return [charter.authority.name for charter in one.charters if one.operation in weaker_rules(charter)]


def beside(one: Answer, authority: str) -> str:
    """The other authorities that consent, by name."""
    others = [charter.authority.name for charter in one.charters if charter.authority.id != authority]
    return wording.names(others, last="and")


def weak_people(one: Weakness) -> str:
    """Those of whom no more may be lost, by name."""
    return wording.few_names([human.name for human in one.humans])


def _likeness(one: Answer) -> object:
    """What is the same for operations that are decided alike."""
    clauses = tuple((charter.sha256, clause) for charter, clause in one.could.seating.clauses)
    ways = tuple(one.could.seating.ways)
    problems = tuple(one.could.problems)
    adds = one.operation in (AMEND, RECOVER) and one.operation, operations()[one.operation].gathers
    return (
        clauses,
        ways,
        tuple(notes(one.charters, one.operation)),
        problems,
        adds,
        tuple(charter.sha256 for charter in one.charters),
    )


def _column(charter: Charter, clause: Clause) -> Column:
    return Column(charter.authority.kind, clause.role.value if clause.role else None, clause.group)


def _heading(column: Column) -> str:
    if column.role is not None:
        return wording.role(column.role, 2)
    return _("group %(name)s") % {"name": column.group}


def _cell(one: Answer, column: Column, heading: str) -> Cell:
    [charter] = [found for found in one.charters if found.authority.kind is column.kind] or [None]
    rule = one.could.ruling(charter) if charter else None
    ways = rule.ways if rule else ()
    return Cell(wording.amounts(ways, (column.role, column.group)), heading)


def _asks(one: Answer) -> list[Asks]:
    found = []
    numbers = one.could.seating.numbers
    for index, (charter, clause) in enumerate(one.could.seating.clauses):
        able = [human.name for human in one.could.humans if index in human.places]
        found.append(
            Asks(
                1 < numbers[index] != numbers[index - 1],
                clause.m,
                wording.clause_holders(clause, clause.m),
                charter.authority.name,
                wording.few_names(able) or _("nobody"),
                max(0, len(able) - clause.m),
            )
        )
    return found


def _sentences(alike: Sequence[Answer]) -> list[str]:
    """What it takes, and what may be lost."""
    one = alike[0]
    if any(problem.code == NOT_ALLOWED for problem in one.could.problems):
        what = wording.names([wording.verb(other.operation) for other in alike])
        denied = [_("Nobody can %(what)s: it is denied.") % {"what": what}]
        return denied + [problem.message for problem in one.could.problems if len(one.charters) > 1]
    if not one.could.possible:
        return [problem.message for problem in one.could.problems] or [
            _("Too few people could sign for it, even if all of them did.")
        ]
    signing = one.could.needed - 1
    said = [
        ngettext(
            "No single person can: it takes %(all)d people at least, one who requests it and one who signs.",
            "No single person can: it takes %(all)d people at least, one who requests it and %(n)d who sign.",
            signing,
        )
        % {"all": one.could.needed, "n": signing}
    ]
    if one.operation == AMEND:
        said.append(_("An amendment needs the rule of the version it makes, too."))
    if one.operation == RECOVER:
        said += of_recovery(one)
    if operations()[one.operation].gathers:
        said.append(_("Custodians give their shares of the backup key besides."))
    return [*said, *notes(one.charters, one.operation), *_on_losses(one)]


def _on_losses(one: Answer) -> list[str]:
    if not one.stays.possible:
        return [_("Too few people are left to request it and sign.")]
    spare = one.stays.spare
    said = []
    if spare:
        said.append(
            ngettext(
                "One person may be lost, whoever it is.",
                "%(n)d people may be lost, whoever they are.",
                spare,
            )
            % {"n": spare}
        )
    return [*said, *map(_without, one.stays.weaknesses)]


def _without(weak: Weakness) -> str:
    if len(weak.humans) == weak.lost:
        return ngettext(
            "Without %(people)s it is impossible.", "Without all of %(people)s it is impossible.", weak.lost
        ) % {"people": weak_people(weak)}
    return ngettext(
        "Without any one of %(people)s it is impossible.",
        "Without any %(n)d of %(people)s it is impossible.",
        weak.lost,
    ) % {"n": weak.lost, "people": weak_people(weak)}


def _mixture(mixture: Mixture) -> str:
    """So many of each kind, by name: every set of people it stands for is enough, and no smaller one is."""
    parts = []
    for count, kind in mixture.parts:
        people = wording.few_names([human.name for human in kind.humans])
        many = len(kind.humans) > count
        parts.append(_("any %(n)d of %(people)s") % {"n": count, "people": people} if many else people)
    return " + ".join(parts)
