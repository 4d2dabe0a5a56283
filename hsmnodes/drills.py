"""Drills that were held, and those that are due: a share that nobody has tried may be lost already."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from hsmnodes.access import visible_share_sets
from hsmnodes.models import Receipt
from hsmnodes.node.protocol.documents import Outcome
from tenants import clock, tags
from tenants.access import Viewer
from tenants.models import Proposal, State, TrustZone


@dataclass(frozen=True)
class OverdueDrill:
    """A zone whose custodians have not proved for too long that their shares rebuild the key."""

    zone: TrustZone
    since: datetime


def last_drill(zone: TrustZone) -> Receipt | None:
    """The receipt of the last drill that succeeded."""
    held = Receipt.objects.filter(
        proposal__zone=zone, proposal__operation=tags.DRILL_BACKUP_KEY, outcome=Outcome.DONE.value
    )
    return held.select_related("node").order_by("-at").first()


def due_at(last: datetime) -> datetime:
    """When the next drill is due, after a split or drill at `last`."""
    return last + timedelta(days=settings.DRILL_DAYS)


def overdue(viewer: Viewer) -> list[OverdueDrill]:
    """The zones that `viewer` sees and whose drill is overdue."""
    sets = visible_share_sets(viewer).values("zone").annotate(at=Max("created_at"))
    split_at = dict(sets.values_list("zone", "at"))
    drills = Proposal.objects.filter(zone__in=split_at, operation=tags.DRILL_BACKUP_KEY, state=State.DONE)
    drilled_at = dict(drills.values("zone").annotate(at=Max("finished_at")).values_list("zone", "at"))
    since = {zone: max(at, drilled_at.get(zone, at)) for zone, at in split_at.items()}
    late = [zone for zone, at in since.items() if due_at(at) <= clock.now()]
    return [OverdueDrill(zone, since[zone.pk]) for zone in TrustZone.objects.filter(pk__in=late)]
