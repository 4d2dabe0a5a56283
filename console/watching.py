"""What nobody does, and people are to be told of all the same: looked for by the worker from time to time.

The count of shares and the words for a loss are those of the custody page.
"""

from django.utils.translation import gettext as _

from console.pages.custody import Custody
from hsmnodes import drills, watching
from hsmnodes.node.protocol import canonical
from tenants.access import AnyoneOf
from tenants.models import Organisation, OrganisationKind, Service, TrustZone
from tenants.notices import deadlines, kinds, occasions
from tenants.standing import standings_of


def look() -> None:
    """Look at everything: ends that come near, silent nodes, custody, statements, drills."""
    deadlines.note_deadlines()
    watching.note_silent_nodes()
    note_losses()
    note_broken_statements()
    note_overdue_drills()


def note_losses() -> None:
    """Note each zone whose backup key can lose no share any more, or has lost some: once a state of it."""
    split = TrustZone.objects.filter(share_sets__isnull=False).distinct()
    for zone in split.select_related("service__customer"):
        custody = Custody(zone, AnyoneOf(zone.service.customer))
        if custody.share_set is None or custody.loss is None:
            continue
        usable = [line.share.index for line in custody.lines if not line.problem]
        _note(
            zone,
            kinds.CUSTODY_AT_RISK,
            f"{custody.share_set.pk}:{canonical.sha256_hex(repr(usable).encode())[:32]}",
            f"{zone.name}: {custody.loss.title}",
        )


def note_broken_statements() -> None:
    """Note each service where charters in force depart from what both sides signed: once a state of it."""
    services = Service.objects.filter(statements__signed__isnull=False).distinct()
    for standing in standings_of(services.select_related("customer")):
        service = standing.service
        if standing.signed is None or standing.holds:
            continue
        said = "\n".join(one.sentence for one in standing.differences)
        occasions.note(
            key=f"{kinds.STATEMENT_BROKEN}:{standing.signed.pk}:{canonical.sha256_hex(said.encode())[:32]}",
            event=kinds.STATEMENT_BROKEN,
            summary=_("%(name)s: what is in force differs from the statement of duties. %(first)s")
            % {"name": service.name, "first": standing.differences[0].sentence},
            subject=("service", service.pk),
            provider=service.provider_id,
            customer=service.customer_id,
        )


def note_overdue_drills() -> None:
    """Note each zone whose drill is overdue, once for each split or drill that it counts from."""
    for provider in Organisation.objects.filter(kind=OrganisationKind.PROVIDER):
        for one in drills.overdue(AnyoneOf(provider)):
            _note(
                one.zone,
                kinds.DRILL_OVERDUE,
                f"{one.since:%Y-%m-%dT%H:%M:%S}",
                _("A drill of %(name)s is overdue: its custodians last proved on %(date)s that it works.")
                % {"name": one.zone.name, "date": f"{one.since:%d %b %Y}"},
            )


def _note(zone: TrustZone, event: str, mark: str, summary: str) -> None:
    occasions.note(
        key=f"{event}:{zone.pk}:{mark}",
        event=event,
        summary=summary,
        subject=("zone", zone.pk),
        provider=zone.service.provider_id,
        customer=zone.service.customer_id,
    )
