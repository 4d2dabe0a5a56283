"""What needs somebody's attention, with what to do about it."""

from datetime import timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages.application_states import application_concerns
from console.pages.attending import Concern
from console.pages.cluster_concerns import agreements_wanted
from console.pages.cluster_view import Cell, cells_not_in_step
from console.pages.custody import Custody
from console.pages.duties_warnings import SOON
from console.pages.places import path_to
from console.pages.quorum_concerns import quorum_concerns
from console.pages.recovering import recoveries
from console.pages.topology import status_advice
from hsmnodes import drills
from hsmnodes.access import visible_nodes
from hsmnodes.models import Alarm, NodeStatus
from tenants import access, charters, clock
from tenants.duties import duties_under
from tenants.models import CharterState, CharterVersion, Person, Proposal, State
from tenants.notices import kinds
from tenants.notices.kinds import KINDS
from tenants.standing import standings_of
from tenants.unread_alarms import unread_alarms

RECENT = timedelta(days=7)
MOST_NODES = 8
MOST_ENDING = 10
MOST_OWN = 20


def concerns(person: Person) -> list[Concern]:
    """Everything that needs attention in what `person` sees, the gravest first."""
    looks = (
        *(_recoveries, _alarms, _nodes, _not_in_step, _conditions, _proposals, agreements_wanted),
        *(application_concerns, _custody, _charters, _statements, _drills, _own_tokens),
    )
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
    count = unread_alarms(person).count()
    if not count:
        return []
    title = ngettext("%(n)d alarm that you have not read", "%(n)d alarms that you have not read", count)
    advice = _("Read what happened, and who has to act.")
    return [Concern(title % {"n": count}, advice, f"{reverse('log')}?severity=alarm", "bad")]


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
    troubled = [
        (node, colours.get(node.status, "wait"))
        for node in visible_nodes(person).in_brief().order_by("name")
        if node.status in colours or node.is_waiting
    ]
    more = len(troubled) - MOST_NODES
    shown = troubled[: MOST_NODES - 1] if more > 0 else troubled
    found = [
        Concern(
            _("%(name)s: waits for its peers") % {"name": node.name}
            if node.is_waiting
            else f"{node.name}: {node.status.label.lower()}",
            (node.whole_reason if person.organisation_id == node.provider_id else node.status_reason)
            or status_advice(node),
            reverse("node", args=[node.pk]),
            colour,
        )
        for node, colour in shown
    ]
    if more > 0:
        title = _("%(n)d more HSMs are late, offline or out of step") % {"n": more + 1}
        advice = _("So many at once: look at the console's worker and the broker first.")
        found.append(Concern(title, advice, reverse("nodes"), "bad"))
    return found


def _conditions(person: Person) -> list[Concern]:
    """What lasts of nodes and zones, and is not said by a node's state already."""
    nodes, zones = visible_nodes(person), access.visible_zones(person)
    lasting = Alarm.objects.filter(ended_at=None, told_at__isnull=False)
    own = lasting.filter(event__in=[kinds.NODE_CLOCK, kinds.NODE_DISK], subject__in=nodes.values("pk"))
    found = [*lasting.filter(event=kinds.ZONE_OUT_OF_STEP, subject__in=zones.values("pk"))]
    if person.organisation.is_provider:
        found += own
    return [
        Concern(
            KINDS[alarm.event].title,
            alarm.words,
            path_to(alarm.subject_kind, alarm.subject),
            "bad" if alarm.event == kinds.NODE_DISK else "odd",
        )
        for alarm in found
    ]


def _not_in_step(person: Person) -> list[Concern]:
    """Zones of which an HSM says that it is not in step with its cluster."""
    return [
        Concern(
            _("%(node)s, %(zone)s: %(state)s since %(date)s")
            % {
                "node": one.standing.node.name,
                "zone": one.standing.zone.name,
                "state": one.label.lower(),
                "date": date_format(one.standing.since, "j F Y, H:i"),
            },
            _waits_for(one) or one.explanation,
            reverse("node", args=[one.standing.node.pk]),
            one.colour.removeprefix("state-"),
        )
        for one in cells_not_in_step(list(visible_nodes(person)), person)
    ]


def _waits_for(cell: Cell) -> str:
    first = next(iter(cell.standing.waiting), None)
    return _("Waiting for: %(sentence)s") % {"sentence": first.sentence} if first is not None else ""


def _proposals(person: Person) -> list[Concern]:
    since = clock.now() - RECENT
    troubled = access.visible_proposals(person).filter(
        state__in=[State.INDETERMINATE, State.FAILED, State.REFUSED], finished_at__gte=since
    )
    return [
        Concern(
            _("Waits for a zone to agree: %(what)s") % {"what": one.sentence}
            if one.waits_for_agreement
            else f"{one.get_state_display()}: {one.sentence}",
            one.detail,
            reverse("proposal", args=[one.pk]),
            _level(one),
        )
        for one in troubled.order_by("-created_at")[:5]
    ]


def _level(proposal: Proposal) -> str:
    if proposal.waits_for_agreement:
        return "wait"
    return "odd" if proposal.state == State.INDETERMINATE else "bad"


def _charters(person: Person) -> list[Concern]:
    in_force = access.visible_charters(person).filter(state=CharterState.IN_FORCE)
    ending = [
        Concern(
            _("The charter of %(name)s ends soon") % {"name": one.name},
            _("Amend it before then: an expired charter authorises nothing but its own renewal."),
            reverse("charter", args=[one.pk]),
        )
        for one in in_force.filter(valid_until__lte=clock.now() + SOON).order_by("valid_until")[:MOST_ENDING]
    ]
    named = charters.naming(in_force, person.id)
    own = named.select_related("zone__service", "organisation").order_by("kind", "name")[:MOST_OWN]
    found = ending + [
        concern
        for one in own
        if person.id in charters.document_of(one).persons
        for concern in quorum_concerns(one, duties_under(one, person).answers)
    ]
    if (more := named.count() - MOST_OWN) > 0:
        title = _("%(n)d more of your charters are not looked through here") % {"n": more}
        advice = _("“Who can do what” says of each whether somebody can be spared.")
        found.append(Concern(title, advice, reverse("duties")))
    return found


def _custody(person: Person) -> list[Concern]:
    """Zones in which the person has a duty, and of whose backup key shares are lost or none can be."""
    split = access.visible_zones(person).filter(share_sets__isnull=False).distinct()
    in_force = CharterVersion.objects.filter(zone__in=split, state=CharterState.IN_FORCE)
    mine = [
        one.zone_id
        for one in charters.naming(in_force, person.id)
        if person.id in charters.document_of(one).persons
    ]
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
