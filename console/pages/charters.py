"""Charters: read as a matrix of rules, signed by those in them, given up, downloaded."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from console.pages.charter_difference import differences
from console.pages.charter_view import CharterView
from console.pages.evidence import download
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.node.protocol.documents import Charter
from tenants import access, charters, tags
from tenants.models import CharterState, CharterVersion, Person, Proposal


def find_charter(request: HttpRequest, key: str) -> CharterVersion:
    """The version of a charter with this id.

    Raises NotVisible.
    """
    related = ("organisation", "zone__service", "created_by")
    return access.get_visible(access.visible_charters(request.person).select_related(*related), key)


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One version of a charter."""
    version = find_charter(request, key)
    others = (
        access.visible_charters(request.person)
        .filter(authority=version.authority)
        .select_related("created_by")
        .order_by("-version", "-created_at")
    )
    compared = _compared(request, version, others)
    return page(
        request,
        "console/charters/charter.html",
        "zones" if version.zone_id else "people",
        view=CharterView(version, request.person),
        others=others,
        differences=differences(*compared) if compared else [],
        compared=compared,
        opened=_proposals(request.person, version),
        may_propose=access.may_propose(request.person, [version.authority, version.organisation_id]),
        may_amend=version.state == CharterState.IN_FORCE
        and access.may_propose(request.person, [version.authority]),
    )


@require_GET
@person_required
def document(request: HttpRequest, key: str) -> HttpResponse:
    """The exact bytes."""
    version = find_charter(request, key)
    return download(bytes(version.raw), f"charter-{version.authority}-{version.version}.json")


@require_POST
@person_required
def discard(request: HttpRequest, key: str) -> HttpResponse:
    """Give up a charter that collects signatures."""
    version = find_charter(request, key)
    charters.discard_charter(charter=version, by=request.person)
    return redirect("charter", key=version.pk)


def _compared(
    request: HttpRequest, version: CharterVersion, others: QuerySet[CharterVersion]
) -> list[Charter]:
    """Two versions, the earlier first: this one, and the one that `with` asks for or else the one before.

    Empty for a founding charter by itself. Raises NotVisible if `with` is none of this charter.
    """
    if asked := request.GET.get("with"):
        found = [charters.document_of(access.get_visible(others, asked))]
    else:
        found = charters.by_hash([version.document.previous or ""])
    both = [*found, charters.document_of(version)]
    return sorted(both, key=lambda one: one.version) if found else []


def _proposals(person: Person, version: CharterVersion) -> list[Proposal]:
    """The proposals whose subject is this version, of which none is older than it; the newest first."""
    if version.zone_id and version.version == 1:
        found = access.visible_proposals(person).filter(zone=version.zone_id, operation=tags.FOUND_ZONE)
    else:
        found = access.visible_proposals(person).filter(
            operation__in=tags.CHANGE_CHARTERS, created_at__gte=version.created_at
        )
    return [
        one for one in found.order_by("-created_at") if one.document.parameters.get("charter") == version.hash
    ]
