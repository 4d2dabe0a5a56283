"""What a person was told: the list, the count beside the bell on every page, and how each wants to hear."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from console.pages.places import path_to
from console.pages.shell import is_seen, nothing_new, page, version_of
from console.sessions import person_required
from tenants import access
from tenants.listing import Page, page_of
from tenants.models import Notice, Occasion
from tenants.notices import kinds
from tenants.notices.reading import count_unread, mark_read, notices_of

SIZE = 25
STATES = {
    kinds.PROPOSAL_WAITING: "wait",
    kinds.PROPOSAL_EXPIRING: "wait",
    kinds.PROPOSAL_DELAYED: "wait",
    kinds.PROPOSAL_DONE: "ok",
    kinds.PROPOSAL_FAILED: "bad",
    kinds.CHARTER_WAITING: "wait",
    kinds.CHARTER_EXPIRING: "wait",
    kinds.CEREMONY_WAITING: "wait",
    kinds.DRILL_OVERDUE: "wait",
    kinds.CUSTODY_AT_RISK: "bad",
    kinds.RECOVERY_BEGUN: "bad",
    kinds.TOKEN_SUSPENDED: "bad",
    kinds.NODE_OFFLINE: "bad",
    kinds.NODE_OUT_OF_STEP: "odd",
    kinds.ZONE_OUT_OF_STEP: "odd",
    kinds.ZONE_OUT_OF_SERVICE: "bad",
    kinds.NODE_CLOCK: "odd",
    kinds.NODE_DISK: "bad",
    kinds.APPLICATION_EXPIRING: "wait",
    kinds.ALARM_RAISED: "bad",
    kinds.WEBHOOK_DISABLED: "bad",
}
VIEWS = {"unread": gettext_lazy("New"), "all": gettext_lazy("All")}


@require_GET
@person_required
def show(request: HttpRequest) -> HttpResponse:
    """The list."""
    return page(request, "console/notices/index.html", "notices", **_context(request))


@require_GET
@person_required
def live(request: HttpRequest) -> HttpResponse:
    """The rows alone, if there are others than those that were seen."""
    context = _context(request)
    if is_seen(request, context["version"]):
        return nothing_new()
    return render(request, "console/notices/rows.html", context)


@require_GET
@person_required
def count(request: HttpRequest) -> HttpResponse:
    """How many are new, for the bell."""
    unread = count_unread(request.person)
    if is_seen(request, str(unread)):
        return nothing_new()
    return render(request, "console/parts/bell.html", {"unread_count": unread})


@require_POST
@person_required
def open_one(request: HttpRequest, key: str) -> HttpResponse:
    """Note that it was read, and go to the page it is about."""
    found = notices_of(request.person)
    notice = access.get_visible(found, key)
    mark_read(Notice.objects.filter(pk=notice.pk))
    return redirect(path_to(notice.occasion.subject_kind, notice.occasion.subject))


@require_POST
@person_required
def read_all(request: HttpRequest) -> HttpResponse:
    """Note that everything was read that stood in the list when it was shown."""
    shown = Notice.objects.filter(person=request.person)
    newest = shown.filter(pk=request.POST.get("newest", "")[:32]).first()
    read = mark_read(shown.filter(created_at__lte=newest.created_at)) if newest else 0
    if not read:
        messages.info(request, _("Nothing was new."))
    return redirect("notices")


def _state(occasion: Occasion) -> str:
    return "ok" if occasion.is_over else STATES.get(occasion.event, "quiet")


def _context(request: HttpRequest) -> dict[str, Any]:
    view = request.GET.get("view", "unread")
    view = view if view in VIEWS else "unread"
    rows = notices_of(request.person)
    found: Page[Notice] = page_of(
        rows.filter(read_at=None) if view == "unread" else rows,
        cursor=request.GET.get("cursor"),
        size=SIZE,
    )
    return {
        "view": view,
        "views": VIEWS,
        "found": found,
        "rows": [(notice, kinds.title_of(notice.occasion), _state(notice.occasion)) for notice in found.rows],
        "version": version_of(view, [(one.pk, one.read_at) for one in found.rows]),
    }
