"""“What if”: who and which tokens could be lost, what it would cost, and what is asked about."""

from dataclasses import dataclass
from functools import cached_property

from django.http import QueryDict

from console.pages import wording
from console.pages.duties_recovery import way_back
from console.pages.duties_view import beside
from hsmnodes.node.protocol.documents import Person
from tenants.analysis.questions import Answer
from tenants.duties import Asked, Duties, Held

MOST_ASKED = 1000


@dataclass(frozen=True)
class TokenChoice:
    """A token that could be lost."""

    held: Held
    chosen: bool


@dataclass(frozen=True)
class PersonChoice:
    """Somebody who could be lost, and how many operations would become impossible."""

    person: Person
    chosen: bool
    cost: int
    tokens: tuple[TokenChoice, ...]


@dataclass(frozen=True)
class Lost:
    """An operation whose standing changes, and beside whom it is decided."""

    title: str
    beside: str


def asked_in(query: QueryDict) -> Asked:
    """What the address asks about: `person` and `token`, each as often as wanted."""
    return Asked(
        frozenset(query.getlist("person")[:MOST_ASKED]), frozenset(query.getlist("token")[:MOST_ASKED])
    )


class WhatIf:
    """The panel: choices, and what becomes of operations by those that are chosen."""

    def __init__(self, duties: Duties) -> None:
        self.duties = duties

    @property
    def asked(self) -> bool:
        """Whether anything is asked about."""
        return bool(self.duties.asked)

    @cached_property
    def people(self) -> list[PersonChoice]:
        """Everyone in the charters; those whose loss costs most first."""
        asked, tokens = self.duties.asked, self.duties.tokens
        found = [
            PersonChoice(
                person,
                pk in asked.people,
                self._costs.get(pk, 0),
                tuple(
                    TokenChoice(held, held.is_among(asked.tokens))
                    for held in tokens
                    if held.person.id == pk and held.stored is not None
                ),
            )
            for pk, person in self.duties.people.items()
        ]
        return sorted(found, key=lambda one: (-one.cost, one.person.organisation.name, one.person.name))

    @property
    def named(self) -> str:
        """What is asked about, in words."""
        people = sorted(self.duties.people[one].name for one in self.duties.asked.people)
        tokens = sorted(
            f"{one.token.label} ({one.person.name})"
            for one in self.duties.tokens
            if one.is_among(self.duties.asked.tokens)
        )
        return wording.few_names([*people, *tokens])

    @cached_property
    def impossible(self) -> list[Lost]:
        """The operations that would become impossible."""
        return [self._lost(before) for before, after in self._both if _breaks(before, after)]

    @cached_property
    def tight(self) -> list[Lost]:
        """Those that would have nobody left to spare."""
        return [
            self._lost(before)
            for before, after in self._both
            if before.stays.spare > 0 and after.stays.spare == 0
        ]

    @cached_property
    def way_back(self) -> str:
        """What is left where nobody could amend the charter any more; else nothing."""
        return way_back(self.duties)

    @cached_property
    def kept(self) -> int:
        """How many operations stay possible."""
        return sum(after.stays.possible for _, after in self._both)

    @cached_property
    def _both(self) -> list[tuple[Answer, Answer]]:
        return list(zip(self.duties.answers, self.duties.imagined, strict=True))

    @cached_property
    def _costs(self) -> dict[str, int]:
        """For each person how many operations their loss alone makes impossible."""
        found: dict[str, int] = {}
        for one in self.duties.answers:
            weak = {
                human for weakness in one.stays.weaknesses if weakness.lost == 1 for human in weakness.humans
            }
            for pk in {person.id for human in weak for person in human.people}:
                found[pk] = found.get(pk, 0) + 1
        return found

    def _lost(self, one: Answer) -> Lost:
        return Lost(wording.operation(one.operation), beside(one, self.duties.authority))


def _breaks(before: Answer, after: Answer) -> bool:
    return before.stays.possible and not after.stays.possible
