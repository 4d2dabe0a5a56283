"""Which machines, slots and keys a person sees: a provider its own, a customer those it is served by."""

from django.db.models import Prefetch, QuerySet

from hsmnodes.models import (
    Application,
    ApplicationSuspension,
    ApplicationToken,
    Backup,
    Ceremony,
    Cluster,
    DataCentre,
    Epoch,
    Key,
    Node,
    Receipt,
    ShareSet,
    Slot,
)
from hsmnodes.models.node import NodeQuerySet
from tenants.access import Viewer, visible_proposals, visible_zones


def visible_nodes(viewer: Viewer) -> NodeQuerySet:
    """A provider's own nodes; for a customer the nodes that its services were started on."""
    own = viewer.organisation
    if own.is_provider:
        return Node.objects.filter(provider=own)
    return Node.objects.filter(placements__service__customer=own).distinct()


def visible_clusters(viewer: Viewer) -> QuerySet[Cluster]:
    """A provider's own clusters; for a customer those that such nodes are members of."""
    own = viewer.organisation
    if own.is_provider:
        return Cluster.objects.filter(provider=own)
    return Cluster.objects.filter(pk__in=visible_nodes(viewer).values("cluster"))


def visible_data_centres(viewer: Viewer) -> QuerySet[DataCentre]:
    """Where those nodes stand; a provider's also while they are empty."""
    own = viewer.organisation
    if own.is_provider:
        return DataCentre.objects.filter(provider=own)
    return DataCentre.objects.filter(nodes__in=visible_nodes(viewer)).distinct()


def visible_slots(viewer: Viewer) -> QuerySet[Slot]:
    """The slots of the zones they see."""
    return Slot.objects.filter(zone__in=visible_zones(viewer))


def visible_keys(viewer: Viewer) -> QuerySet[Key]:
    """The keys of the zones they see."""
    return Key.objects.filter(zone__in=visible_zones(viewer))


def visible_applications(viewer: Viewer) -> QuerySet[Application]:
    """The applications of the zones they see, with the tokens that they have, and what suspends them."""
    living = ApplicationToken.objects.filter(removed_at=None).select_related("slot__node")
    suspended = ApplicationSuspension.objects.filter(lifted_at=None).select_related("by").defer("raw")
    found = Application.objects.filter(zone__in=visible_zones(viewer))
    return found.prefetch_related(
        Prefetch("tokens", living, to_attr="living"), Prefetch("suspensions", suspended, to_attr="suspended")
    )


def visible_share_sets(viewer: Viewer) -> QuerySet[ShareSet]:
    """How the backup keys of the zones they see were split."""
    return ShareSet.objects.filter(zone__in=visible_zones(viewer))


def visible_backups(viewer: Viewer) -> QuerySet[Backup]:
    """The backups of the zones they see."""
    return Backup.objects.filter(zone__in=visible_zones(viewer))


def visible_ceremonies(viewer: Viewer) -> QuerySet[Ceremony]:
    """Those for the proposals they see."""
    return Ceremony.objects.filter(proposal__in=visible_proposals(viewer))


def visible_epochs(viewer: Viewer) -> QuerySet[Epoch]:
    """The backup keys of the zones they see, those that were rotated out, too."""
    return Epoch.objects.filter(slot__zone__in=visible_zones(viewer))


def visible_receipts(viewer: Viewer) -> QuerySet[Receipt]:
    """For a provider all receipts of its nodes; for a customer those about the proposals it sees."""
    own = viewer.organisation
    if own.is_provider:
        return Receipt.objects.filter(node__provider=own)
    return Receipt.objects.filter(proposal__in=visible_proposals(viewer))
