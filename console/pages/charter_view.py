"""A charter as people read it: who is in it, by which tokens, what each rule means in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages import wording
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.consistency import without_spare
from hsmnodes.node.protocol.documents import Charter, Clause, ShareKey, Token
from hsmnodes.node.protocol.documents import Person as CharterPerson
from tenants import access, charters
from tenants.models import CharterState, CharterVersion, Person


@dataclass(frozen=True)
class TokenLine:
    """A token in a charter; `signed` is None where its signature is not asked for."""

    token: Token
    words_of: str
    signed: bool | None
    words_of_share_key: str
    kept: str


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
    """One row of the matrix: an operation, and for each column how many must sign (0: none)."""

    tag: str
    title: str
    cells: tuple[int, ...]
    who: str
    tight: bool


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
        return self.version.state == CharterState.COLLECTING and mine

    @cached_property
    def people(self) -> list[PersonLine]:
        missing = {one.token.credential_id for one in self.unsigned}
        signed = set(self.version.signatures.values_list("credential_id", flat=True))
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
                    )
                    for token in person.tokens
                ),
            )
            for person in sorted(self.document.people, key=lambda one: (one.organisation.name, one.name))
        ]

    @cached_property
    def columns(self) -> list[str]:
        """The roles and groups that rules ask for, as headings."""
        return [_heading(one) for one in self._asked]

    @cached_property
    def rules(self) -> list[RuleLine]:
        tight = set(without_spare(self.document))
        return [
            RuleLine(
                rule.operation,
                wording.operation(rule.operation),
                tuple(
                    sum(clause.m for clause in rule.clauses if (clause.role, clause.group) == asked)
                    for asked in self._asked
                ),
                wording.names([self._holders(clause) for clause in rule.clauses], last="and")
                or _("Nobody can sign for it: it is denied."),
                rule.operation in tight,
            )
            for rule in self.document.rules
        ]

    @cached_property
    def findings(self) -> list[str]:
        """What the rules come to, in plain sentences."""
        return list(findings_of(self.document))

    @cached_property
    def _asked(self) -> list[tuple[object, str | None]]:
        found = {(clause.role, clause.group) for rule in self.document.rules for clause in rule.clauses}
        return sorted(found, key=str)

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


def latest_of(authority: str, viewer: Person) -> CharterView | None:
    """The charter in force; before there is one, the one that collects signatures."""
    found = access.visible_charters(viewer).filter(authority=authority)
    version = (
        found.filter(state=CharterState.IN_FORCE).first()
        or found.filter(state=CharterState.COLLECTING).first()
    )
    return CharterView(version, viewer) if version else None


def _signed(credential: str, missing: set[str], signed: set[str]) -> bool | None:
    if credential in missing:
        return False
    return True if credential in signed else None


def _heading(asked: tuple[object, str | None]) -> str:
    role, group = asked
    return wording.role(str(role), 2) if role is not None else _("group %(name)s") % {"name": group}


def _verb(tag: str) -> str:
    """What an operation does, within a sentence."""
    title = wording.operation(tag)
    return title[:1].lower() + title[1:]


def findings_of(charter: Charter) -> Iterator[str]:
    """One sentence for what is denied, and for each different way in which rules ask for people."""
    if denied := [_verb(rule.operation) for rule in charter.rules if not rule.clauses]:
        yield _("Nobody can %(what)s: it is denied.") % {"what": wording.names(denied, last="or")}
    seen: dict[tuple[str, int], list[str]] = {}
    for rule in charter.rules:
        for clause in rule.clauses:
            people = sorted(one.name for one in charter.people if one.id in charter.eligible(clause))
            title = _verb(rule.operation)
            seen.setdefault((", ".join(people), clause.m), []).append(title)
    for (people, m), titles in seen.items():
        holders = people.split(", ")
        what = wording.names(titles, last="or")
        if m > 1:
            yield _(
                "No single person can %(what)s: %(m)d of %(people)s must sign, besides whoever requests it."
            ) % {
                "what": what,
                "m": m,
                "people": wording.names(holders),
            }
        lost = len(holders) - m + 1
        yield ngettext(
            "If %(people)s loses every token, nobody can %(what)s any more.",
            "If %(n)d of %(people)s lose every token, nobody can %(what)s any more.",
            lost,
        ) % {"n": lost, "people": wording.names(holders), "what": what}
