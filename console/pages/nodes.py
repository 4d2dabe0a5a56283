"""HSMs: data centres, the nodes in them, and one node with its slots, receipts and identity."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from console.pages.charts import shown_history
from console.pages.cluster_view import cells_not_in_step
from console.pages.evidence import download, identity_pem
from console.pages.forms.node_forms import DataCentreForm, NodeForm
from console.pages.portions import portion_of
from console.pages.seating import few
from console.pages.shell import form_page, is_seen, nothing_new, page, version_of
from console.pages.sorting import Sorting, sorting_of
from console.pages.spreadsheets import csv_file
from console.pages.topology import picture, status_advice
from console.sessions import person_required
from hsmnodes.access import visible_data_centres, visible_nodes, visible_receipts, visible_slots
from hsmnodes.models import Node
from hsmnodes.registering import add_data_centre, register_node
from tenants import access
from tenants.errors import Invalid
from tenants.listing import page_of
from tenants.models import Person

COLUMNS = (
    "node",
    "name",
    "data_centre",
    "state",
    "identity_sha256",
    "last_heard",
    "journal_sequence",
    "journal_hash",
    "witness",
)
SORTED_BY = {
    "hsm": "name",
    "data-centre": "data_centre__name",
    "heard": "last_seen_at",
    "journal": "journal_sequence",
}
PARENT = ("nodes", gettext_lazy("HSMs"))
RECEIPTS_SHOWN = 15
PROPOSALS_SHOWN = 8


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """All data centres and nodes."""
    person: Person = request.person
    return page(
        request,
        "console/nodes/index.html",
        "nodes",
        picture=picture(person),
        q=_text(request),
        place=request.GET.get("place", ""),
        places=visible_data_centres(person).order_by("name"),
        may_manage=access.may_manage_nodes(person, person.organisation),
        nodes=portion_of(request, _nodes(request)),
        sorting=_sorting(request),
    )


@require_GET
@person_required
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The nodes as CSV."""
    return csv_file("hsms", COLUMNS, map(_row, _nodes(request)))


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One node."""
    context = _context(request, key)
    return page(request, "console/nodes/node.html", "nodes", **context, **_history(request, context["node"]))


@require_GET
@person_required
def live(request: HttpRequest, key: str) -> HttpResponse:
    """What moves on the page of a node."""
    context = _context(request, key)
    if is_seen(request, context["version"]):
        return nothing_new()
    return render(request, "console/nodes/live.html", context)


@require_GET
@person_required
def export_history(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """How a node was, as CSV: the points of the charts."""
    node: Node = access.get_visible(visible_nodes(request.person), key)
    history = _history(request, node)["history"]
    return csv_file(f"{node.name}-history", history.columns, history.rows)


@require_GET
@person_required
def identity(request: HttpRequest, key: str) -> HttpResponse:
    """The public identity key in PEM."""
    node = access.get_visible(visible_nodes(request.person), key)
    return download(identity_pem(node), f"{node.pk}.pem", "application/x-pem-file")


@require_http_methods(["GET", "POST"])
@person_required
def new_data_centre(request: HttpRequest) -> HttpResponse:
    """Add a data centre."""
    person: Person = request.person
    _require_manager(person)
    form = DataCentreForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            add_data_centre(name=form.cleaned_data["name"], by=person)
            return redirect("nodes")
        except Invalid as error:
            form.add_error("name", error.message)
    return form_page(
        request,
        form,
        parent=PARENT,
        title=_("Add a data centre"),
        lead=_("A place where your HSMs stand."),
        button=_("Add"),
    )


@require_http_methods(["GET", "POST"])
@person_required
def register(request: HttpRequest) -> HttpResponse:
    """Register a node; its enrolment is proposed next."""
    person: Person = request.person
    _require_manager(person)
    form = NodeForm(person, request.POST if request.method == "POST" else None, dict(request.GET.items()))
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            node = register_node(
                data_centre=form.places[given["data_centre"]],
                name=given["name"],
                identity=given["identity"],
                by=person,
                module=given["module"],
                node_id=given["node_id"],
            )
            return redirect("node", key=node.pk)
        except Invalid as error:
            form.add_error("identity" if error.code == "bad-identity" else None, error.message)
    lead = _(
        "Run quorate-node init on the machine first. What it prints goes here; afterwards you propose the "
        "node's enrolment, which others approve after comparing the words of its identity key."
    )
    return form_page(
        request, form, parent=PARENT, title=_("Register an HSM"), lead=lead, button=_("Register")
    )


def _nodes(request: HttpRequest) -> QuerySet[Node]:
    """The nodes as filtered and sorted."""
    nodes = visible_nodes(request.person).in_brief().select_related("data_centre")
    if text := _text(request):
        nodes = nodes.filter(Q(name__icontains=text) | Q(pk__startswith=text.lower()))
    if place := request.GET.get("place", ""):
        nodes = nodes.filter(data_centre=place)
    return nodes.order_by(*_sorting(request).order)


def _text(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:80]


def _sorting(request: HttpRequest) -> Sorting:
    return sorting_of(request, SORTED_BY, "data-centre", then="name")


def _row(node: Node) -> tuple[object, ...]:
    place, status = node.data_centre.name, node.status.value
    journal = node.journal_sequence, node.journal_hash
    return node.pk, node.name, place, status, node.identity_hash, node.last_seen_at, *journal, node.witness


def _require_manager(person: Person) -> None:
    access.require(
        access.may_manage_nodes(person, person.organisation),
        _("Data centres and nodes are registered by a provider's HSM administrators."),
    )


def _history(request: HttpRequest, node: Node) -> dict[str, Any]:
    whole = request.person.organisation_id == node.provider_id
    return shown_history([node], request, whole=whole, file=reverse("node-history", args=[node.pk]))


def _charters(node: Node, viewer: Person) -> list[dict[str, Any]]:
    """The charters it said it goes by, each with what is `known` of it here, by name."""
    visible = access.visible_charters(viewer).filter(hash__in=[one["hash"] for one in node.charters])
    known = {one.hash: one for one in visible.only("pk", "name", "hash")}
    rows = [one | {"known": known.get(one["hash"])} for one in node.charters]
    return sorted(rows, key=lambda one: (one["kind"], one["known"].name if one["known"] else ""))


def _context(request: HttpRequest, key: str) -> dict[str, Any]:
    person: Person = request.person
    node: Node = access.get_visible(
        visible_nodes(person).select_related("data_centre", "cluster", "provider"), key
    )
    receipts = visible_receipts(person).filter(node=node).select_related("proposal")
    proposals = access.listed_proposals(person).filter(node=node.pk)
    found = page_of(receipts, cursor=request.GET.get("cursor"), size=RECEIPTS_SHOWN, by="received_at")
    troubled = cells_not_in_step([node], person)
    slots = visible_slots(person).filter(node=node).select_related("zone__service__customer").order_by("name")
    whole = person.organisation_id == node.provider_id
    return {
        "node": node,
        "reason": node.whole_reason if whole else node.status_reason,
        "advice": status_advice(node),
        "not_in_step": troubled,
        "slots": slots,
        "found": found,
        "proposals": [(one, few(one)) for one in proposals.select_related("requester")[:PROPOSALS_SHOWN]],
        "whole": whole,
        "charters": _charters(node, person) if whole else [],
        "may_manage": access.may_manage_nodes(person, node.provider),
        "version": version_of(
            [(one.standing.zone.pk, one.standing.state) for one in troubled],
            node.cluster_id,
            node.status,
            node.reported_state,
            node.journal_sequence,
            node.keys_held,
            node.slots_used,
            len(slots),
            len(found.rows),
        ),
    }
