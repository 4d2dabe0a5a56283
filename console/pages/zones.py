"""Trust Zones: the list, and one with its keys, people, places, proposals and charter."""

from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from console.pages.application_states import Shown, shown
from console.pages.charter_view import CharterView, latest_of
from console.pages.cluster_view import cells_not_in_step
from console.pages.custody import Custody
from console.pages.forms.zone_models import MODELS
from console.pages.offers import founds_zones, may_request
from console.pages.portions import portion_of
from console.pages.saved import SavedViews
from console.pages.seating import few
from console.pages.shell import page
from console.pages.sides import Sides
from console.pages.sorting import Sorting, sorting_of
from console.pages.spreadsheets import MOST_ROWS, csv_file
from console.sessions import person_required
from hsmnodes import successors
from hsmnodes.access import (
    visible_applications,
    visible_backups,
    visible_keys,
    visible_nodes,
    visible_slots,
)
from hsmnodes.models import Epoch, Key, KeyCopy, Node
from hsmnodes.node.operations.key.making import ALGORITHMS
from hsmnodes.node.operations.registry import operation
from hsmnodes.reach import Reach
from tenants import access, tags
from tenants.errors import NotVisible
from tenants.listing import page_of
from tenants.models import OrganisationKind, Person, TrustZone

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
    person: Person = request.person
    return page(
        request,
        "console/zones/index.html",
        "zones",
        zones=portion_of(request, _zones(person, request.GET).order_by(*_sorting(request).order)),
        sorting=_sorting(request),
        saved=SavedViews(request, "zones", reverse("zones"), lambda asked: _zones(person, asked)),
        q=_text(request.GET),
        can_found=founds_zones(person),
    )


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One zone."""
    person: Person = request.person
    zone = access.get_visible(
        access.visible_zones(person).select_related("service__customer__provider", "service__provider"), key
    )
    sorting = _key_sorting(request)
    found = page_of(
        _keys(person, zone, request.GET),
        cursor=request.GET.get("cursor"),
        size=KEYS_SHOWN,
        by=sorting.by,
        ascending=not sorting.descending,
    )
    proposals = access.listed_proposals(person).filter(zone=zone)
    charter = latest_of([zone.pk], person).get(zone.pk)
    custody = Custody(zone, person)
    document = charter.document if charter else None
    return page(
        request,
        "console/zones/zone.html",
        "zones",
        zone=zone,
        stage=_stage(zone, charter),
        found=found,
        sorting=sorting,
        saved=SavedViews(request, "keys", request.path, lambda asked: _keys(person, zone, asked)),
        filtered=bool(request.GET.get("q") or request.GET.get("keys")),
        not_in_step=cells_not_in_step(
            list(visible_nodes(person).filter(zone_slots__zone=zone)), person, zone
        ),
        slots=visible_slots(person)
        .filter(zone=zone)
        .select_related("node__data_centre", "proposal")
        .prefetch_related(Prefetch("epochs", Epoch.objects.filter(retired_at=None))),
        proposals=[(one, few(one)) for one in proposals.select_related("requester")[:PROPOSALS_SHOWN]],
        charter=charter,
        custody=custody,
        sides=Sides(zone, document, custody.holders),
        reachable=successors.reachable(zone.pk).count(),
        leftover=Sides(zone, document, custody.holders_in_force).leftover,
        applications=applications_of(zone, person),
        backups=visible_backups(person).filter(zone=zone).select_related("node")[:BACKUPS_SHOWN],
        may_propose=access.may_propose(person, [zone.pk]),
        may_hand_over=_may_hand_over(zone, person),
        may_start=_may_as_provider(tags.START_SERVICE, zone, person),
        may_place=access.may_propose(person, [zone.pk]) or _may_as_provider(tags.EXTEND_ZONE, zone, person),
    )


def applications_of(zone: TrustZone, person: Person) -> list[tuple[Shown, list[Node]]]:
    """The applications of a zone that were not removed, each with the HSMs there that do not serve it."""
    found = visible_applications(person).filter(zone=zone, removed_at=None).order_by("name")
    reach = Reach(zone.pk)
    return [(shown(one), reach.without(one)) for one in found.select_related("proposal")]


def _may_hand_over(zone: TrustZone, person: Person) -> bool:
    return zone.founded_at is not None and access.may_propose(person, [zone.pk])


def _may_as_provider(tag: str, zone: TrustZone, person: Person) -> bool:
    """Whether the person can propose for the provider, which alone knows HSMs that have none of the zone."""
    return person.organisation_id == zone.service.provider_id and may_request(operation(tag), person)


@require_GET
@person_required
def hand_over(request: HttpRequest, key: str) -> HttpResponse:
    """How control of a zone goes to the other side: what goes over, who signs, and what it does not do."""
    person: Person = request.person
    zone = access.get_visible(
        access.visible_zones(person).select_related("service__customer", "service__provider"), key
    )
    access.require(
        _may_hand_over(zone, person),
        _("Control is handed over by those who have a duty in the zone's charter."),
    )
    version = access.charter_in_force(zone.pk)
    if version is None:
        raise NotVisible
    custody, service = Custody(zone, person), zone.service
    other = service.customer if zone.controller == OrganisationKind.PROVIDER else service.provider
    return page(
        request,
        "console/zones/hand_over.html",
        "zones",
        zone=zone,
        charter=version,
        sides=Sides(zone, version.document, custody.holders),
        after=other.name,
        models=[one for one in MODELS if one.controller != zone.controller],
    )


@require_GET
@person_required
def export_keys(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """The keys of one zone as CSV, as filtered."""
    zone = access.get_visible(access.visible_zones(request.person), key)
    keys = _keys(request.person, zone, request.GET).order_by(*_key_sorting(request).order)[:MOST_ROWS]
    return csv_file("keys", KEY_COLUMNS, map(_key_row, keys.iterator(chunk_size=1000)))


@require_GET
@person_required
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The zones as CSV, as filtered."""
    zones = _zones(request.person, request.GET).order_by(*_sorting(request).order)
    return csv_file("zones", COLUMNS, map(_row, zones[:MOST_ROWS]))


def _row(zone: TrustZone) -> tuple[object, ...]:
    slots = ", ".join(slot.node.name for slot in zone.zone_slots.all())
    service = zone.service
    keys, founded = zone.living_keys, zone.founded_at
    return zone.pk, zone.name, service.customer.name, service.name, zone.controller, slots, keys, founded


def _key_row(key: Key) -> tuple[object, ...]:
    usages = ", ".join(key.usages)
    made = key.proposal_id, key.created_at, key.destroyed_at
    on = ", ".join(copy.slot.node.name for copy in key.living_copies)
    return key.pk, key.label, key.algorithm, usages, on, *made


def _zones(person: Person, asked: QueryDict) -> QuerySet[TrustZone]:
    text = _text(asked)
    living = Key.objects.filter(zone=OuterRef("pk"), destroyed_at=None).order_by()
    zones = (
        access.visible_zones(person)
        .select_related("service__customer")
        .prefetch_related("zone_slots__node")
        .annotate(
            living_keys=Coalesce(Subquery(living.values("zone").annotate(n=Count("pk")).values("n")), 0)
        )
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


def _text(asked: QueryDict) -> str:
    return asked.get("q", "").strip()[:80]


def _keys(person: Person, zone: TrustZone, asked: QueryDict) -> QuerySet[Key]:
    copies = KeyCopy.objects.filter(gone_at=None).select_related("slot__node").order_by("slot__node__name")
    keys = visible_keys(person).filter(zone=zone)
    keys = keys.prefetch_related(Prefetch("copies", copies, to_attr="living_copies"))
    text, alive = _text(asked), asked.get("keys", "")
    if alive == "destroyed":
        keys = keys.exclude(destroyed_at=None)
    elif alive != "any":
        keys = keys.filter(destroyed_at=None)
    if text:
        keys = keys.filter(
            Q(label__icontains=text)
            | Q(algorithm__in=_algorithms_called(text))
            | Q(pk__startswith=text.lower())
        )
    return keys


def _stage(zone: TrustZone, charter: CharterView | None) -> dict[str, Any]:
    """How far the founding is: the one thing to do next."""
    if zone.founded_at is None:
        ready = charter is not None and not charter.unsigned
        return {"next": "propose" if ready else "sign" if charter else "draft"}
    return {"next": "" if zone.zone_slots.exists() else "slot"}


def _algorithms_called(text: str) -> list[str]:
    """The algorithms in whose name, as people or as documents write it, there is this text."""
    wanted = text.casefold()
    return [tag for tag, name in ALGORITHMS.items() if wanted in tag or wanted in name.casefold()]
