"""The log: every document and event in order, each entry linked to the one before by its hash."""

import json
from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from console.pages.evidence import download
from console.pages.places import has_page_for, path_to
from console.pages.saved import SavedViews
from console.pages.shell import page
from console.pages.sorting import Sorting, sorting_of
from console.pages.spreadsheets import MOST_ROWS, csv_file
from console.sessions import person_required
from tenants import access, log
from tenants.errors import NotVisible
from tenants.listing import page_of
from tenants.log import Event
from tenants.models import LogEntry, Person, Severity
from tenants.unread_alarms import mark_read, unread_alarms

SIZE = 50
MOST_FLAWS = 20
LONGEST_NUMBER = 18
COLUMNS = (
    "sequence",
    "at",
    "event",
    "severity",
    "summary",
    "actor",
    "actor_name",
    "subject_kind",
    "subject",
    "hash",
)
SORTED_BY = {"number": "sequence", "who": "actor_name", "event": "event", "when": "at"}


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """The entries that concern the person's organisation, newest first."""
    return _page(request)


@require_POST
@person_required
def verify(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain, others' entries too, and say whether it holds."""
    flaws = []
    for flaw in log.verify():
        flaws.append(flaw)
        if len(flaws) == MOST_FLAWS:
            break
    last = LogEntry.objects.order_by("-sequence").first()
    return _page(request, verified=True, flaws=flaws, last=last)


@require_GET
@person_required
def show(request: HttpRequest, key: int) -> HttpResponse:
    """One entry in full."""
    entry = _find(request, key)
    content = json.loads(bytes(entry.raw))
    about = entry.subject_kind, entry.subject
    return page(
        request,
        "console/log/entry.html",
        "log",
        entry=entry,
        content=content,
        text=json.dumps(content, indent=2, ensure_ascii=False),
        subject_path=path_to(*about) if has_page_for(request.person, *about) else "",
        document=bool(entry.document),
    )


@require_GET
@person_required
def document(request: HttpRequest, key: int) -> HttpResponse:
    """The exact bytes that an entry is about."""
    entry = _find(request, key)
    if not entry.document:
        raise NotVisible
    return download(bytes(entry.document), f"log-{entry.sequence}-document.json")


@require_GET
@person_required
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The entries as filtered, as JSON Lines: the exact bytes whose hashes make the chain."""
    entries = _filtered(request.person, request.GET).order_by("sequence")
    return StreamingHttpResponse(
        _lines(entries),
        content_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="log.jsonl"'},
    )


@require_GET
@person_required
def export_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same as a spreadsheet reads it, sorted as asked; what proves the chain is in the JSON Lines."""
    entries = _filtered(request.person, request.GET).order_by(*_sorting(request).order)[:MOST_ROWS]
    return csv_file("log", COLUMNS, entries.values_list(*COLUMNS).iterator())


@require_POST
@person_required
def read_alarms(request: HttpRequest) -> HttpResponse:
    """Note that the person has read the alarms up to the newest that stood there."""
    upto = request.POST.get("upto", "")
    if not upto.isdecimal() or len(upto) > LONGEST_NUMBER:
        raise NotVisible
    mark_read(request.person, upto=int(upto))
    return redirect(f"{reverse('log')}?severity={Severity.ALARM}")


def _lines(entries: QuerySet[LogEntry]) -> Iterator[bytes]:
    for raw in entries.values_list("raw", flat=True).iterator():
        yield bytes(raw) + b"\n"


def _find(request: HttpRequest, key: int) -> LogEntry:
    return access.get_visible(access.visible_log(request.person), key)


def _sorting(request: HttpRequest) -> Sorting:
    return sorting_of(request, SORTED_BY, "-when")


def _page(request: HttpRequest, **more: object) -> HttpResponse:
    person: Person = request.person
    sorting = _sorting(request)
    unread = (
        unread_alarms(person) if request.GET.get("severity") == Severity.ALARM else LogEntry.objects.none()
    )
    newest = unread.first()  # before the rows are: what comes meanwhile is not read
    found = page_of(
        _filtered(person, request.GET),
        cursor=request.GET.get("cursor"),
        size=SIZE,
        by=sorting.by,
        ascending=not sorting.descending,
    )
    return page(
        request,
        "console/log/index.html",
        "log",
        found=found,
        sorting=sorting,
        saved=SavedViews(request, "log", reverse("log"), lambda asked: _filtered(person, asked)),
        events=[event.value for event in Event],
        newest=newest,
        unread=unread.count() if newest else 0,
        asked={name: request.GET.get(name, "") for name in ("q", "event", "severity")},
        **more,
    )


def _filtered(person: Person, asked: QueryDict) -> QuerySet[LogEntry]:
    found = access.visible_log(person)
    text = asked.get("q", "").strip()[:120]
    if text:
        exact = Q(subject=text) | Q(actor=text) | Q(hash__startswith=text.lower())
        found = found.filter(Q(summary__icontains=text) | Q(actor_name__icontains=text) | exact)
    if (event := asked.get("event", "")) in [one.value for one in Event]:
        found = found.filter(event=event)
    if (severity := asked.get("severity", "")) in Severity.values:
        found = found.filter(severity=severity)
    return found
