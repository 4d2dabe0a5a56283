"""One application: which keys it may use, its connection kit, and how it came, was suspended and went."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from console.pages.application_states import shown
from console.pages.evidence import download
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes import suspending
from hsmnodes.access import visible_applications
from hsmnodes.dispatch import application_suspension_message
from hsmnodes.models import Application, Attachment
from hsmnodes.node.endpoint.kit import TOOL, tool
from hsmnodes.node.protocol.words import fingerprint
from hsmnodes.reach import Reach
from tenants import access, charters, tags
from tenants.models import Proposal


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The page of an application."""
    related = ("zone", "proposal__requester", "removed_by")
    found = access.get_visible(visible_applications(request.person).select_related(*related), key)
    tokens, downloads = list(found.tokens.select_related("slot__node")), found.downloads
    reach, pin = Reach(found.zone_id), f"{found.pk}.pin"
    living = not found.removed_at
    missing = reach.to_come(found) if living else []
    may_propose = living and access.may_propose(request.person, [found.zone_id])
    return page(
        request,
        "console/zones/application.html",
        "zones",
        application=found,
        how=shown(found) if living else None,
        words={
            "certificate": " ".join(fingerprint(found.certificate)),
            "public_key": " ".join(fingerprint(found.public_key)),
        },
        tokens=[(token, " ".join(fingerprint(token.slot.node.identity_hash))) for token in tokens],
        missing=missing,
        without=reach.without(found) if living else [],
        lifted=found.suspensions.exclude(lifted_at=None).select_related("by")[:5],
        several=len(found.living) > 1,
        downloads=downloads,
        pin=pin,
        kits=" ".join(one.file_name for one in downloads if one.name != pin),
        extended_by=_extension_of(found, downloads),
        left=_left(found, downloads, missing),
        may_propose=may_propose,
        can_be_resumed=_can_be_resumed(found),
        may_suspend=living and suspending.may_suspend(request.person, found),
        links={tag: _form(tag, found) for tag in ("extend", "resume", "remove")} | {"renew": _anew(found)},
    )


def _extension_of(application: Application, downloads: Sequence[Attachment]) -> Proposal | None:
    """The extension that the kits came with, in place of those of the admission."""
    proposals = (one.receipt.proposal for one in downloads)
    return next((one for one in proposals if one.pk != application.proposal_id), None)


def _left(application: Application, downloads: Sequence[Attachment], missing: Sequence[str]) -> list[str]:
    """The names of the nodes that the kits name, and that serve the application no more."""
    if not downloads:
        return []
    serving = {token.slot.node_id for token in application.living}
    named = downloads[0].receipt.proposal.document.nodes
    return [node.name for node in named if node.id not in serving and node.name not in missing]


def _can_be_resumed(application: Application) -> bool:
    """Whether the zone's charter says who could: one from before there was such a thing does not."""
    version = access.charter_in_force(application.zone_id)
    return version is not None and charters.document_of(version).rule(tags.RESUME_APPLICATION) is not None


def _form(name: str, application: Application) -> str:
    """The form of an operation on this application."""
    query = urlencode({"zone": application.zone_id, "application": application.pk})
    return f"{reverse('propose-form', args=[f'application.{name}/v1'])}?{query}"


def _anew(application: Application) -> str:
    """The form that admits it anew, by another certificate or to other keys, as far as it is known."""
    query = urlencode({"zone": application.zone_id, "like": application.pk})
    return f"{reverse('propose-form', args=[tags.ADMIT_APPLICATION])}?{query}"


@require_GET
@person_required
def suspension(request: HttpRequest, key: str, suspended: str) -> HttpResponse:
    """A suspension as a file for `quorate-node accept`, past this console."""
    found = access.get_visible(visible_applications(request.person), key)
    held = access.get_visible(suspending.in_force(found), suspended)
    return download(application_suspension_message(held).encode(), f"suspension-{held.pk}.json")


@require_GET
@person_required
def connect(_request: HttpRequest) -> HttpResponse:
    """The program for the application's host."""
    return download(tool(), TOOL, "application/octet-stream")
