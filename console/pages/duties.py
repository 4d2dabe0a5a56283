"""“Who can do what” in a Trust Zone or an organisation: matrix, answers, warnings, “what if”, and CSV."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from console.pages.duties_loss import WhatIf, asked_in
from console.pages.duties_shares import shares_left
from console.pages.duties_view import DutiesView
from console.pages.duties_warnings import warnings_of
from console.pages.shell import page
from console.pages.spreadsheets import csv_file
from console.sessions import person_required
from tenants import access
from tenants.duties import Duties, duties_of_organisation, duties_of_zone
from tenants.models import CharterState, CharterVersion, Organisation, Person, TrustZone

COLUMNS = (
    *("operation", "title", "with", "authority", "alternative", "role", "group", "must_sign", "could_sign"),
    *("people_needed", "alone", "may_be_lost"),
)


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """To one's own organisation."""
    return redirect("organisation-duties", organisation=request.person.organisation_id)


@require_GET
@person_required
def of_organisation(request: HttpRequest, organisation: str) -> HttpResponse:
    """Who can do what in an organisation."""
    found = _find_organisation(request, organisation)
    duties = duties_of_organisation(found, request.person, asked_in(request.GET))
    return _page(request, duties, of=found, kind=found.get_kind_display())


@require_GET
@person_required
def of_zone(request: HttpRequest, key: str) -> HttpResponse:
    """Who can do what in a Trust Zone."""
    found = _find_zone(request, key)
    duties = duties_of_zone(found, asked_in(request.GET))
    left = shares_left(found, request.person, duties.asked)
    return _page(request, duties, of=found, zone=found, shares_left=left)


@require_GET
@person_required
def export_organisation(request: HttpRequest, organisation: str) -> StreamingHttpResponse:
    """The same as CSV, a row for each clause."""
    found = _find_organisation(request, organisation)
    duties = duties_of_organisation(found, request.person, asked_in(request.GET))
    return csv_file("duties", COLUMNS, _rows(duties))


@require_GET
@person_required
def export_zone(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """The same as CSV, a row for each clause."""
    duties = duties_of_zone(_find_zone(request, key), asked_in(request.GET))
    return csv_file("duties", COLUMNS, _rows(duties))


def _find_organisation(request: HttpRequest, key: str) -> Organisation:
    return access.get_visible(access.visible_organisations(request.person), key)


def _find_zone(request: HttpRequest, key: str) -> TrustZone:
    related = ("service__customer", "service__provider")
    return access.get_visible(access.visible_zones(request.person).select_related(*related), key)


def _page(request: HttpRequest, duties: Duties, **context: Any) -> HttpResponse:
    person: Person = request.person
    versions = {one.authority: one for one in _versions(person, duties)}
    return page(
        request,
        "console/duties/duties.html",
        "duties",
        duties=duties,
        view=DutiesView(duties),
        what_if=WhatIf(duties),
        warnings=[
            (one, [versions[pk] for pk in one.authorities if pk in versions]) for one in warnings_of(duties)
        ],
        version=versions.get(duties.authority),
        amendable={pk for pk in versions if access.may_propose(person, [pk])},
        organisations=access.visible_organisations(person).order_by("name"),
        zones=access.visible_zones(person).select_related("service__customer").order_by("name"),
        query=request.GET.urlencode(),
        **context,
    )


def _versions(person: Person, duties: Duties) -> QuerySet[CharterVersion]:
    """The charters in force that decide."""
    visible = access.visible_charters(person).filter(state=CharterState.IN_FORCE)
    return visible.filter(authority__in=duties.charters)


def _rows(duties: Duties) -> Iterator[tuple[Any, ...]]:
    view = DutiesView(duties)
    for row, one in zip(view.rows, view.shown, strict=True):
        said = one.could.needed, row.alone, max(0, one.stays.spare) if one.stays.possible else None
        clauses = one.could.seating.clauses
        for index, (charter, clause) in enumerate(clauses):
            number = one.could.seating.numbers[index]
            able = sum(index in human.places for human in one.could.humans)
            role = clause.role.value if clause.role else None
            asked = charter.authority.name, number, role, clause.group, clause.m, able
            yield row.tag, row.title, row.beside, *asked, *said
        if not clauses:
            yield row.tag, row.title, row.beside, *[None] * (len(COLUMNS) - 3)
