"""Trust Zones whose applications a member of a cluster does not serve, by what it says of itself."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from hsmnodes.alarms import Found
from hsmnodes.models import Node, Slot
from hsmnodes.standing import Standing, Stands, not_in_step
from tenants.models import TrustZone

NOT_SERVED = ("out", "waiting")  # see hsmnodes/node/agent/in_step.py


def zones_out_of_service(nodes: Sequence[Node]) -> Iterator[Found]:
    """Each zone on each of these nodes, which are ready, that is not served there."""
    out = {
        (said["zone"], node.pk) for node in nodes for said in node.standings if said["state"] in NOT_SERVED
    }
    if not out:
        return
    zones = TrustZone.objects.filter(pk__in={zone for zone, _node in out}).select_related("service")
    placed = set(Slot.objects.filter(zone__in=zones, removed_at=None).values_list("zone", "node"))
    for standing in not_in_step(nodes, zones):
        if not standing.serves:
            here = standing.zone.pk
            yield _found(standing, [one.name for one in nodes if (here, one.pk) in placed - out])


def _found(standing: Standing, elsewhere: Sequence[str]) -> Found:
    zone, node = standing.zone, standing.node
    names = {"zone": zone.name, "node": node.name}
    served = (
        _("Its applications are served on %(nodes)s.") % {"nodes": ", ".join(sorted(elsewhere))}
        if elsewhere
        else _("No HSM that is heard of serves it.")
    )
    words = _("%(zone)s is out of service on %(node)s: %(why)s %(served)s %(what)s") % {
        **names,
        "why": _why(standing),
        "served": served,
        "what": _what_to_do(standing),
    }
    return Found(
        "zone",
        zone.pk,
        words,
        _("%(zone)s is no longer out of service on %(node)s.") % names,
        zone.service.provider_id,
        (zone.service.customer_id,),
        node=node.pk,
        since=standing.since,
    )


def _why(standing: Standing) -> str:
    if standing.state is Stands.WAITING:
        return _("it has started, and the other members of its cluster have not said yet what they have.")
    return _("it lacks a change of the keys that %(peer)s has.") % {"peer": standing.peer}


def _what_to_do(standing: Standing) -> str:
    """What would bring it back: it serves again by itself once it is in step."""
    first = next(iter(standing.waiting), None)
    if first is not None:
        return _("It waits for this, which has yet to be carried out there: %(sentence)s") % {
            "sentence": first.sentence
        }
    if standing.state is Stands.WAITING:
        return _("See that the other members, the broker and the console's worker run.")
    return _(
        "Compare the zone's HSMs on its page: what it lacks has to be brought there, by a restore or anew."
    )
