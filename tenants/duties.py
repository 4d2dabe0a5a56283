"""Who can do what under the charters in force: of a Trust Zone, or of an organisation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Person, Token
from tenants import access, charters, clock, tokens
from tenants.access import Viewer
from tenants.analysis.humans import NOTHING, Loss, tokens_of
from tenants.analysis.questions import Answer, answer, questions_about, recovery_of
from tenants.errors import Invalid
from tenants.models import CharterVersion, Organisation, TrustZone
from tenants.models import Token as StoredToken

SIDES = (AuthorityKind.PROVIDER, AuthorityKind.CUSTOMER)


@dataclass(frozen=True)
class Asked:
    """What somebody imagines to be lost: ids of people and of tokens, as the console knows them."""

    people: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.people or self.tokens)


ASKED_NOTHING = Asked()


@dataclass(frozen=True)
class Held:
    """A token in the charters: who holds it, how this console knows it, and whether it does not count."""

    person: Person
    token: Token
    stored: StoredToken | None
    suspended: bool

    def is_among(self, tokens: Collection[str]) -> bool:
        """Whether it is one of those with these ids."""
        return self.stored is not None and self.stored.pk in tokens


class Duties:
    """What charters decide about one zone or organisation, and what a loss would change.

    `groups` are the charters that decide together, each with the kind they are asked about. Tokens that are
    suspended here are withheld. Raises Invalid if `asked` names what stands in none of the charters.
    """

    def __init__(
        self,
        authority: str,
        name: str,
        groups: Collection[tuple[AuthorityKind, Mapping[AuthorityKind, Charter]]],
        asked: Asked = ASKED_NOTHING,
    ) -> None:
        self.authority, self.name, self.asked = authority, name, asked
        self._groups, self._now = groups, clock.unix_now()
        self.charters = {
            charter.authority.id: charter for _, together in groups for charter in together.values()
        }
        known = {held.stored.pk for held in self.tokens if held.stored is not None}
        if not asked.people <= self.people.keys() or not asked.tokens <= known:
            raise Invalid("not-in-charters", "What is to be lost stands in none of the charters that decide.")

    @property
    def charter(self) -> Charter | None:
        """The charter in force of the zone or organisation itself."""
        return self.charters.get(self.authority)

    @cached_property
    def people(self) -> Mapping[str, Person]:
        """Everyone in the charters, by id; the entry of its own charter first."""
        own = [self.charter] if self.charter else []
        ordered = [*self.charters.values(), *own]
        return {person.id: person for charter in ordered for person in charter.people}

    @cached_property
    def tokens(self) -> list[Held]:
        """Every token in the charters, once."""
        found = {token.credential_id: (person, token) for person, token in tokens_of(self.charters.values())}
        stored = {one.credential_id: one for one in StoredToken.objects.filter(credential_id__in=found)}
        suspended = tokens.not_counting(found, self.charters)
        return [
            Held(person, token, stored.get(credential), credential in suspended)
            for credential, (person, token) in found.items()
        ]

    @cached_property
    def suspended(self) -> Loss:
        """The tokens that are suspended."""
        return Loss(tokens=frozenset(one.token.credential_id for one in self.tokens if one.suspended))

    @cached_property
    def answers(self) -> list[Answer]:
        """What each operation takes, as things are."""
        return self._answers(NOTHING)

    @cached_property
    def imagined(self) -> list[Answer]:
        """The same, in the same order, once what is asked about is lost too."""
        gone = {held.token.credential_id for held in self.tokens if held.is_among(self.asked.tokens)}
        return self._answers(Loss(self.asked.people, frozenset(gone)))

    def _answers(self, lost: Loss) -> list[Answer]:
        found: dict[tuple[str, tuple[str, ...]], Answer] = {}
        for kind, together in self._groups:
            given = answer(questions_about(kind), together, now=self._now, lost=lost, withheld=self.suspended)
            for one in given:
                found[one.operation, tuple(charter.sha256 for charter in one.charters)] = one
        return [*found.values(), *self._recovery(lost)]

    def _recovery(self, lost: Loss) -> list[Answer]:
        """The answer for the recovery of its own charter, if it has a clause and the others are seen."""
        if self.charter is None:
            return []
        found = recovery_of(
            self.charter, self.charters.values(), now=self._now, lost=lost, withheld=self.suspended
        )
        return [found] if found is not None else []


def duties_of_zone(
    zone: TrustZone, asked: Asked = ASKED_NOTHING, *, instead: Charter | None = None
) -> Duties:
    """What the zone's charter decides, with its provider's and its customer's where they consent too.

    `instead` is a version of its charter to be taken for the one in force.
    """
    service = zone.service
    ids = {
        AuthorityKind.ZONE: zone.pk,
        AuthorityKind.PROVIDER: service.provider_id,
        AuthorityKind.CUSTOMER: service.customer_id,
    }
    together = _in_force(ids, instead)
    return Duties(zone.pk, zone.name, [(AuthorityKind.ZONE, together)], asked)


def duties_of_organisation(
    organisation: Organisation,
    viewer: Viewer,
    asked: Asked = ASKED_NOTHING,
    *,
    instead: Charter | None = None,
) -> Duties:
    """What the organisation's charter decides, alone and with each other side that `viewer` sees.

    `instead` is a version of its charter to be taken for the one in force.
    """
    kind = AuthorityKind.PROVIDER if organisation.is_provider else AuthorityKind.CUSTOMER
    [other] = set(SIDES) - {kind}
    visible = access.visible_organisations(viewer)
    others = (
        visible.filter(provider=organisation)
        if organisation.is_provider
        else visible.filter(pk=organisation.provider_id)
    )
    own = _in_force({kind: organisation.pk}, instead)
    found = sorted(
        charters.in_force(others.values_list("pk", flat=True)).values(), key=lambda one: one.authority.name
    )
    groups = [(kind, own), *((kind, {**own, other: charter}) for charter in found)]
    return Duties(organisation.pk, organisation.name, groups if own else [], asked)


def duties_under(version: CharterVersion, viewer: Viewer, document: Charter | None = None) -> Duties:
    """What `version`, or the `document` that would follow it, decides with the others' charters in force."""
    charter = document or charters.document_of(version)
    if version.zone is not None:
        return duties_of_zone(version.zone, instead=charter)
    return duties_of_organisation(version.organisation, viewer, instead=charter)


def _in_force(ids: Mapping[AuthorityKind, str], instead: Charter | None) -> Mapping[AuthorityKind, Charter]:
    found = charters.in_force(ids.values())
    if instead is not None:
        found[instead.authority.id] = instead
    return {kind: found[one] for kind, one in ids.items() if one in found}
