"""Backups: those of a zone, one with the keys in it, and what can be proposed with it."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from console.pages.evidence import download
from console.pages.forms.backup_forms import RestoreForm, UploadForm, VerifyForm
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes import backups
from hsmnodes.access import visible_backups, visible_slots
from hsmnodes.models import Backup, Slot
from hsmnodes.node.protocol.backups import Backup as BackupFile
from hsmnodes.node.protocol.documents import BackedUpKey
from hsmnodes.node.protocol.errors import Refused
from tenants import access, tags, workflow
from tenants.drafting import build_proposal
from tenants.errors import DomainError, NotAllowed, NotVisible
from tenants.listing import page_of
from tenants.models import Proposal

SHOWN = 50
KEYS_SHOWN = 200


@require_http_methods(["GET", "POST"])
@person_required
def index(request: HttpRequest, key: str) -> HttpResponse:
    """The backups of a zone; a file can be added to them."""
    person = request.person
    zone = access.get_visible(access.visible_zones(person).select_related("service__customer__provider"), key)
    may_propose = access.may_propose(person, [zone.pk])
    posted = request.method == "POST"
    if posted:
        access.require(may_propose, _("Backups are uploaded by people with a duty in the zone's charter."))
    form = UploadForm(request.POST, request.FILES) if posted else UploadForm()
    if posted and form.is_valid():
        try:
            backup = backups.upload_backup(person=person, zone=zone, data=form.cleaned_data["file"])
        except NotAllowed:
            raise
        except (DomainError, Refused) as error:
            form.add_error("file", error.message)
        else:
            messages.success(request, _("The backup is verified and stored."))
            return redirect("backup", key=backup.pk)
    rows = visible_backups(person).filter(zone=zone).select_related("node", "proposal", "uploaded_by")
    return page(
        request,
        "console/backups/index.html",
        "zones",
        status=422 if posted else 200,
        zone=zone,
        found=page_of(rows, cursor=request.GET.get("cursor"), size=SHOWN, by="taken_at"),
        form=form,
        may_propose=may_propose,
        slots=visible_slots(person).filter(zone=zone).exists(),
    )


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One backup: what opens it, what is in it, and whether it was verified."""
    backup = _find(request, key)
    content, problem = _content(backup)
    return page(
        request,
        "console/backups/backup.html",
        "zones",
        backup=backup,
        keys=_by_label(content)[:KEYS_SHOWN] if content else (),
        problem=problem,
        verified=backups.last_verified(backup),
        opens_here=bool(VerifyForm(backup).slots),
        may_propose=access.may_propose(request.person, [backup.zone_id]),
    )


@require_GET
@person_required
def file(request: HttpRequest, key: str) -> HttpResponse:
    """The file, for a third party or another data centre."""
    backup = _find(request, key)
    content, _problem = _content(backup)
    if content is None:
        raise NotVisible
    return download(content.data, f"{backup.zone_id}-{backup.pk}.backup", "application/octet-stream")


@require_http_methods(["GET", "POST"])
@person_required
def verify(request: HttpRequest, key: str) -> HttpResponse:
    """Propose that an HSM unwraps each key for a moment; nothing stays."""
    backup = _to_propose_with(request, key)
    form = VerifyForm(backup, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        parameters = backups.parameters_of(backup) | {"keys": backup.keys}
        draft = _draft(request, form, tags.VERIFY_BACKUP, parameters)
        if draft is not None:
            return redirect("proposal", key=draft.pk)
    return _form_page(request, "console/backups/verify.html", form, backup=backup)


@require_http_methods(["GET", "POST"])
@person_required
def restore(request: HttpRequest, key: str) -> HttpResponse:
    """Propose to restore keys: the plan is shown, and is what is signed."""
    backup = _to_propose_with(request, key)
    content, problem = _content(backup)
    if content is None:
        messages.error(request, problem)
        return redirect("backup", key=backup.pk)
    posted = request.method == "POST"
    form = RestoreForm(backup, _by_label(content), request.POST if posted else None)
    whole = _plan(form, content)
    plan = whole if form.replaces else backups.what_fits(whole)
    counts = Counter(one["action"] for one in plan)
    if posted and "show" not in request.POST and form.is_valid():
        if not backups.fits_one_proposal(plan):
            said = _(
                "These are too many keys for one proposal. Tick some of them, or give a part of their label."
            )
            form.add_error("keys", said)
        elif not plan:
            form.add_error("labelled", _("No key of the backup has this in its label."))
        elif all(one["action"] == "skip" for one in plan):
            form.add_error("existing", _("Nothing would change: every key is there, and is left as it is."))
        else:
            draft = _draft(request, form, tags.RESTORE_BACKUP, backups.parameters_of(backup) | {"keys": plan})
            if draft is not None:
                return redirect("proposal", key=draft.pk)
    if "show" in request.POST:  # a look at the plan needs no reason yet
        form.errors.pop("reason", None)
    return _form_page(
        request,
        "console/backups/restore.html",
        form,
        backup=backup,
        plan=sorted(plan, key=lambda one: str(one["label"]).casefold())[:KEYS_SHOWN],
        counts=counts,
        later=sum(one["action"] == "create" for one in whole) - counts["create"],
    )


def _find(request: HttpRequest, key: str) -> Backup:
    related = ("zone__service__customer", "node", "proposal__requester", "uploaded_by")
    return access.get_visible(visible_backups(request.person).select_related(*related), key)


def _to_propose_with(request: HttpRequest, key: str) -> Backup:
    backup = _find(request, key)
    access.require(
        access.may_propose(request.person, [backup.zone_id]),
        _("This is proposed by people with a duty in the Trust Zone's charter."),
    )
    return backup


def _content(backup: Backup) -> tuple[BackupFile | None, str]:
    """What is in the store, or what is wrong with it."""
    try:
        return backups.open_backup(backup), ""
    except Refused as refused:
        return None, refused.message


def _by_label(content: BackupFile) -> list[BackedUpKey]:
    return sorted(content.keys, key=lambda key: key.label.casefold())


def _plan(form: RestoreForm, content: BackupFile) -> list[dict[str, Any]]:
    slot: Slot | None = form.slot
    if slot is None:
        return []
    return backups.plan_restore(content, slot, replace=form.replaces, only=form.only)


def _draft(request: HttpRequest, form: VerifyForm, tag: str, parameters: dict[str, Any]) -> Proposal | None:
    """The draft; or None, with what is wrong beside the form."""
    slot = form.slots[form.cleaned_data["on_node"]]
    try:
        document = build_proposal(
            operation=tag,
            parameters=parameters,
            requester=request.person,
            reason=form.cleaned_data["reason"],
            nodes=[slot.node.at()],
            lifetime=form.cleaned_data["lifetime"],
        )
        return workflow.save_draft(document=document, requester=request.person)
    except NotAllowed:
        raise
    except (DomainError, Refused) as error:
        form.add_error(None, error.message)
        return None


def _form_page(request: HttpRequest, template: str, form: VerifyForm, **more: Any) -> HttpResponse:
    invalid = request.method == "POST" and "show" not in request.POST
    return page(request, template, "zones", status=422 if invalid else 200, form=form, **more)
