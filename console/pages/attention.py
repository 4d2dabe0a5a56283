"""What needs somebody's attention, with what to do about it."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages.custody import Custody
from console.pages.duties_warnings import SOON
from console.pages.recovering import recoveries
from console.pages.topology import status_advice
from hsmnodes import drills
from hsmnodes.access import visible_nodes
from hsmnodes.models import NodeStatus
from tenants import access, charters, clock
from tenants.analysis.deciding import Weakness
from tenants.analysis.questions import Answer
from tenants.duties import duties_under
from tenants.models import CharterState, CharterVersion, Person, Severity, State
from tenants.standing import standings_of

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
    looks = (_recoveries, _alarms, _nodes, _proposals, _custody, _charters, _statements, _drills, _own_tokens)
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


def _recoveries(person: Person) -> list[Concern]:
    """Recoveries below quorum that were begun: whoever is surprised cancels them."""
    return [
        Concern(
            _("A recovery of the charter of %(name)s was begun") % {"name": one.name},
            _("It comes into force on %(date)s, unless somebody in that charter cancels it.")
            % {"date": date_format(one.due_at, "j F Y, H:i")}
            if one.due_at
            else _("It collects signatures. Whoever is in that charter can cancel it, now and later."),
            reverse("proposal", args=[one.proposal.pk]),
            "bad",
        )
        for one in recoveries(person)
    ]


def _statements(person: Person) -> list[Concern]:
    """Services where what is in force differs from what both sides signed."""
    services = access.visible_services(person).filter(statements__signed__isnull=False).distinct()
    services = services.select_related("customer")
    return [
        Concern(
            _("%(name)s: what is in force differs from the signed statement of duties")
            % {"name": standing.service.name},
            standing.differences[0].sentence,
            reverse("service-statement", args=[standing.service.pk]),
        )
        for standing in standings_of(list(services))
        if not standing.holds
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
    own = in_force.select_related("zone__service", "organisation")
    return ending + [
        _no_spare(one, count)
        for one in own
        if person.id in charters.document_of(one).persons and (count := _tight(one, person))
    ]


def _tight(version: CharterVersion, person: Person) -> int:
    """How many operations become impossible when one person is lost whom this charter asks for."""
    return len(
        {
            one.operation
            for one in duties_under(version, person).answers
            for weakness in one.stays.weaknesses
            if one.stays.spare == 0 and _asks(one, weakness, version.authority)
        }
    )


def _asks(one: Answer, weakness: Weakness, authority: str) -> bool:
    clauses = one.stays.seating.clauses
    asked = {clauses[index][0].authority.id for index in weakness.clauses}
    return authority in asked or not asked


def _no_spare(version: CharterVersion, count: int) -> Concern:
    address = (
        reverse("zone-duties", args=[version.zone_id])
        if version.zone_id
        else reverse("organisation-duties", args=[version.organisation_id])
    )
    return Concern(
        _("%(name)s has nobody to spare") % {"name": version.name},
        ngettext(
            "%(n)d operation becomes impossible when one person is away. Admit another person.",
            "%(n)d operations become impossible when one person is away. Admit another person.",
            count,
        )
        % {"n": count},
        address,
    )


def _custody(person: Person) -> list[Concern]:
    """Zones in which the person has a duty, and of whose backup key shares are lost or none can be."""
    split = access.visible_zones(person).filter(share_sets__isnull=False).distinct()
    in_force = charters.in_force(split.values_list("pk", flat=True))
    mine = [zone for zone, charter in in_force.items() if person.id in charter.persons]
    found = []
    for zone in split.filter(pk__in=mine):
        loss = Custody(zone, person).loss
        if loss is not None:
            where = f"{reverse('zone', args=[zone.pk])}#losses"
            advice = loss.steps[0].text if loss.steps else ""
            found.append(Concern(f"{zone.name}: {loss.title}", advice, where, loss.state))
    return found


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
