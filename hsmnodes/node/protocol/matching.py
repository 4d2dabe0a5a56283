"""Seats and people: the largest number of seats that can be filled when one person sits only once."""

from collections.abc import Sequence


def seat(people: Sequence[str], clauses: Sequence[tuple[int, frozenset[str]]]) -> list[list[str]]:
    """Seat `people` at `clauses`, each (M, those eligible), filling as many seats as possible.

    A maximum bipartite matching by augmenting paths; earlier people keep a seat if they can have one.
    Returns for each clause those who sit there, at most M, in the order of `people`.
    """
    seated: dict[str, int] = {}
    taken = [0] * len(clauses)
    for person in people:
        if person not in seated:
            _place(person, clauses, seated, taken, visited=set())
    return [[person for person in people if seated.get(person) == index] for index in range(len(clauses))]


def _place(
    person: str,
    clauses: Sequence[tuple[int, frozenset[str]]],
    seated: dict[str, int],
    taken: list[int],
    *,
    visited: set[int],
) -> bool:
    for index, (wanted, eligible) in enumerate(clauses):
        if index in visited or person not in eligible:
            continue
        visited.add(index)
        if taken[index] < wanted:
            taken[index] += 1
            seated[person] = index
            return True
        for other in [one for one, place in seated.items() if place == index]:
            if _place(other, clauses, seated, taken, visited=visited):
                seated[person] = index
                return True
    return False
