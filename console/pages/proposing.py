"""Proposing: choose what is needed, fill in its form, go on to the draft that shows the exact document."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from console.pages import wording
from console.pages.forms.admitting import as_before, ticked
from console.pages.forms.operation_form import OperationForm
from console.pages.forms.picking import as_initial
from console.pages.forms.where import WHERE
from console.pages.offers import duties_of, explanation_of, may_request, offers, sample_consent, sample_notes
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.access import (
    visible_applications,
    visible_backups,
    visible_clusters,
    visible_keys,
    visible_nodes,
)
from hsmnodes.node.operations.registry import operation as find_operation
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.errors import Refused
from tenants import access, tags, workflow
from tenants.drafting import build_proposal
from tenants.errors import DomainError, NotAllowed, NotVisible
from tenants.models import Person, Proposal, State


@require_GET
@person_required
def choose(request: HttpRequest) -> HttpResponse:
    """What this person can propose, by what it is about."""
    return page(request, "console/propose/choose.html", "propose", groups=offers(request.person))


@require_http_methods(["GET", "POST"])
@person_required
def fill_in(request: HttpRequest, tag: str) -> HttpResponse:
    """The form of one operation; a complete one becomes a draft."""
    if tag not in operations():
        raise NotVisible
    if tag in (tags.VERIFY_BACKUP, tags.RESTORE_BACKUP):
        return redirect(_backup_of(request) or reverse("zones"))
    if tag == tags.SIGN_STATEMENT:
        return redirect(_statement_of(request) or reverse("statements"))
    found = find_operation(tag)
    person: Person = request.person
    duties = duties_of(person)
    access.require(
        may_request(found, person, duties),
        _("This is proposed by people with a duty in a charter whose consent it needs. You have none."),
    )
    posted = request.POST if request.method == "POST" else None
    form = OperationForm(found, person, posted, initial=_initial(request))
    if posted is not None and "show" in posted:  # another part of a long list is asked for, and no more
        form, posted = OperationForm(found, person, initial=as_initial(form)), None
    if posted is not None and form.is_valid():
        draft = _save(form, person)
        if draft is not None:
            _replace(request, person)
            return redirect("proposal", key=draft.pk)
    return page(
        request,
        "console/propose/form.html",
        "propose",
        status=422 if posted is not None else 200,
        form=form,
        operation=found,
        area=wording.AREAS.get(found.area, (found.area, ""))[0],
        explanation=explanation_of(found),
        consent=sample_consent(found, duties, zone=form.chosen("zone")),
        notes=sample_notes(found, duties, zone=form.chosen("zone")),
        zone_chosen=form.chosen("zone"),
    )


def _backup_of(request: HttpRequest) -> str:
    """The page of the backup that an earlier proposal is about, from which it is proposed again."""
    before = access.visible_proposals(request.person).filter(pk=request.GET.get("again", "")).first()
    digest = before.document.parameters.get("backup", "") if before is not None else ""
    backup = visible_backups(request.person).filter(sha256=digest).first()
    return reverse("backup", args=[backup.pk]) if backup is not None else ""


def _statement_of(request: HttpRequest) -> str:
    """The page of the statement that an earlier proposal is about, from which it is proposed again."""
    before = access.visible_proposals(request.person).filter(pk=request.GET.get("again", "")).first()
    digest = before.document.parameters.get("statement", "") if before is not None else ""
    statement = access.visible_statements(request.person).filter(hash=digest).first()
    return reverse("statement", args=[statement.pk]) if statement is not None else ""


def _replace(request: HttpRequest, person: Person) -> None:
    """Give up one's own draft of which this form is the new version."""
    before = access.visible_proposals(person).filter(
        pk=request.GET.get("again", ""), requester=person, state=State.DRAFT
    )
    for one in before:
        workflow.discard_draft(proposal=one, person=person)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """What the form begins with: from the address, or from an earlier proposal to be made again."""
    again = request.GET.get("again", "")
    initial: dict[str, Any] = {}
    if again:
        before = access.get_visible(access.visible_proposals(request.person), again)
        initial = _from(before)
    initial |= _running_service(request) | _replaced(request) | _like(request) | _whole_cluster(request)
    initial |= _for_key(request)
    elsewhere = ("again", "replaced", "like", "all_of", "for_key")
    said: dict[str, Any] = {name: value for name, value in request.GET.items() if name not in elsewhere}
    if "custodians" in said:
        said |= {"custodians": request.GET.getlist("custodians")}
    return initial | said


def _like(request: HttpRequest) -> dict[str, Any]:
    """What is known of an application that is to be admitted anew: with other keys, or certificate."""
    found = visible_applications(request.person).filter(pk=request.GET.get("like", "")).first()
    return as_before(found) if found is not None else {}


def _for_key(request: HttpRequest) -> dict[str, Any]:
    """All that an application could do with the key from whose page somebody comes."""
    key = visible_keys(request.person).filter(pk=request.GET.get("for_key", "")).first()
    return {"keys": ticked([{"id": key.pk, "usages": key.usages}])} if key is not None else {}


def _replaced(request: HttpRequest) -> dict[str, Any]:
    """The keys in whose place a rotation made others, to be destroyed now."""
    rotations = access.visible_proposals(request.person).filter(operation=tags.ROTATE_KEYS)
    rotation = rotations.filter(pk=request.GET.get("replaced", "")).first()
    if rotation is None:
        return {}
    return {"keys": [key["replaces"]["id"] for key in rotation.document.parameters["keys"]]}


def _whole_cluster(request: HttpRequest) -> dict[str, Any]:
    """All members of a cluster, in its order, as the nodes that are to act."""
    cluster = visible_clusters(request.person).filter(pk=request.GET.get("all_of", "")).first()
    return {WHERE: cluster.member_ids} if cluster is not None else {}


def _running_service(request: HttpRequest) -> dict[str, Any]:
    """What is known of a service that is to be started on further nodes."""
    service = access.visible_services(request.person).filter(pk=request.GET.get("service", "")).first()
    return {"customer": service.customer_id, "mode": service.mode} if service is not None else {}


def _from(before: Proposal) -> dict[str, Any]:
    parameters = before.document.parameters
    initial = {
        name: value["id"] if isinstance(value, dict) and "id" in value else value
        for name, value in parameters.items()
    }
    keys = parameters.get("keys", [])
    if keys and "replaces" in keys[0]:
        initial["keys"] = [key["replaces"]["id"] for key in keys]
    elif before.operation == tags.ADMIT_APPLICATION:
        initial["keys"] = ticked(keys)
    elif keys and "id" in keys[0]:
        initial["keys"] = [key["id"] for key in keys]
    nodes = [node.id for node in before.document.nodes]
    return initial | {"reason": before.reason, "on_node": nodes if len(nodes) > 1 else before.node}


def _save(form: OperationForm, person: Person) -> Proposal | None:
    """The draft; or None, with what is wrong beside the form."""
    nodes = visible_nodes(person).in_bulk(form.node_ids)
    try:
        document = build_proposal(
            operation=form.operation.tag,
            parameters=form.parameters,
            requester=person,
            reason=form.cleaned_data["reason"],
            nodes=[nodes[one].at() for one in form.node_ids if one in nodes],
            lifetime=form.cleaned_data["lifetime"],
        )
        return workflow.save_draft(document=document, requester=person)
    except NotAllowed:
        raise
    except (DomainError, Refused) as error:
        form.add_error(None, error.message)
        return None
