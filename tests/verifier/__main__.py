"""Writes the cases of both verifiers: `python -m tests.verifier [folder]`, the same in every run."""

import sys
from itertools import count
from pathlib import Path
from unittest import mock

from hsmnodes.node.operations.registry import default_rules, rules_of_two_sides
from hsmnodes.node.protocol.documents import AuthorityKind, Rule
from tests.cast.ids import make_id
from tests.verifier.book import VECTORS

KNOWN = {
    "backup-key.drill/v1",
    "backup-key.reshare/v1",
    "backup-key.share/v1",
    "charter.amend/v1",
    "key.destroy/v1",
    "key.generate/v1",
    "node.enrol/v1",
    "node.export-log/v1",
    "service.start/v1",
    "slot.create/v1",
    "zone.found/v1",
}


def known_rules(kind: AuthorityKind) -> tuple[Rule, ...]:
    """The default rules for the operations that cases are about; later ones leave the files as they are."""
    return tuple(one for one in default_rules(kind) if one.operation in KNOWN)


def known_rules_of_two_sides() -> tuple[Rule, ...]:
    """The same where one side controls and the other manages."""
    return tuple(one for one in rules_of_two_sides() if one.operation in KNOWN)


def write(folder: Path) -> None:
    """Write every file. Ids that the cast would draw at random follow from how many were drawn before."""
    drawn = (make_id(f"drawn {number}") for number in count())
    with (
        mock.patch("secrets.token_hex", side_effect=drawn),
        mock.patch("tests.cast.charters.default_rules", known_rules),
    ):
        from tests.verifier.books import books, charters

        with (
            mock.patch.object(charters.controlling, "default_rules", known_rules),
            mock.patch.object(charters.controlling, "rules_of_two_sides", known_rules_of_two_sides),
        ):
            made = books()
    for book in made:
        book.write(folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS)
