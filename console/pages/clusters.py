"""Clusters: the list, and one with its members, their load, and how its zones stand on them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from console.pages.cluster_view import ClusterView
from console.pages.offers import may_request
from console.pages.seating import few
from console.pages.shell import is_seen, nothing_new, page, version_of
from console.sessions import person_required
from hsmnodes.access import visible_clusters, visible_nodes
from hsmnodes.node.operations.registry import operation
from tenants import access, tags
from tenants.models import Person


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """Every cluster the person sees."""
    person: Person = request.person
    found = [ClusterView(one, person) for one in visible_clusters(person).order_by("name")]
    alone = visible_nodes(person).filter(cluster=None, enrolled_at__isnull=False).order_by("name")
    return page(
        request,
        "console/clusters/index.html",
        "nodes",
        clusters=[one for one in found if not one.cluster.is_dissolved],
        alone=alone.select_related("data_centre"),
        may_form=may_request(operation(tags.FORM_CLUSTER), person),
    )


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One cluster."""
    return page(request, "console/clusters/cluster.html", "nodes", **_context(request, key))


@require_GET
@person_required
def live(request: HttpRequest, key: str) -> HttpResponse:
    """What moves on the page of a cluster."""
    context = _context(request, key)
    if is_seen(request, str(context["version"])):
        return nothing_new()
    return render(request, "console/clusters/live.html", context)


def _context(request: HttpRequest, key: str) -> dict[str, object]:
    person: Person = request.person
    cluster = access.get_visible(visible_clusters(person).select_related("proposal"), key)
    view = ClusterView(cluster, person)
    return {
        "view": view,
        "cluster": cluster,
        "pending": [(one, few(one)) for one in view.pending],
        "may_change": may_request(operation(tags.JOIN_CLUSTER), person),
        "may_agree": not view.whole and may_request(operation(tags.AGREE_TO_CLUSTER), person),
        "version": version_of(
            cluster.revision,
            [(one.node.pk, one.node.status, one.node.keys_held, one.follows) for one in view.members],
            [(zone.pk, [(one.standing.state, one.standing.has) for one in row]) for zone, row in view.zones],
            [(one.pk, one.state, one.seats_filled) for one in view.pending],
        ),
    }
