"""What needs somebody's attention, with what to do about it."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages.topology import status_advice
from hsmnodes import drills
from hsmnodes.access import visible_nodes
from hsmnodes.models import NodeStatus
from hsmnodes.node.protocol.consistency import without_spare
from tenants import access, charters, clock
from tenants.models import CharterState, CharterVersion, Person, Severity, State

SOON = timedelta(days=30)
RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Concern:
    """One thing to look at; `state` gives its colour."""

    title: str
    advice: str
    address: str
    state: str = "wait"


def concerns(person: Person) -> list[Concern]:
    """Everything that needs attention in what `person` sees, the gravest first."""
    looks = (_alarms, _nodes, _proposals, _charters, _drills, _own_tokens)
    found = [concern for look in looks for concern in look(person)]
    order = {"bad": 0, "odd": 1, "wait": 2}
    return sorted(found, key=lambda one: order[one.state])


def charters_to_sign(person: Person) -> list[CharterVersion]:
    """Charters that collect signatures and lack one of this person's."""
    collecting = access.visible_charters(person).filter(state=CharterState.COLLECTING).order_by("created_at")
    return [
        version
        for version in collecting
        if any(one.person == person.id for one in charters.unsigned(version))
    ]


def _alarms(person: Person) -> list[Concern]:
    since = clock.now() - RECENT
    count = access.visible_log(person).filter(severity=Severity.ALARM, at__gte=since).count()
    if not count:
        return []
    title = ngettext("%(n)d alarm in the last 7 days", "%(n)d alarms in the last 7 days", count) % {
        "n": count
    }
    return [
        Concern(
            title, _("Read what happened, and who has to act."), f"{reverse('log')}?severity=alarm", "bad"
        )
    ]


def _nodes(person: Person) -> list[Concern]:
    colours = {NodeStatus.OFFLINE: "bad", NodeStatus.OUT_OF_STEP: "odd", NodeStatus.LATE: "wait"}
    return [
        Concern(
            f"{node.name}: {node.status.label.lower()}",
            node.status_reason or status_advice(node),
            reverse("node", args=[node.pk]),
            colours[node.status],
        )
        for node in visible_nodes(person)
        if node.status in colours
    ]


def _proposals(person: Person) -> list[Concern]:
    since = clock.now() - RECENT
    troubled = access.visible_proposals(person).filter(
        state__in=[State.INDETERMINATE, State.FAILED, State.REFUSED], finished_at__gte=since
    )
    return [
        Concern(
            f"{one.get_state_display()}: {one.sentence}",
            one.detail,
            reverse("proposal", args=[one.pk]),
            "odd" if one.state == State.INDETERMINATE else "bad",
        )
        for one in troubled.order_by("-created_at")[:5]
    ]


def _charters(person: Person) -> list[Concern]:
    in_force = access.visible_charters(person).filter(state=CharterState.IN_FORCE)
    ending = [
        Concern(
            _("The charter of %(name)s ends soon") % {"name": one.name},
            _("Amend it before then: an expired charter authorises nothing but its own renewal."),
            reverse("charter", args=[one.pk]),
        )
        for one in in_force.filter(valid_until__lte=clock.now() + SOON)
    ]
    return ending + [_no_spare(one) for one in in_force if _is_tight(one, person)]


def _is_tight(version: CharterVersion, person: Person) -> bool:
    """Whether a charter in which the person stands has nobody to spare."""
    charter = charters.document_of(version)
    return person.id in charter.persons and bool(without_spare(charter))


def _no_spare(version: CharterVersion) -> Concern:
    count = len(without_spare(charters.document_of(version)))
    return Concern(
        _("%(name)s has nobody to spare") % {"name": version.name},
        ngettext(
            "%(n)d operation becomes impossible when one person is away. Admit another person.",
            "%(n)d operations become impossible when one person is away. Admit another person.",
            count,
        )
        % {"n": count},
        reverse("charter", args=[version.pk]),
    )


def _drills(person: Person) -> list[Concern]:
    return [
        Concern(
            _("A drill of %(name)s is overdue") % {"name": one.zone.name},
            _("Its custodians last proved on %(date)s that their shares work. Hold a drill.")
            % {"date": date_format(one.since, "j F Y")},
            reverse("zone", args=[one.zone.pk]),
        )
        for one in drills.overdue(person)
    ]


def _own_tokens(person: Person) -> list[Concern]:
    if person.tokens.filter(suspended_at=None).count() > 1:
        return []
    return [
        Concern(
            _("You have one token"),
            _("If it is lost, you can neither sign in nor sign. Enrol a second one and keep it elsewhere."),
            reverse("settings"),
        )
    ]
