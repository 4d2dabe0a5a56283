"""The humans behind charters: who is whom, and what each can do with the tokens that are left."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from hsmnodes.node.protocol.documents import Charter, Person, Role, Token
from hsmnodes.node.protocol.seating import Seating

Requests = Callable[[Collection[Role]], bool]


def anyone(_roles: Collection[Role]) -> bool:
    """Whom a node lets request: everyone in a charter that decides."""
    return True


def has_duty(roles: Collection[Role]) -> bool:
    """Whom the console lets request: those with a duty in a charter that decides; auditors only read."""
    return bool(set(roles) - {Role.AUDITOR})


@dataclass(frozen=True)
class Loss:
    """People (by id) and tokens (by credential id) that are imagined to be lost."""

    people: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()

    def __or__(self, other: "Loss") -> "Loss":
        return Loss(self.people | other.people, self.tokens | other.tokens)


NOTHING = Loss()


@dataclass(frozen=True)
class Human:
    """One human, as counting knows them: `people` are their entries in charters, which share an id or a key.

    `places` are the clauses in which they could sit, by their places in the order, with the tokens left to
    them; `requests` is whether they could request.
    """

    identity: str
    people: tuple[Person, ...]
    places: frozenset[int]
    requests: bool

    @property
    def name(self) -> str:
        """What they are called, the first name where they have several."""
        return self.people[0].name

    @property
    def organisations(self) -> frozenset[str]:
        """The ids of the organisations to which they belong."""
        return frozenset(person.organisation.id for person in self.people)


def humans_of(
    charters: Sequence[Charter], seating: Seating, *, requests: Requests = anyone, lost: Loss = NOTHING
) -> list[Human]:
    """Everyone in `charters`, without what is `lost`, sorted by name.

    Who requests is decided by id, as the console does: a duty in one of the charters is enough.
    """
    askers = {person.id for charter in charters for person in charter.people if requests(person.roles)}
    gone = {seating.identities.of(person) for person in lost.people}
    keys = _keys_lost(charters, lost.tokens)
    entries: dict[str, list[tuple[Charter, Person]]] = {}
    for charter in charters:
        for person in charter.people:
            entries.setdefault(seating.identities.of(person.id), []).append((charter, person))
    found = []
    for identity, held in entries.items():
        usable = [
            (charter, person) for charter, person in held if identity not in gone and _signs(person, keys)
        ]
        found.append(
            Human(
                identity,
                tuple(person for _, person in held),
                frozenset(place for one in usable for place in seating.places(*one)),
                any(person.id in askers for _, person in usable),
            )
        )
    return sorted(found, key=lambda human: (human.name.casefold(), human.identity))


def tokens_of(charters: Iterable[Charter]) -> Iterator[tuple[Person, Token]]:
    """Every token in charters with whom it belongs to, once for each charter it stands in."""
    for charter in charters:
        for person in charter.people:
            for token in person.tokens:
                yield person, token


def _keys_lost(charters: Sequence[Charter], credentials: frozenset[str]) -> frozenset[str]:
    """The public keys that went with the tokens: one key under two credential ids is one token."""
    return frozenset(
        token.public_key for _, token in tokens_of(charters) if token.credential_id in credentials
    )


def _signs(person: Person, lost: frozenset[str]) -> bool:
    return any(token.public_key not in lost for token in person.tokens)
