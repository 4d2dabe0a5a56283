"""What a charter would be with somebody gone, changed or with other tokens, and what that would leave."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from pydantic import ValidationError

from console.pages import wording
from hsmnodes.node.protocol.consistency import unsatisfiable
from hsmnodes.node.protocol.control import out_of_control
from hsmnodes.node.protocol.documents import Charter, Group, Role
from tenants.duties import duties_under
from tenants.models import CharterVersion, Person

Change = Callable[[Charter], Charter]
MOST_NAMED = 4


@dataclass(frozen=True)
class Consequence:
    """What a change would leave, and what to do about it; `state` gives its colour."""

    title: str
    advice: str
    state: str


def without_person(person: str) -> Change:
    """Without the person with this id, in its groups neither."""

    def change(charter: Charter) -> Charter:
        groups = tuple(
            Group(name=one.name, people=tuple(member for member in one.people if member != person))
            for one in charter.groups
        )
        people = tuple(one for one in charter.people if one.id != person)
        return charter.model_copy(update={"people": people, "groups": groups})

    return change


def without_tokens(person: str, credentials: Collection[str]) -> Change:
    """Without these tokens of a person; without the person, if no token is left."""

    def change(charter: Charter) -> Charter:
        held = charter.persons.get(person)
        left = tuple(one for one in held.tokens if one.credential_id not in credentials) if held else ()
        if held is None or not left:
            return without_person(person)(charter)
        return _with(charter, person, tokens=left)

    return change


def with_roles(person: str, roles: Sequence[Role]) -> Change:
    """With these roles for a person; without the person, if there are none."""

    def change(charter: Charter) -> Charter:
        if not roles:
            return without_person(person)(charter)
        return _with(charter, person, roles=tuple(sorted(set(roles))))

    return change


def _with(charter: Charter, person: str, **changes: object) -> Charter:
    people = tuple(one.model_copy(update=changes) if one.id == person else one for one in charter.people)
    return charter.model_copy(update={"people": people})


def consequences(version: CharterVersion, viewer: Person, change: Change) -> Iterator[Consequence]:
    """What is worse after a change, which is made in no charter: for the viewer to read before."""
    before, name = version.document, version.name
    try:
        after = change(before)
    except ValidationError:
        yield Consequence(
            _("%(name)s cannot be so: it would have nobody, or duties that must be apart in one hand.")
            % {"name": name},
            _("Admit somebody else in the same amendment, or choose other duties."),
            "bad",
        )
        return
    if lost := [tag for tag in unsatisfiable(after) if tag not in unsatisfiable(before)]:
        yield Consequence(
            _("%(name)s: too few would be left to sign for %(what)s.") % {"name": name, "what": _named(lost)},
            _with_whom(before),
            "bad",
        )
        return
    loose = out_of_control(after)
    if loose is not None:
        yield Consequence(loose.message, _("Admit somebody else of that side in the same amendment."), "bad")
        return
    was, is_ = (_standing(version, viewer, charter) for charter in (before, after))
    if ended := was.possible - is_.possible:
        yield Consequence(
            _("%(name)s: nobody could %(what)s any more.") % {"name": name, "what": _named(sorted(ended))},
            _("One requests, and others sign. Admit somebody else in the same amendment."),
            "bad",
        )
    if tight := is_.tight - was.tight:
        yield Consequence(
            _("%(name)s: nobody would be left to spare for %(what)s.")
            % {"name": name, "what": _named(sorted(tight))},
            _("If one more person is lost nobody can do it. Better admit somebody else in the same one."),
            "wait",
        )


@dataclass(frozen=True)
class _Standing:
    """The operations that are possible, and those of them for which nobody is to spare."""

    possible: set[str]
    tight: set[str]


def _standing(version: CharterVersion, viewer: Person, charter: Charter) -> _Standing:
    found = [one for one in duties_under(version, viewer, charter).answers if one.stays.possible]
    tight = {one.operation for one in found if one.stays.spare == 0}
    return _Standing({one.operation for one in found}, tight)


def _named(tags: Sequence[str]) -> str:
    named = [f"“{wording.operation(tag)}”" for tag in tags]
    more = len(named) - MOST_NAMED
    if more > 0:
        named = [*named[:MOST_NAMED], _("%(n)d more") % {"n": more}]
    return wording.names(named, last="and")


def _with_whom(charter: Charter) -> str:
    said = _("Such an amendment is refused: admit somebody else in the same one.")
    if charter.recovery is None:
        return said
    return said + " " + _("If too few can sign even that, its recovery clause is the way back.")
