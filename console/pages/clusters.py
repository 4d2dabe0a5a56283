"""Clusters: the list, and one with its members, their load, and how its zones stand on them."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from console.pages.charts import shown_history
from console.pages.cluster_view import ClusterView
from console.pages.offers import may_request
from console.pages.seating import few
from console.pages.shell import is_seen, nothing_new, page, version_of
from console.pages.spreadsheets import csv_file
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
    context = _context(request, key)
    return page(
        request, "console/clusters/cluster.html", "nodes", **context, **_history(request, context["view"])
    )


@require_GET
@person_required
def live(request: HttpRequest, key: str) -> HttpResponse:
    """What moves on the page of a cluster."""
    context = _context(request, key)
    if is_seen(request, str(context["version"])):
        return nothing_new()
    return render(request, "console/clusters/live.html", context)


@require_GET
@person_required
def export_history(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """How the members that the person sees were, together, as CSV: the points of the charts."""
    view = _view(request, key)
    history = _history(request, view).get("history")
    columns, rows = (history.columns, history.rows) if history is not None else ((), ())
    return csv_file(f"{view.cluster.name}-history", columns, rows)


def _view(request: HttpRequest, key: str) -> ClusterView:
    person: Person = request.person
    return ClusterView(access.get_visible(visible_clusters(person).select_related("proposal"), key), person)


def _history(request: HttpRequest, view: ClusterView) -> dict[str, Any]:
    """What there is to show of its members as they are now; nothing where it has none."""
    if not view.nodes:
        return {}
    file = reverse("cluster-history", args=[view.cluster.pk])
    return shown_history(view.nodes, request, whole=view.whole, file=file) | {"names_members": True}


def _context(request: HttpRequest, key: str) -> dict[str, Any]:
    person: Person = request.person
    view = _view(request, key)
    cluster = view.cluster
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
