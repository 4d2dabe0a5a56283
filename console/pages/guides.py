"""Guided paths for people who come and go: replace a token, lose one, leave, change role.

Each says which amendments and which share ceremonies follow, in their order, links to each with the form
filled in, shows what is done already, and warns of what it would leave. It changes nothing by itself.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from console.pages import wording
from console.pages.forms.charter_form import ROLES
from console.pages.guide_changes import (
    Change,
    Consequence,
    consequences,
    with_roles,
    without_person,
    without_tokens,
)
from console.pages.guide_steps import DONE, Situation, Step
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Role
from tenants import access
from tenants.models import CharterVersion, Person, Token

REPLACE, LOSE, LEAVE, CHANGE = "replace-token", "lose-token", "leave", "change-role"


@dataclass(frozen=True)
class Guide:
    """A path: its title, what it is for, its steps and what it would leave."""

    title: str
    lead: str
    steps: tuple[Step, ...]
    consequences: tuple[Consequence, ...]
    nothing: str = ""
    """What is said where there are no steps, if not that there is nothing to change."""

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.state == DONE for step in self.steps)


@dataclass(frozen=True)
class RoleChoice:
    """A role that the person could have in the charter that is looked at."""

    value: str
    label: str
    chosen: bool


@require_GET
@person_required
def show(request: HttpRequest, key: str, guide: str) -> HttpResponse:
    """One of the paths, for one person."""
    visible = access.visible_people(request.person).select_related("organisation__provider")
    found = access.get_visible(visible, key)
    situation = Situation(found, request.person)
    chosen = _chosen_tokens(situation, request.GET.getlist("token"))
    version = _chosen_version(situation, request.GET.get("charter", ""))
    roles = _chosen_roles(version, found, request.GET.getlist("role"), asked_for="role" in request.GET)
    builders: dict[str, Callable[[], Guide]] = {
        REPLACE: lambda: replace_token(situation, chosen),
        LOSE: lambda: lose_token(situation, chosen),
        LEAVE: lambda: leave(situation),
        CHANGE: lambda: change_role(situation, version, roles, asked_for="role" in request.GET),
    }
    return page(
        request,
        "console/people/guide.html",
        "people",
        found=found,
        is_me=found == request.person,
        guide=builders[guide](),
        name=guide,
        tokens=situation.tokens if guide in (REPLACE, LOSE) else [],
        chosen={one.pk for one in chosen},
        versions=situation.versions if guide == CHANGE else [],
        version=version if guide == CHANGE else None,
        roles=_role_choices(version, roles) if guide == CHANGE else [],
    )


def lose_token(situation: Situation, lost: Sequence[Token]) -> Guide:
    """A token is lost, or may be in other hands: stop it first, then put another in its place."""
    name, gone = situation.found.name, {one.credential_id for one in lost}
    rest = [one for one in situation.working if one.credential_id not in gone]
    steps = [
        *situation.suspend(lost),
        situation.enrol(done=len(rest) > 1),
        situation.compare(),
        *situation.share_key(gone),
        *_amendments(
            situation,
            lambda charter: _lacks(charter, gone),
            _("It takes the lost token out, and admits the tokens that %(name)s has now.") % {"name": name},
        ),
        *situation.reshare(
            _("A share is sealed to the lost token: nobody opens it any more, unless the token turns up."),
            lambda credential: credential in gone,
        ),
        *situation.rotate(),
    ]
    return Guide(
        _("%(name)s has lost a token") % {"name": name},
        _("What stops it at once takes one person. What puts another in its place takes a quorum."),
        tuple(steps),
        _warn(situation, without_tokens(situation.found.pk, gone)),
    )


def replace_token(situation: Situation, old: Sequence[Token]) -> Guide:
    """A token works and is to be replaced: admit the new one before the old one goes."""
    name, gone = situation.found.name, {one.credential_id for one in old}
    new = situation.come_after(gone)
    left = {one.credential_id for one in situation.working} - gone
    steps = [
        situation.enrol(done=bool(new)),
        situation.compare(),
        *situation.share_key(gone),
        *_amendments(
            situation,
            lambda charter: bool(new) and new <= _held(charter, situation.found.pk),
            _("It admits the new token of %(name)s. The old one signs until then.") % {"name": name},
        ),
        *situation.reshare(
            _("A share is sealed to the old token. Seal it to the new one while the old one still works."),
            lambda credential: credential in gone,
        ),
        *situation.suspend(old),
        *_amendments(
            situation,
            lambda charter: _lacks(charter, gone),
            _("It takes the old token out. That may wait for the next amendment: it counts no more anyway."),
        ),
    ]
    return Guide(
        _("Replace a token of %(name)s") % {"name": name},
        _("The new token comes before the old one goes, so that nobody is missing in between."),
        tuple(steps),
        _warn(situation, without_tokens(situation.found.pk, gone)) if not left else (),
    )


def leave(situation: Situation) -> Guide:
    """Somebody leaves: out of every charter, with their shares among others, and no token counts."""
    found = situation.found
    steps = [
        *_amendments(
            situation,
            lambda charter: found.pk not in charter.persons,
            _("It takes %(name)s out. Put somebody else in the same amendment, if too few are left.")
            % {"name": found.name},
            without=found.pk,
        ),
        *situation.reshare(
            _("%(name)s holds a share. Seal the shares among those who stay.") % {"name": found.name},
            lambda credential: credential in {one.credential_id for one in situation.tokens},
        ),
        *situation.rotate(),
        *situation.suspend(situation.tokens),
        Step(
            _("Sign %(name)s out everywhere") % {"name": found.name},
            _("Sessions end by themselves after a while; this ends them now."),
            address=situation.page,
            action=_("“Sign out everywhere”"),
        ),
    ]
    return Guide(
        _("%(name)s leaves") % {"name": found.name},
        _(
            "Amend first, while there is somebody to sign in place of who leaves; suspend what is left last. "
            "If it is urgent, suspend first: that needs one person."
        ),
        tuple(steps),
        _warn(situation, without_person(found.pk)),
    )


def change_role(
    situation: Situation, version: CharterVersion | None, roles: Sequence[Role], *, asked_for: bool
) -> Guide:
    """Other roles in one charter, once they are `asked_for`; shares follow the role of custodian."""
    found = situation.found
    title = _("Change the role of %(name)s") % {"name": found.name}
    lead = _("Roles stand in charters, one by one. Choose the charter and what the roles are to be.")
    if version is None:
        return Guide(title, lead, (), ())
    held = version.document.persons[found.pk].roles
    wanted = tuple(sorted(set(roles)))
    if not asked_for:
        return Guide(title, lead, (), (), _("Tick what the roles are to be, and see what follows."))
    steps: list[Step] = []
    if Role.CUSTODIAN in wanted and Role.CUSTODIAN not in held:
        steps.append(
            Step(
                _("Make a share key"),
                _("%(name)s makes it in the settings; shares are sealed to it.") % {"name": found.name},
                DONE if any(one.share_key for one in situation.working) else "open",
            )
        )
    steps.append(
        situation.amend(
            version,
            lambda charter: _roles_in(charter, found.pk) == wanted,
            _("It makes %(name)s %(roles)s.")
            % {
                "name": found.name,
                "roles": wording.names([wording.role(one.value) for one in wanted], last="and")
                or _("nothing: it takes this person out"),
            },
            person=found.pk,
            role=[one.value for one in wanted] or "none",
        )
    )
    if version.zone_id is not None and (Role.CUSTODIAN in wanted) != (Role.CUSTODIAN in held):
        text = (
            _("%(name)s gets a share.") if Role.CUSTODIAN in wanted else _("%(name)s holds a share no more.")
        ) % {"name": found.name}
        steps += list(
            situation.reshare(text, lambda credential: credential in _held(version.document, found.pk))
        )
    return Guide(title, lead, tuple(steps), tuple(_of(version, situation, with_roles(found.pk, wanted))))


def _amendments(
    situation: Situation, goal: Callable[[Charter], bool], text: str, **more: object
) -> Iterator[Step]:
    for version in (*situation.versions, *situation.past):
        yield situation.amend(version, goal, text, **more)


def _warn(situation: Situation, change: Change) -> tuple[Consequence, ...]:
    return tuple(one for version in situation.versions for one in _of(version, situation, change))


def _of(version: CharterVersion, situation: Situation, change: Change) -> Iterator[Consequence]:
    return consequences(version, situation.viewer, change)


def _lacks(charter: Charter, credentials: Collection[str]) -> bool:
    return not set(credentials) & charter.by_credential.keys()


def _held(charter: Charter, person: str) -> set[str]:
    held = charter.persons.get(person)
    return {one.credential_id for one in held.tokens} if held else set()


def _roles_in(charter: Charter, person: str) -> tuple[Role, ...]:
    held = charter.persons.get(person)
    return held.roles if held else ()


def _chosen_tokens(situation: Situation, asked: Sequence[str]) -> list[Token]:
    """Those asked about; without a choice, the only one there is, or whatever is suspended already."""
    chosen = [one for one in situation.tokens if one.pk in asked]
    if chosen or not situation.tokens:
        return chosen
    suspended = [one for one in situation.tokens if one.suspended_at is not None]
    return suspended or situation.tokens[:1]


def _chosen_version(situation: Situation, asked: str) -> CharterVersion | None:
    found = [one for one in situation.versions if one.pk == asked]
    return next(iter([*found, *situation.versions]), None)


def _chosen_roles(
    version: CharterVersion | None, found: Person, asked: Sequence[str], *, asked_for: bool
) -> tuple[Role, ...]:
    if version is None:
        return ()
    if not asked_for:
        return version.document.persons[found.pk].roles
    known = {role.value for role in Role}
    return tuple(sorted(Role(one) for one in asked if one in known))


def _role_choices(version: CharterVersion | None, roles: Sequence[Role]) -> list[RoleChoice]:
    if version is None:
        return []
    usual = ROLES[AuthorityKind(version.kind)]
    return [
        RoleChoice(role.value, wording.role(role.value), role in roles)
        for role in dict.fromkeys([*usual, *roles])
    ]
