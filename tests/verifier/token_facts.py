"""Cases of charters that say of a token something else than the version before."""

from tests.hsmnodes.node.protocol.recovering import WAITED
from tests.hsmnodes.node.protocol.test_token_facts import TOLD_OTHERWISE, recovered, told
from tests.verifier.book import Book
from tests.verifier.charters import chain_given


def add_token_facts(books: list[Book]) -> None:
    """Add them to the book of chains."""
    [made] = [book for book in books if book.kind == "chain"]
    for name, facts in TOLD_OTHERWISE.items():
        made.refuse(f"told without the holder: {name}", chain_given(*told(facts, proved=False)), "not-proved")
        made.accept(f"told with the holder: {name}", chain_given(*told(facts, proved=True)))
        made.refuse(f"told by a recovery: {name}", chain_given(*recovered(facts), now=WAITED), "changes-more")
