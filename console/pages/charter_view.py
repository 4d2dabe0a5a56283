"""A charter as people read it: who is in it, by which tokens, what each rule means in plain words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from console.pages import token_terms, wording
from console.pages.duties_view import Card, DutiesView
from console.pages.recovering import UnderWay, recoveries
from console.pages.token_models import ModelView, models_of
from hsmnodes.node.operations.statement.charter_texts import recovery_text, terms_of
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Charter, Clause, Role, ShareKey, Token
from hsmnodes.node.protocol.documents import Person as CharterPerson
from tenants import access, charters
from tenants.analysis.defaults import weaker_rules
from tenants.duties import Duties, duties_under
from tenants.models import CharterState, CharterVersion, Person
from tenants.recovery import could_recover


@dataclass(frozen=True)
class TokenLine:
    """A token in a charter; `signed` is None where its signature is not asked for."""

    token: Token
    words_of: str
    signed: bool | None
    words_of_share_key: str
    kept: str
    model: ModelView


@dataclass(frozen=True)
class PersonLine:
    """A person in a charter."""

    person: CharterPerson
    roles: str
    tokens: tuple[TokenLine, ...]

    @property
    def signed(self) -> bool:
        """Whether nothing of theirs is missing."""
        return all(line.signed is not False for line in self.tokens)


@dataclass(frozen=True)
class RuleLine:
    """One row of the matrix: an operation, and for each column how many must sign, by each alternative."""

    tag: str
    title: str
    cells: tuple[str, ...]
    who: str


class CharterView:
    """A version of a charter, as `viewer` reads it."""

    def __init__(self, version: CharterVersion, viewer: Person) -> None:
        self.version, self.viewer = version, viewer

    @cached_property
    def document(self) -> Charter:
        return charters.document_of(self.version)

    @cached_property
    def unsigned(self) -> list[charters.Unsigned]:
        if self.version.state != CharterState.COLLECTING:
            return []
        return charters.unsigned(self.version)

    @property
    def asks_me(self) -> bool:
        """Whether one of the viewer's tokens has to sign."""
        return any(one.person == self.viewer.id for one in self.unsigned)

    @property
    def may_discard(self) -> bool:
        """Whether the viewer may give it up."""
        mine = self.viewer.id in self.document.persons or self.version.created_by_id == self.viewer.id
        collecting = self.version.state == CharterState.COLLECTING
        return collecting and mine and not charters.waits_for_proposal(self.version)

    @cached_property
    def people(self) -> list[PersonLine]:
        missing = {one.token.credential_id for one in self.unsigned}
        signed = set(self.version.signatures.values_list("credential_id", flat=True))
        models = models_of(token.aaguid for person in self.document.people for token in person.tokens)
        return [
            PersonLine(
                person,
                wording.names([wording.role(role.value) for role in person.roles], last="and"),
                tuple(
                    TokenLine(
                        token,
                        words_of(token),
                        _signed(token.credential_id, missing, signed),
                        words_of_share_key(token.share_key),
                        kept_in_words(token.share_key),
                        models[token.aaguid],
                    )
                    for token in person.tokens
                ),
            )
            for person in sorted(self.document.people, key=lambda one: (one.organisation.name, one.name))
        ]

    @property
    def token_terms(self) -> list[tuple[str, str]]:
        """What it says of the tokens that it accepts: titles, with what each says."""
        return list(token_terms.facts(self.document.token_rules).values())

    @cached_property
    def columns(self) -> list[str]:
        """The roles and groups that rules ask for, as headings."""
        return [_heading(one) for one in self._asked]

    @cached_property
    def rules(self) -> list[RuleLine]:
        return [
            RuleLine(
                rule.operation,
                wording.operation(rule.operation),
                tuple(wording.amounts(rule.ways, asked) for asked in self._asked),
                "; ".join(
                    [
                        wording.ways([self._all_of(way) for way in rule.ways])
                        or _("Nobody can sign for it: it is denied."),
                        *terms_of(rule),
                    ]
                ),
            )
            for rule in self.document.rules
        ]

    @property
    def recovery(self) -> str:
        """Who can recover it below its quorum, in words."""
        return recovery_text(self.document.recovery)

    @cached_property
    def recoveries(self) -> list[UnderWay]:
        """The recoveries of this charter that are under way."""
        return recoveries(self.viewer, self.version.authority)

    @property
    def could_recover(self) -> bool:
        """Whether this draft could come into force by a recovery, too."""
        return self.version.state == CharterState.COLLECTING and could_recover(self.version)

    @cached_property
    def duties(self) -> Duties:
        """What it decides, with the charters in force of the others who consent."""
        return duties_under(self.version, self.viewer)

    @cached_property
    def tight(self) -> set[str]:
        """The operations that become impossible when some one person is lost."""
        return {one.operation for one in self.duties.answers if one.stays.spare == 0}

    @cached_property
    def weaker(self) -> tuple[str, ...]:
        """The operations for which it asks for less than the default."""
        return weaker_rules(self.document)

    @cached_property
    def findings(self) -> list[Card]:
        """What the rules come to, operations that are decided alike together."""
        return DutiesView(self.duties).cards

    @cached_property
    def _asked(self) -> list[tuple[Role | None, str | None]]:
        found = {(clause.role, clause.group) for rule in self.document.rules for clause in rule.asked}
        return sorted(found, key=str)

    def _all_of(self, way: Sequence[Clause]) -> str:
        return wording.names([self._holders(clause) for clause in way], last="and")

    def _holders(self, clause: Clause) -> str:
        eligible = self.document.eligible(clause)
        people = sorted(person.name for person in self.document.people if person.id in eligible)
        return _("%(m)d of %(people)s") % {"m": clause.m, "people": ", ".join(people) or _("nobody")}


def words_of(token: Token) -> str:
    """The hash whose words people compare when a token is admitted: that of its public key."""
    return canonical.sha256_hex(canonical.b64u_decode(token.public_key))


def words_of_share_key(share_key: ShareKey | None) -> str:
    """The hash whose words people compare when a share key is admitted, or an empty string without one."""
    return canonical.sha256_hex(share_key.key_bytes) if share_key else ""


def kept_in_words(share_key: ShareKey | None) -> str:
    """How a share key is kept, or an empty string without one."""
    return str(wording.KEPT[share_key.stated.kept]) if share_key else ""


def latest_of(authorities: Iterable[str], viewer: Person) -> dict[str, CharterView]:
    """Of each the charter in force; before there is one, the one that collects signatures."""
    states = (CharterState.IN_FORCE, CharterState.COLLECTING)
    found = access.visible_charters(viewer).filter(authority__in=list(authorities), state__in=states)
    latest: dict[str, CharterView] = {}
    for version in sorted(found, key=lambda one: states.index(CharterState(one.state))):
        latest.setdefault(version.authority, CharterView(version, viewer))
    return latest


def _signed(credential: str, missing: set[str], signed: set[str]) -> bool | None:
    if credential in missing:
        return False
    return True if credential in signed else None


def _heading(asked: tuple[Role | None, str | None]) -> str:
    role, group = asked
    return wording.role(str(role), 2) if role is not None else _("group %(name)s") % {"name": group}
