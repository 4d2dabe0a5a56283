"""One application: which keys it may use, its connection kit, and how it came and went."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from console.pages.evidence import download
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.access import visible_applications
from hsmnodes.node.endpoint.kit import TOOL, tool
from hsmnodes.node.protocol.words import fingerprint
from tenants import access


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The page of an application."""
    related = ("zone", "proposal__requester", "removed_by")
    found = access.get_visible(visible_applications(request.person).select_related(*related), key)
    tokens, downloads = list(found.tokens.select_related("slot__node")), found.downloads
    here = {token.slot.node_id for token in tokens}
    missing = [node.name for node in found.proposal.document.nodes if node.id not in here]
    pin = f"{found.pk}.pin"
    return page(
        request,
        "console/zones/application.html",
        "zones",
        application=found,
        words={
            "certificate": " ".join(fingerprint(found.certificate)),
            "public_key": " ".join(fingerprint(found.public_key)),
        },
        tokens=[(token, " ".join(fingerprint(token.slot.node.identity_hash))) for token in tokens],
        missing=[] if found.removed_at else missing,
        several=len(found.proposal.document.nodes) > 1,
        downloads=downloads,
        pin=pin,
        kits=" ".join(one.file_name for one in downloads if one.name != pin),
        may_propose=access.may_propose(request.person, [found.zone_id]),
    )


@require_GET
@person_required
def connect(_request: HttpRequest) -> HttpResponse:
    """The program for the application's host."""
    return download(tool(), TOOL, "application/octet-stream")
