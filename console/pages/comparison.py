"""The HSMs of a Trust Zone beside each other: whether they have the same keys, and in what they differ."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.comparing import compare
from hsmnodes.node.protocol.words import fingerprint
from tenants import access

MISSING_SHOWN = 20


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The comparison of a zone's HSMs."""
    zone = access.get_visible(access.visible_zones(request.person), key)
    comparison = compare(zone)
    return page(
        request,
        "console/zones/comparison.html",
        "zones",
        zone=zone,
        comparison=comparison,
        members=[
            (
                one,
                " ".join(fingerprint(one.said.digest)[:4]) if one.said else "",
                one.missing[:MISSING_SHOWN],
                max(0, len(one.missing) - MISSING_SHOWN),
            )
            for one in comparison.members
        ],
        may_propose=access.may_propose(request.person, [zone.pk]),
    )
