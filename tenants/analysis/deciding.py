"""What it takes to have one operation authorised, by any alternative of its rules.

With one alternative, each answer is that of its seats (tenants/analysis/ways.py). With several, one that can
be filled is enough, so a loss is too great only if it leaves none: such losses are looked for by their size.
Where that would take too long, what is said is less than is so: more may be lost than it says, never fewer.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, combinations, islice, product

from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents import Charter
from hsmnodes.node.protocol.problems import Problem, rule_problems, validity_problems
from hsmnodes.node.protocol.recovery import ruling_of, side_problems
from hsmnodes.node.protocol.seating import Seating, rules_for
from tenants.analysis.humans import NOTHING, Human, Loss, Requests, anyone, humans_of
from tenants.analysis.ways import Kind, Mixture, Way, Weakness, kinds_of

MOST_MIXTURES = 12
MOST_LOSSES = 2000
MOST_WEAKNESSES = 100


class Decision:
    """How an operation is decided under charters at `now` (Unix seconds), once `lost` is lost.

    `floor` is how many people it asks of each authority at least. `requests` says who can request. Of a
    recovery the first of `charters` is that which is recovered, and the others are the other sides.
    """

    def __init__(
        self,
        charters: Sequence[Charter],
        operation: str,
        *,
        floor: int,
        now: int,
        requests: Requests = anyone,
        lost: Loss = NOTHING,
    ) -> None:
        self.charters, self.operation = tuple(charters), operation
        recovered = self.charters[0] if operation == RECOVER else None
        self.ruling = ruling_of(recovered) if recovered else rules_for(operation)
        self.seating = Seating(charters, operation, ruling=self.ruling)
        self.humans = humans_of(charters, self.seating, requests=requests, lost=lost)
        self.ways = [Way(self.seating, way, self.humans) for way in self.seating.ways]
        if recovered:
            first = rule_problems([recovered], self.ruling, floor)
            self.problems: list[Problem] = [*first, *side_problems(self.charters[1:])]
        else:
            self.problems = [
                *rule_problems(charters, self.ruling, floor),
                *validity_problems(charters, operation, now),
            ]

    @cached_property
    def needed(self) -> int:
        """How many people it takes at least: those in the seats, and one who requests."""
        return min(way.needed for way in self._open or self.ways)

    @cached_property
    def possible(self) -> bool:
        """Whether everyone together could perform it."""
        return not self.problems and bool(self._open)

    @cached_property
    def alone(self) -> frozenset[str]:
        """The ids of the organisations whose people could perform it without anybody else."""
        if not self.possible:
            return frozenset()
        organisations = {one for human in self.humans for one in human.organisations}
        return frozenset(
            one
            for one in organisations
            if self._fill([human for human in self.humans if one in human.organisations])
        )

    @cached_property
    def spare(self) -> int:
        """How many people may be lost, whoever they are, so that it stays possible; -1 if it is not."""
        if not self.possible:
            return -1
        if self._fatal:
            return sum(count for count, _ in self._fatal[0]) - 1
        return max(way.spare for way in self._open)

    @cached_property
    def weaknesses(self) -> list[Weakness]:
        """Of whom one more must not be lost: each smallest loss that is too great is in one of them.

        With several alternatives there are at most MOST_WEAKNESSES, and none where it would take too long.
        """
        if not self.possible:
            return []
        if len(self._open) == 1:
            return self._open[0].weaknesses
        return list(islice(chain.from_iterable(map(self._weaknesses, self._fatal)), MOST_WEAKNESSES))

    def mixtures(self, most: int = MOST_MIXTURES) -> tuple[list[Mixture], bool]:
        """The smallest sets of people who could perform it, as mixtures; and whether these are all.

        With several alternatives, the smallest for each that takes no more people than another needs.
        """
        if not self.possible:
            return [], True
        found = list(islice(self._smallest(), most + 1))
        return found[:most], len(found) <= most

    # -------------------------------------------------------------- several alternatives

    @cached_property
    def _open(self) -> list[Way]:
        """The alternatives that everyone together could fill."""
        return [way for way in self.ways if way.possible]

    def _fill(self, humans: Sequence[Human]) -> bool:
        """Whether these humans could fill every seat of an alternative."""
        return any(way.fill(humans) for way in self._open)

    def _smallest(self) -> Iterator[Mixture]:
        """The mixtures of every alternative, those that take fewest people first, each once."""
        seen = set()
        for way in sorted(self._open, key=lambda one: one.needed):
            for mixture in way.mixtures():
                said = frozenset((count, kind.humans) for count, kind in mixture.parts)
                if said not in seen:
                    seen.add(said)
                    yield mixture

    @cached_property
    def _fatal(self) -> list[tuple[tuple[int, Kind], ...]]:
        """The smallest losses that leave no alternative, as so many of each kind; none if not looked for.

        They are looked for from the size on that the alternative with most to spare bears.
        """
        if len(self._open) < 2:
            return []
        kinds = kinds_of(self.humans, range(len(self.seating.clauses)))
        tried = 0
        for size in range(max(way.spare for way in self._open) + 1, len(self.humans) + 1):
            found = []
            for loss in _losses(kinds, size):
                tried += 1
                if tried > MOST_LOSSES:
                    return []
                gone = {human.identity for count, kind in loss for human in kind.humans[:count]}
                if not self._fill([human for human in self.humans if human.identity not in gone]):
                    found.append(loss)
            if found:
                return found
        return []

    def _weaknesses(self, loss: tuple[tuple[int, Kind], ...]) -> Iterator[Weakness]:
        """A loss of so many of each kind, put as people of whom no more must be lost."""
        size = sum(count for count, _ in loss)
        if len(loss) == 1:
            yield _weakness(size, loss[0][1].humans)
            return
        for chosen in product(*(combinations(kind.humans, count) for count, kind in loss)):
            yield _weakness(size, tuple(chain.from_iterable(chosen)))


def _weakness(lost: int, humans: tuple[Human, ...]) -> Weakness:
    places = frozenset(place for human in humans for place in human.places)
    return Weakness(lost, humans, places, all(human.requests for human in humans))


def _losses(kinds: Sequence[Kind], size: int) -> Iterator[tuple[tuple[int, Kind], ...]]:
    """Every way to lose `size` people of these kinds, as so many of each."""
    if size == 0:
        yield ()
    elif kinds:
        first, rest = kinds[0], kinds[1:]
        for count in range(min(size, len(first.humans)) + 1):
            part = ((count, first),) if count else ()
            for others in _losses(rest, size - count):
                yield (*part, *others)
