"""Charters: read as a matrix of rules, signed by those in them, given up, amended, downloaded."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.pages.charter_view import CharterView
from console.pages.evidence import download
from console.pages.forms.charter_form import CharterForm, candidates_for
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.node.protocol.documents import AuthorityKind
from tenants import access, charter_drafts, charters
from tenants.errors import Invalid, NotAllowed
from tenants.models import CharterState, CharterVersion, Person, Proposal


def _find(request: HttpRequest, key: str) -> CharterVersion:
    related = ("organisation", "zone__service", "created_by")
    return access.get_visible(access.visible_charters(request.person).select_related(*related), key)


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One version of a charter."""
    version = _find(request, key)
    others = access.visible_charters(request.person).filter(authority=version.authority).order_by("-version")
    return page(
        request,
        "console/charters/charter.html",
        "zones" if version.zone_id else "people",
        view=CharterView(version, request.person),
        others=others,
        opened=_proposals(request.person, version),
        may_propose=access.may_propose(request.person, [version.authority, version.organisation_id]),
        may_amend=version.state == CharterState.IN_FORCE
        and access.may_propose(request.person, [version.authority]),
    )


@require_GET
@person_required
def document(request: HttpRequest, key: str) -> HttpResponse:
    """The exact bytes."""
    version = _find(request, key)
    return download(bytes(version.raw), f"charter-{version.authority}-{version.version}.json")


@require_POST
@person_required
def discard(request: HttpRequest, key: str) -> HttpResponse:
    """Give up a charter that collects signatures."""
    version = _find(request, key)
    charters.discard_charter(charter=version, by=request.person)
    return redirect("charter", key=version.pk)


@require_http_methods(["GET", "POST"])
@person_required
def amend(request: HttpRequest, key: str) -> HttpResponse:
    """Draft the next version of a charter in force."""
    current, person = _find(request, key), request.person
    if not access.may_propose(person, [current.authority]):
        raise NotAllowed("not-allowed", _("A charter is amended by those who have a duty in it."))
    before = charters.document_of(current)
    form = CharterForm(
        AuthorityKind(current.kind),
        candidates_for(current, person),
        request.POST if request.method == "POST" else None,
        before=before,
    )
    if form.is_bound and form.is_valid():
        try:
            draft = charter_drafts.draft_amendment(
                current=current, duties=form.duties, by=person, terms=form.terms
            )
            return redirect("charter", key=draft.pk)
        except Invalid as error:
            form.add_error(None, error.message)
    return page(
        request,
        "console/charters/draft.html",
        "zones" if current.zone_id else "people",
        status=422 if form.is_bound else 200,
        form=form,
        title=_("Amend the charter of %(name)s") % {"name": current.name},
        lead=_(
            "This becomes version %(n)d. New tokens sign it first; then the amendment is proposed, and needs "
            "the rule of the version in force and that of the new one."
        )
        % {"n": current.version + 1},
    )


@require_http_methods(["GET", "POST"])
@person_required
def found(request: HttpRequest) -> HttpResponse:
    """Draft the founding charter of one's own organisation."""
    person: Person = request.person
    organisation = person.organisation
    if not access.is_being_founded(organisation):
        raise NotAllowed(
            "founded-already", _("Your organisation has a charter. It is amended, not founded again.")
        )
    kind = AuthorityKind.PROVIDER if organisation.is_provider else AuthorityKind.CUSTOMER
    form = CharterForm(kind, list(organisation.people.order_by("name")), _posted(request))
    if form.is_bound and form.is_valid():
        try:
            draft = charter_drafts.draft_founding(
                organisation=organisation, duties=form.duties, by=person, terms=form.terms
            )
            return redirect("charter", key=draft.pk)
        except Invalid as error:
            form.add_error(None, error.message)
    return page(
        request,
        "console/charters/draft.html",
        "people",
        status=422 if form.is_bound else 200,
        form=form,
        title=_("Found the charter of %(name)s") % {"name": organisation.name},
        lead=_(
            "It says who your people are, by which tokens they sign, and how many must agree to what. "
            "Every token of everyone in it signs it; then it is in force."
        ),
    )


def _posted(request: HttpRequest) -> object | None:
    return request.POST if request.method == "POST" else None


def _proposals(person: Person, version: CharterVersion) -> list[Proposal]:
    """The proposals whose subject is this version."""
    if version.zone_id and version.version == 1:
        found = access.visible_proposals(person).filter(zone=version.zone_id, operation="zone.found/v1")
    else:
        found = access.visible_proposals(person).filter(operation="charter.amend/v1")
    return [one for one in found[:50] if one.document.parameters.get("charter") == version.hash]
