"""Cases of which tokens a charter accepts. They are made after all others, so that those keep their ids."""

from collections.abc import Sequence

from hsmnodes.node.protocol import canonical
from tests.hsmnodes.node.protocol import test_token_rules as tokens
from tests.hsmnodes.node.protocol.amending import CHAIN, CURRENT
from tests.verifier.book import Book
from tests.verifier.charters import chain_given


def add_token_rules(books: Sequence[Book]) -> None:
    """Add them to the books of charters and of chains."""
    made = {book.kind: book for book in books}
    for name, (rules, people) in tokens.ACCEPTED.items():
        charter = tokens.forged(people=people, token_rules=tokens.as_rules(rules))
        made["charter"].accept(f"tokens: {name}", {"charter": charter.raw})
    for name, (rules, people, code, _) in tokens.NOT_ACCEPTED.items():
        charter = tokens.forged(people=people, token_rules=tokens.as_rules(rules))
        made["charter"].refuse(f"tokens: {name}", {"charter": charter.raw}, code)
        made["chain"].refuse(
            f"an amendment, tokens: {name}", chain_given(CHAIN, tokens.fully_signed(charter)), code
        )
    for name, said in tokens.NO_RULES.items():
        raw = canonical.encode(CURRENT.model_dump(mode="json") | {"token_rules": tokens.FORBIDDEN | said})
        made["charter"].refuse(f"token rules: {name}", {"charter": raw}, "bad-field")
    for member in ("attestation", "models_allowed", "models_blocked", "tokens_each"):
        raw = canonical.encode(
            CURRENT.model_dump(mode="json") | {"token_rules": tokens.FORBIDDEN | {member: None}}
        )
        made["charter"].refuse(
            f"token rules: {member} is null", {"charter": raw}, "not-canonical", desk="bad-field"
        )
