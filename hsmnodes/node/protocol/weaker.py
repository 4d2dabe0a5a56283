"""Whether a rule is weaker than the default: whether people could satisfy it who could not satisfy that."""

from collections.abc import Callable, Sequence

from hsmnodes.node.protocol.documents.base import LONGEST_LIFETIME
from hsmnodes.node.protocol.documents.charter import Charter, Clause, Rule
from hsmnodes.node.protocol.matching import seat

Within = Callable[[Clause, Clause], bool]


def is_weaker(rule: Rule, default: Rule | None, within: Within) -> bool:
    """Whether `rule` asks for less than `default`; one that denies, or has no default, does not.

    It asks for as much if it demands as much beside signatures, and each of its alternatives asks for as much
    as one of the default does. `within` says of two clauses whether all whom the first asks for are asked for
    by the second.
    """
    if default is None or not rule.ways:
        return False
    as_much = (any(_asks_for_as_much(way, usual, within) for usual in default.ways) for way in rule.ways)
    return demands_less(rule, default) or not all(as_much)


def is_weaker_in(charter: Charter, rule: Rule, default: Rule | None) -> bool:
    """Whether `rule` asks for less than `default` of the people of a charter."""
    return is_weaker(rule, default, lambda clause, asked: charter.eligible(clause) <= charter.eligible(asked))


def demands_less(rule: Rule, default: Rule) -> bool:
    """Whether `rule` demands less than `default` beside signatures: delay, lifetime, custodians apart."""
    return (
        (rule.delay or 0) < (default.delay or 0)
        or (rule.lifetime or LONGEST_LIFETIME) > (default.lifetime or LONGEST_LIFETIME)
        or bool(default.custodians_apart and not rule.custodians_apart)
    )


def _asks_for_as_much(way: Sequence[Clause], usual: Sequence[Clause], within: Within) -> bool:
    """Whether each seat of `usual` can be given a seat of `way`, another for each, for people it asks for."""
    given = {f"{index}:{number}": clause for index, clause in enumerate(way) for number in range(clause.m)}
    wanted = [
        (asked.m, frozenset(one for one, clause in given.items() if within(clause, asked))) for asked in usual
    ]
    return sum(map(len, seat(list(given), wanted))) == sum(m for m, _ in wanted)
