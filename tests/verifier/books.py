"""Every book of cases, in the order in which they are made."""

from tests.verifier import assertions, charters, nodes, quorums, releases, rules, token_rules, warrants
from tests.verifier.book import Book


def books() -> list[Book]:
    """One for each kind of case. What is added last leaves the ids in the others as they are."""
    made = [
        assertions.book(),
        quorums.book(),
        charters.charters(),
        charters.chains(),
        nodes.envelopes(),
        nodes.enrolments(),
        warrants.book(),
        releases.book(),
    ]
    [chains] = [one for one in made if one.kind == "chain"]
    charters.add_control(chains)
    rules.add_rules(made)
    token_rules.add_token_rules(made)
    from tests.verifier import recoveries  # signs as it is imported, after whatever signed before it came

    recoveries.add_recoveries(made)
    return made
