"""Seats and people: the largest number of seats that can be filled when one person sits only once."""

from bisect import insort
from collections.abc import Sequence


def seat(people: Sequence[str], clauses: Sequence[tuple[int, frozenset[str]]]) -> list[list[str]]:
    """Seat `people` at `clauses`, each (M, those eligible), filling as many seats as possible.

    A maximum bipartite matching by augmenting paths; earlier people keep a seat if they can have one.
    Returns for each clause those who sit there, at most M, in the order of `people`.
    """
    if len(clauses) == 1:  # nobody has to move on for anybody
        [(wanted, eligible)] = clauses
        return [[one for one in dict.fromkeys(people) if one in eligible][:wanted]]
    table = _Table(list(dict.fromkeys(people)), clauses)
    return [[table.people[one] for one in seated] for seated in table.seated]


class _Table:
    """Who sits where: people by their place in the order, the clauses open to each as bits of an integer."""

    def __init__(self, people: list[str], clauses: Sequence[tuple[int, frozenset[str]]]) -> None:
        self.people = people
        self.seated: list[list[int]] = [[] for _ in clauses]
        self._wanted = [wanted for wanted, _ in clauses]
        self._open = [0] * len(people)
        for index, (_, eligible) in enumerate(clauses):
            for one, person in enumerate(people):
                if person in eligible:
                    self._open[one] |= 1 << index
        # Once nobody could be moved on from some clauses, nobody ever can: they are not looked at again.
        self._visited = dead = 0
        for one in range(len(people)):
            self._visited = dead
            if not self._place(one):
                dead = self._visited

    def _place(self, one: int) -> bool:
        while left := self._open[one] & ~self._visited:
            bit = left & -left
            self._visited |= bit
            index = bit.bit_length() - 1
            if len(self.seated[index]) < self._wanted[index] or self._move_on(index):
                insort(self.seated[index], one)
                return True
        return False

    def _move_on(self, index: int) -> bool:
        """Have somebody who sits at this clause take another seat."""
        for other in self.seated[index]:
            if self._place(other):
                self.seated[index].remove(other)
                return True
        return False
