"""Trust Zones: the list, and one with its keys, people, places, proposals and charter."""

from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from console.pages.charter_view import CharterView, latest_of
from console.pages.custody import Custody
from console.pages.offers import founds_zones
from console.pages.seating import few
from console.pages.shell import page
from console.pages.sorting import Sorting, sorting_of
from console.pages.spreadsheets import MOST_ROWS, csv_file
from console.sessions import person_required
from hsmnodes.access import visible_backups, visible_keys, visible_slots
from hsmnodes.models import Epoch, Key
from tenants import access
from tenants.listing import page_of
from tenants.models import Person, TrustZone

COLUMNS = ("zone", "name", "customer", "service", "controller", "nodes", "keys", "founded")
KEY_COLUMNS = ("key", "label", "algorithm", "usages", "node", "proposal", "created", "destroyed")
SORTED_BY = {
    "zone": "name",
    "customer": "service__customer__name",
    "service": "service__name",
    "controller": "controller",
    "keys": "living_keys",
}
KEYS_SORTED_BY = {"label": "label", "algorithm": "algorithm", "made": "created_at"}
KEYS_SHOWN = 50
PROPOSALS_SHOWN = 8
BACKUPS_SHOWN = 3


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """Every zone the person sees."""
    return page(
        request,
        "console/zones/index.html",
        "zones",
        zones=_zones(request),
        sorting=_sorting(request),
        q=_text(request),
        can_found=founds_zones(request.person),
    )


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One zone."""
    person: Person = request.person
    zone = access.get_visible(access.visible_zones(person).select_related("service__customer__provider"), key)
    keys = _keys(request, person, zone)
    sorting = _key_sorting(request)
    found = page_of(
        keys,
        cursor=request.GET.get("cursor"),
        size=KEYS_SHOWN,
        by=sorting.by,
        ascending=not sorting.descending,
    )
    proposals = access.listed_proposals(person).filter(zone=zone)
    charter = latest_of(zone.pk, person)
    return page(
        request,
        "console/zones/zone.html",
        "zones",
        zone=zone,
        stage=_stage(zone, charter),
        found=found,
        sorting=sorting,
        filtered=bool(request.GET.get("q") or request.GET.get("keys")),
        slots=visible_slots(person)
        .filter(zone=zone)
        .select_related("node__data_centre", "proposal")
        .prefetch_related(Prefetch("epochs", Epoch.objects.filter(retired_at=None))),
        proposals=[(one, few(one)) for one in proposals.select_related("requester")[:PROPOSALS_SHOWN]],
        charter=charter,
        custody=Custody(zone, person),
        backups=visible_backups(person).filter(zone=zone).select_related("node")[:BACKUPS_SHOWN],
        may_propose=access.may_propose(person, [zone.pk]),
    )


@require_GET
@person_required
def export_keys(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """The keys of one zone as CSV, as filtered."""
    zone = access.get_visible(access.visible_zones(request.person), key)
    keys = _keys(request, request.person, zone).order_by(*_key_sorting(request).order)[:MOST_ROWS]
    return csv_file("keys", KEY_COLUMNS, map(_key_row, keys.iterator()))


@require_GET
@person_required
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The zones as CSV, as filtered."""
    return csv_file("zones", COLUMNS, map(_row, _zones(request)[:MOST_ROWS]))


def _row(zone: TrustZone) -> tuple[object, ...]:
    slots = ", ".join(slot.node.name for slot in zone.zone_slots.all())
    service = zone.service
    keys, founded = zone.living_keys, zone.founded_at
    return zone.pk, zone.name, service.customer.name, service.name, zone.controller, slots, keys, founded


def _key_row(key: Key) -> tuple[object, ...]:
    usages = ", ".join(key.usages)
    made = key.proposal_id, key.created_at, key.destroyed_at
    return key.pk, key.label, key.algorithm, usages, key.slot.node.name, *made


def _zones(request: HttpRequest) -> QuerySet[TrustZone]:
    text = _text(request)
    zones = (
        access.visible_zones(request.person)
        .select_related("service__customer")
        .prefetch_related("zone_slots__node")
        .annotate(living_keys=Count("hsm_keys", filter=Q(hsm_keys__destroyed_at=None), distinct=True))
        .order_by(*_sorting(request).order)
    )
    if text:
        zones = zones.filter(
            Q(name__icontains=text)
            | Q(service__customer__name__icontains=text)
            | Q(pk__startswith=text.lower())
        )
    return zones


def _sorting(request: HttpRequest) -> Sorting:
    return sorting_of(request, SORTED_BY, "customer", then="name")


def _key_sorting(request: HttpRequest) -> Sorting:
    return sorting_of(request, KEYS_SORTED_BY, "-made")


def _text(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:80]


def _keys(request: HttpRequest, person: Person, zone: TrustZone) -> QuerySet[Key]:
    keys = visible_keys(person).filter(zone=zone).select_related("slot__node")
    text, alive = _text(request), request.GET.get("keys", "")
    if alive == "destroyed":
        keys = keys.exclude(destroyed_at=None)
    elif alive != "any":
        keys = keys.filter(destroyed_at=None)
    if text:
        keys = keys.filter(
            Q(label__icontains=text) | Q(algorithm__icontains=text) | Q(pk__startswith=text.lower())
        )
    return keys


def _stage(zone: TrustZone, charter: CharterView | None) -> dict[str, Any]:
    """How far the founding is: the one thing to do next."""
    if zone.founded_at is None:
        ready = charter is not None and not charter.unsigned
        return {"next": "propose" if ready else "sign" if charter else "draft"}
    return {"next": "" if zone.zone_slots.exists() else "slot"}
