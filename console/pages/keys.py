"""One key: what it is, where it is, who made it, and its public half."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from console.pages.application_states import shown
from console.pages.evidence import download
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.access import visible_applications, visible_keys, visible_receipts
from hsmnodes.models import Application, Key
from tenants import access
from tenants.errors import NotVisible


def _find(request: HttpRequest, key: str) -> Key:
    related = ("zone__service__customer", "proposal__requester", "destroyed_by", "replaces")
    return access.get_visible(visible_keys(request.person).select_related(*related), key)


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The page of a key."""
    found = _find(request, key)
    return page(
        request,
        "console/zones/key.html",
        "zones",
        key=found,
        pem=found.public_pem,
        copies=found.copies.filter(gone_at=None).select_related("slot__node").order_by("slot__node__name"),
        successor=found.successors.filter(destroyed_at=None).first(),
        applications=[shown(one) for one in _applications(request, found)],
        may_propose=access.may_propose(request.person, [found.zone_id]),
    )


def _applications(request: HttpRequest, key: Key) -> list[Application]:
    """The applications that may use the key now."""
    of_zone = visible_applications(request.person).filter(zone=key.zone_id, removed_at=None)
    return [one for one in of_zone.order_by("name") if any(held["id"] == key.pk for held in one.keys)]


@require_GET
@person_required
def public_key(request: HttpRequest, key: str) -> HttpResponse:
    """The public half in PEM."""
    found = _find(request, key)
    if not found.public_key:
        raise NotVisible
    return download(found.public_pem.encode(), f"{found.pk}.pem", "application/x-pem-file")


@require_GET
@person_required
def attachment(request: HttpRequest, receipt: int, name: str) -> HttpResponse:
    """A blob that came beside a receipt: a wrapped key, a log."""
    beside = access.get_visible(visible_receipts(request.person), receipt).attachments.filter(name=name)
    found = beside.select_related("receipt__node").first()
    if found is None:
        raise NotVisible
    safe = "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in found.file_name)
    return download(bytes(found.data), safe, "application/octet-stream")
