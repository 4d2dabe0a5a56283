"""The seats that charters ask for in one operation, and who could take them: what counting rests on."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product

from hsmnodes.node.protocol.documents.charter import Charter, Clause, Person, Rule
from hsmnodes.node.protocol.identities import Identities

Ruling = Callable[[Charter], Rule | None]
"""The rule by which a charter is asked, or None, which denies."""


def rules_for(operation: str) -> Ruling:
    """Each charter's own rule for an operation."""
    return lambda charter: charter.rule(operation)


class Seating:
    """The clauses of several charters for one operation, in order, and who is the same person.

    Each charter is asked by its rule for the operation, or by that of a `ruling`.

    `ways` are the sets of clauses, by their places in the order, of which one must be filled: one alternative
    of each charter together with one of every other. A charter that denies adds no clause to any of them.
    `numbers` say of each clause which alternative of its charter it is of, from 1.
    `related` are further charters by which persons are recognised as one.
    """

    def __init__(
        self,
        charters: Sequence[Charter],
        operation: str,
        *,
        related: Sequence[Charter] = (),
        ruling: Ruling | None = None,
    ) -> None:
        self.clauses: list[tuple[Charter, Clause]] = []
        self.numbers: list[int] = []
        places = []
        for charter in charters:
            ways = []
            rule = (ruling or rules_for(operation))(charter)
            for number, way in enumerate(rule.ways if rule is not None else (), start=1):
                self.numbers += [number] * len(way)
                first = len(self.clauses)
                self.clauses += [(charter, clause) for clause in way]
                ways.append(tuple(range(first, len(self.clauses))))
            places.append(ways or [()])
        self.ways: list[tuple[int, ...]] = [
            tuple(index for way in ways for index in way) for ways in product(*places)
        ]
        self.identities = Identities([*charters, *related])
        self.eligible = [charter.eligible(clause) for charter, clause in self.clauses]

    def places(self, charter: Charter, person: Person) -> list[int]:
        """The clauses in which `person` of `charter` could sit, by their places in the order."""
        return [
            index
            for index, (one, _) in enumerate(self.clauses)
            if one is charter and person.id in self.eligible[index]
        ]

    def wanted(
        self, way: Sequence[int], places: Mapping[str, Collection[int]]
    ) -> list[tuple[int, frozenset[str]]]:
        """For each clause of `way` how many people it wants and which of those given may sit there."""
        return [
            (self.clauses[index][1].m, frozenset([one for one, able in places.items() if index in able]))
            for index in way
        ]
