"""One key: what it is, where it is, who made it, and its public half."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from console.pages.evidence import download
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.access import visible_keys, visible_receipts
from hsmnodes.models import Key
from hsmnodes.node.operations.key.generate import ALGORITHMS
from tenants import access
from tenants.errors import NotVisible


def _find(request: HttpRequest, key: str) -> Key:
    related = ("zone__service__customer", "slot__node", "proposal__requester", "destroyed_by")
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
        algorithm=ALGORITHMS.get(found.algorithm, found.algorithm),
        pem=found.public_pem,
        may_propose=access.may_propose(request.person, [found.zone_id]),
    )


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
    found = (
        access.get_visible(visible_receipts(request.person), receipt).attachments.filter(name=name).first()
    )
    if found is None:
        raise NotVisible
    safe = "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in name)
    return download(bytes(found.data), safe, "application/octet-stream")
