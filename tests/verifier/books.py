"""Every book of cases, in the order in which they are made."""

from tests.verifier import assertions, charters, nodes, quorums, releases, warrants
from tests.verifier.book import Book


def books() -> list[Book]:
    """One for each kind of case."""
    return [
        assertions.book(),
        quorums.book(),
        charters.charters(),
        charters.chains(),
        nodes.envelopes(),
        nodes.enrolments(),
        warrants.book(),
        releases.book(),
    ]
