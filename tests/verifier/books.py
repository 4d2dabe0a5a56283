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
    # These sign as they are imported, after whatever signed before they came.
    from tests.verifier import recoveries, token_facts

    recoveries.add_recoveries(made)
    token_facts.add_token_facts(made)
    return made
