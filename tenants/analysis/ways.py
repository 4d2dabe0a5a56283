"""What it takes to fill one set of seats: by whom, by whom alone, and how many may be lost.

Everything rests on one fact: an operation is authorised if each seat of the clauses of an alternative can
be filled with another human, and one more is left to request it (`evaluate()` counts no requester). So the
request is one more seat, and each answer is a question about filling seats. People who can sit in the same
places and belong to the same organisations are interchangeable, which keeps the answers exact and quick.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, prod

from hsmnodes.node.protocol.matching import seat
from hsmnodes.node.protocol.seating import Seating
from tenants.analysis.humans import Human


@dataclass(frozen=True)
class Kind:
    """Humans who are interchangeable for an operation."""

    places: frozenset[int]
    requests: bool
    organisations: frozenset[str]
    humans: tuple[Human, ...]


@dataclass(frozen=True)
class Mixture:
    """One way to be enough: so many of each kind, any of them."""

    parts: tuple[tuple[int, Kind], ...]

    @property
    def sets(self) -> int:
        """How many different sets of people this comes to."""
        return prod(comb(len(kind.humans), count) for count, kind in self.parts)


@dataclass(frozen=True)
class Weakness:
    """Humans of whom any `lost` leave too few, and the clauses that ask for them, by their places.

    Where `requests`, they are also all who could request.
    """

    lost: int
    humans: tuple[Human, ...]
    clauses: frozenset[int]
    requests: bool


def kinds_of(humans: Iterable[Human], clauses: Sequence[int]) -> list[Kind]:
    """Those who could do anything in these clauses, or request, grouped by what they are to it."""
    found: dict[tuple[frozenset[int], bool, frozenset[str]], list[Human]] = {}
    for human in humans:
        places = human.places.intersection(clauses)
        if places or human.requests:
            found.setdefault((places, human.requests, human.organisations), []).append(human)
    return [Kind(*what, tuple(those)) for what, those in found.items()]


class Way:
    """One alternative: `clauses`, by their places in the order of `seating`, to be filled from `humans`."""

    def __init__(self, seating: Seating, clauses: Sequence[int], humans: Sequence[Human]) -> None:
        self.seating, self.clauses, self.humans = seating, tuple(clauses), humans

    @cached_property
    def needed(self) -> int:
        """How many people it takes at least: those in the seats, and one who requests."""
        return sum(self.seating.clauses[index][1].m for index in self.clauses) + 1

    @cached_property
    def possible(self) -> bool:
        """Whether everyone together could fill it."""
        return self.fill(self.humans)

    @cached_property
    def kinds(self) -> list[Kind]:
        """Everyone who could do anything for it, grouped by what they are to it."""
        return kinds_of(self.humans, self.clauses)

    @cached_property
    def spare(self) -> int:
        """How many people may be lost, whoever they are, so that it stays possible; -1 if it is not.

        By Hall's theorem any t may be lost just if each clause by itself could have t seats more.
        """
        if not self.possible:
            return -1
        return min(spare for spare, _ in self._slack)

    @cached_property
    def weaknesses(self) -> list[Weakness]:
        """Of whom one more must not be lost: each smallest loss that is too great is in one of them."""
        if not self.possible:
            return []
        asking = len(self.clauses)
        return [
            Weakness(
                self.spare + 1,
                tuple(human for human in self.humans if self._sits(human, tight)),
                frozenset(self.clauses[place] for place in tight if place != asking),
                asking in tight,
            )
            for tight in dict.fromkeys(tight for spare, tight in self._slack if spare == self.spare)
        ]

    def mixtures(self) -> Iterator[Mixture]:
        """The smallest sets of people who could fill it, as mixtures."""
        return self._mixtures((), 0) if self.possible else iter(())

    def fill(self, humans: Iterable[Human]) -> bool:
        """Whether these humans could fill every seat."""
        seated = seat([human.identity for human in humans], self._seats)
        return sum(map(len, seated)) == self.needed

    @cached_property
    def _seats(self) -> list[tuple[int, frozenset[str]]]:
        """How many each clause wants and who may sit there; the last is the request."""
        places = {human.identity: human.places for human in self.humans}
        asking = frozenset(human.identity for human in self.humans if human.requests)
        return [*self.seating.wanted(self.clauses, places), (1, asking)]

    def _sits(self, human: Human, seats: frozenset[int]) -> bool:
        """Whether the human could sit in one of these seats; the last of all is the request."""
        return any(human.identity in self._seats[place][1] for place in seats)

    @cached_property
    def _slack(self) -> list[tuple[int, frozenset[int]]]:
        """For each clause how many more seats of it could be filled, and the clauses that set the limit.

        With a clause asking for everyone, the limit is set by the clauses from which no chain of moves leads
        to somebody who has no seat.
        """
        everyone = [human.identity for human in self.humans]
        found = []
        for index, (_, eligible) in enumerate(self._seats):
            wanted = [*self._seats]
            wanted[index] = (len(everyone), eligible)
            seated = seat(everyone, wanted)
            found.append((sum(map(len, seated)) - self.needed, self._without_way_out(seated)))
        return found

    def _without_way_out(self, seated: list[list[str]]) -> frozenset[int]:
        at = {identity: index for index, taken in enumerate(seated) for identity in taken}
        to = [{at.get(identity, -1) for identity in eligible} for _, eligible in self._seats]
        out, grown = {-1}, True
        while grown:
            more = {index for index, moves in enumerate(to) if moves & out} - out
            grown = bool(more)
            out |= more
        return frozenset(range(len(self._seats))) - out

    def _mixtures(self, chosen: tuple[int, ...], count: int) -> Iterator[Mixture]:
        """Every mixture that begins with so many of the first kinds as `chosen` says, `count` in all."""
        if count == self.needed:
            parts = zip(chosen, self.kinds, strict=False)
            yield Mixture(tuple((number, kind) for number, kind in parts if number))
            return
        kind = self.kinds[len(chosen)]
        for number in range(min(len(kind.humans), self.needed - count), -1, -1):
            if self._leads_on((*chosen, number)):
                yield from self._mixtures((*chosen, number), count + number)

    def _leads_on(self, chosen: tuple[int, ...]) -> bool:
        """Whether these can all have seats at once, and the kinds after them fill those that are left."""
        people = [
            human.identity
            for number, kind in zip(chosen, self.kinds, strict=False)
            for human in kind.humans[:number]
        ]
        others = [
            human.identity for kind in self.kinds[len(chosen) :] for human in kind.humans[: self.needed]
        ]
        seated = {one for taken in seat([*people, *others], self._seats) for one in taken}
        return len(seated) == self.needed and seated.issuperset(people)
