"""Who is the same person for counting: the same id, or a public key or credential in common."""

from collections.abc import Sequence
from itertools import combinations

from hsmnodes.node.protocol.documents.charter import Charter


class Identities:
    """The people of several charters, those who share a key joined into one (a union-find by id)."""

    def __init__(self, charters: Sequence[Charter]) -> None:
        self._joined: dict[str, str] = {}
        for one, other in combinations(charters, 2):
            for key in one.by_key.keys() & other.by_key.keys():
                self._join(one.by_key[key].id, other.by_key[key].id)
            for credential in one.by_credential.keys() & other.by_credential.keys():
                self._join(one.by_credential[credential][0].id, other.by_credential[credential][0].id)

    def of(self, person: str) -> str:
        """The identity of the person with this id."""
        while person in self._joined:
            person = self._joined[person]
        return person

    def _join(self, one: str, other: str) -> None:
        one, other = sorted((self.of(one), self.of(other)))
        if one != other:
            self._joined[other] = one
