"""What is wrong with who can do what, and what to change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages import wording
from console.pages.duties_recovery import recovery_warnings
from console.pages.duties_view import NOT_ALLOWED, beside, weak_people
from console.pages.token_warnings import token_warnings
from console.pages.warned import GRAVITY, Warned
from hsmnodes.node.protocol.control import is_decisive, side_in_control
from hsmnodes.node.protocol.documents import Charter
from tenants import clock
from tenants.analysis.defaults import weaker_rules
from tenants.analysis.questions import Answer
from tenants.analysis.ways import Weakness
from tenants.duties import Duties

MOST_NAMED = 5
SOON = timedelta(days=30)


def warnings_of(duties: Duties) -> list[Warned]:
    """All of them as things are, the gravest first."""
    looks = (
        *(_impossible, _without_controller, _weaker, _both_sides),
        *(_ending, _nobody_to_spare, _suspended, _in_both, recovery_warnings, token_warnings),
    )
    found = [one for look in looks for one in look(duties)]
    return sorted(found, key=lambda one: GRAVITY.index(one.state))


def _impossible(duties: Duties) -> Iterator[Warned]:
    found: dict[str, list[Answer]] = {}
    for one in duties.answers:
        codes = {problem.code for problem in one.could.problems}
        if not one.stays.possible and NOT_ALLOWED not in codes:
            reasons = [problem.message for problem in one.could.problems]
            found.setdefault(reasons[0] if reasons else "", []).append(one)
    for reason, alike in found.items():
        yield Warned(
            _("Nobody can %(what)s.") % {"what": _what(alike, duties)},
            _("%(reason)s Amend it.") % {"reason": reason}
            if reason
            else _("Too few people are left to request it and sign. Admit more people, or other tokens."),
            "bad",
            _authorities(alike),
        )


@dataclass(frozen=True)
class _Bottleneck:
    """Those of whom nobody may be lost, what they are asked for as, and whose charters ask for them."""

    people: str
    many: bool
    holders: str
    authorities: tuple[str, ...]


def _weaker(duties: Duties) -> Iterator[Warned]:
    for charter in duties.charters.values():
        asked = weaker_rules(charter)
        alike = [one for one in duties.answers if charter in one.charters and one.operation in asked]
        if alike:
            yield Warned(
                _("The charter of %(name)s asks for less than the default to %(what)s.")
                % {"name": charter.authority.name, "what": _what(alike, duties)},
                _("Ask for as many people of the role that the default names, or for more."),
                "bad",
                (charter.authority.id,),
            )


def _ending(duties: Duties) -> Iterator[Warned]:
    now = clock.now()
    for charter in duties.charters.values():
        until = clock.from_unix(charter.valid_until)
        if now < until <= now + SOON:
            yield Warned(
                _("The charter of %(name)s ends on %(date)s.")
                % {"name": charter.authority.name, "date": date_format(until, "j F Y")},
                _("From then on it authorises nothing but its own renewal. Amend it before."),
                "wait",
                (charter.authority.id,),
            )


def _nobody_to_spare(duties: Duties) -> Iterator[Warned]:
    found: dict[_Bottleneck, list[Answer]] = {}
    for one in duties.answers:
        if one.stays.spare == 0:
            for weakness in one.stays.weaknesses:
                found.setdefault(_bottleneck(one, weakness), []).append(one)
    for neck, alike in found.items():
        title = (
            _("Without any one of %(people)s, nobody can %(what)s.")
            if neck.many
            else _("Without %(people)s, nobody can %(what)s.")
        )
        yield Warned(
            title % {"people": neck.people, "what": _what(alike, duties)},
            _advice(neck.holders),
            "wait",
            neck.authorities or _authorities(alike),
        )


def _bottleneck(one: Answer, weakness: Weakness) -> _Bottleneck:
    asking = [one.stays.seating.clauses[index] for index in sorted(weakness.clauses)]
    holders = {
        f"{wording.clause_holders(clause, 1)} ({charter.authority.name})" for charter, clause in asking
    }
    return _Bottleneck(
        weak_people(weakness),
        len(weakness.humans) > 1,
        wording.names(sorted(holders)),
        tuple(dict.fromkeys(charter.authority.id for charter, _clause in asking)),
    )


def _advice(holders: str) -> str:
    if not holders:
        return _("Give one more person a duty in the charter, who can request it.")
    return _("Admit one more %(holders)s. Who requests never counts among those who sign.") % {
        "holders": holders
    }


def _both_sides(duties: Duties) -> Iterator[Warned]:
    found: dict[str, list[Answer]] = {}
    for one in duties.answers:
        for organisation in sorted(one.both_sides):
            found.setdefault(organisation, []).append(one)
    for organisation, alike in found.items():
        name = _name_of(duties, organisation)
        yield Warned(
            _("People of %(name)s hold both sides: alone they can %(what)s.")
            % {"name": name, "what": _what(alike, duties)},
            _("Have the duties of one side held by people of another organisation."),
            "odd",
            _authorities(alike),
        )


def _without_controller(duties: Duties) -> Iterator[Warned]:
    """What the side that does not control a zone could do in it alone: grave where it decides on the zone."""
    terms = duties.charter.zone if duties.charter else None
    if terms is None:
        return
    controller = side_in_control(terms)
    other = terms.provider if controller == terms.customer else terms.customer
    found: dict[bool, list[Answer]] = {}
    for one in duties.answers:
        if len(one.charters) == 1 and other.id in one.could.alone:
            found.setdefault(is_decisive(one.operation), []).append(one)
    for decisive, alike in sorted(found.items(), reverse=True):
        yield Warned(
            _("%(other)s alone can %(what)s; %(controller)s controls the zone.")
            % {"other": other.name, "what": _what(alike, duties), "controller": controller.name},
            _("If that is not meant, have its rules ask for people of %(controller)s, too.")
            % {"controller": controller.name},
            "bad" if decisive else "quiet",
            _authorities(alike),
        )


def _suspended(duties: Duties) -> Iterator[Warned]:
    held = sorted(f"{one.token.label} ({one.person.name})" for one in duties.tokens if one.suspended)
    if held:
        yield Warned(
            ngettext(
                "%(n)d suspended token is counted as lost: %(tokens)s.",
                "%(n)d suspended tokens are counted as lost: %(tokens)s.",
                len(held),
            )
            % {"n": len(held), "tokens": wording.few_names(held)},
            _("This console takes no signature of theirs. A node may, until it is told."),
            "wait",
            tuple(duties.charters),
        )


def _in_both(duties: Duties) -> Iterator[Warned]:
    people = {
        entries[0].name
        for one in duties.answers
        for entries in one.in_both
        if {charter.authority.kind for charter in one.charters} >= {"provider", "zone"}
    }
    if people:
        yield Warned(
            ngettext(
                "%(people)s stands in the charters of both sides.",
                "%(people)s stand in the charters of both sides.",
                len(people),
            )
            % {"people": wording.few_names(sorted(people))},
            _("Each fills one seat for both sides together, and never one that somebody else has to fill."),
            "quiet",
        )


def _what(alike: list[Answer], duties: Duties) -> str:
    """What operations do, within a sentence, and with whom; of many, the first."""
    deeds = [_deed(one, beside(one, duties.authority)) for one in alike]
    return wording.few_names(list(dict.fromkeys(deeds)), "or", most=MOST_NAMED)


def _deed(one: Answer, others: str) -> str:
    deed = wording.verb(one.operation)
    return _("%(deed)s (with %(names)s)") % {"deed": deed, "names": others} if others else deed


def _authorities(alike: list[Answer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(charter.authority.id for one in alike for charter in one.charters))


def _name_of(duties: Duties, organisation: str) -> str:
    for charter in duties.charters.values():
        if (found := _in(charter, organisation)) is not None:
            return found
    return organisation


def _in(charter: Charter, organisation: str) -> str | None:
    names = (one.organisation.name for one in charter.people if one.organisation.id == organisation)
    return next(names, None)
