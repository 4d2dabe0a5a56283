"""Drafting charters: the form, the review of what an amendment changes, and the way to the draft."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.pages.charter_difference import differences
from console.pages.charters import find_charter
from console.pages.duties_view import DutiesView
from console.pages.duties_warnings import warnings_of
from console.pages.forms.charter_form import CharterForm, candidates_for
from console.pages.forms.zone_models import ZoneModel, model_called
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.node.protocol.documents import AuthorityKind, Charter
from tenants import access, charter_drafts, charters
from tenants.duties import duties_under
from tenants.errors import Invalid, NotAllowed
from tenants.models import CharterVersion, Person
from tenants.recovery import sides_for

STEP, REVIEW, DRAFT = "step", "review", "draft"


class AmendedZoneForm(CharterForm):
    """The next version of a zone's charter, by which control can change hands, too."""

    def __init__(self, *args: Any, before: Charter, **more: Any) -> None:
        super().__init__(*args, before=before, **more)
        terms = before.zone
        if terms is None:
            raise ValueError("only a zone's charter says who controls it")
        sides = [("customer", terms.customer.name), ("provider", terms.provider.name)]
        self.fields = {
            "controller": forms.ChoiceField(
                label=_("Who controls it"),
                choices=[
                    (side, _("%(name)s: its people hold the backup key") % {"name": name})
                    for side, name in sides
                ],
                widget=forms.RadioSelect,
                initial=terms.controller,
                help_text=_("To change it hands the zone over: two people of each side sign."),
            )
        } | self.fields


def _model_asked_for(request: HttpRequest) -> ZoneModel | None:
    """The model to which a zone is to be handed over, if the address names one."""
    name = request.GET.get("model", "")
    return model_called(name) if name else None


def _instead(request: HttpRequest) -> dict[str, list[str]]:
    """The roles that the form begins with for somebody, in place of those held: as guided paths ask."""
    person, without = request.GET.get("person", ""), request.GET.get("without", "")
    found = {person: request.GET.getlist("role")} if person and "role" in request.GET else {}
    return found | ({without: []} if without else {})


@require_http_methods(["GET", "POST"])
@person_required
def amend(request: HttpRequest, key: str) -> HttpResponse:
    """Fill in the next version of a charter in force, review what it changes, then draft it."""
    current, person = find_charter(request, key), request.person
    if not access.may_propose(person, [current.authority]):
        raise NotAllowed("not-allowed", _("A charter is amended by those who have a duty in it."))
    before = charters.document_of(current)
    model = _model_asked_for(request) if before.zone is not None else None
    form = (AmendedZoneForm if before.zone is not None else CharterForm)(
        AuthorityKind(current.kind),
        candidates_for(current, person),
        posted(request),
        before=before,
        rules=model.rules if model else (),
        sides=sides_for(
            AuthorityKind(current.kind), current.organisation, current.zone.service if current.zone else None
        ),
        instead=_instead(request),
    )
    if model is not None:
        form.fields["controller"].initial = model.controller

    def review() -> HttpResponse:
        composed = charter_drafts.compose_amendment(
            current=current,
            duties=form.duties,
            by=person,
            terms=form.terms,
            controller=form.cleaned_data.get("controller", ""),
        )
        return _review(request, current, composed)

    def draft() -> HttpResponse:
        return redirect_to(
            charter_drafts.draft_amendment(
                current=current,
                duties=form.duties,
                by=person,
                terms=form.terms,
                controller=form.cleaned_data.get("controller", ""),
            )
        )

    steps = {REVIEW: review, DRAFT: draft}
    step = steps.get(request.POST.get(STEP, REVIEW))
    lead = _(
        "This becomes version %(n)d. New tokens sign it first; then the amendment is proposed, and needs "
        "the rule of the version in force and that of the new one."
    ) % {"n": current.version + 1}
    return (step and completed(form, step)) or page(
        request,
        "console/charters/draft.html",
        _section(current),
        status=422 if form.has_errors else 200,
        form=form,
        title=_("Amend the charter of %(name)s") % {"name": current.name},
        lead=lead,
        current=current,
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
    form = CharterForm(
        kind,
        list(organisation.people.prefetch_related("tokens").order_by("name")),
        posted(request),
        sides=sides_for(kind, organisation),
    )

    def draft() -> HttpResponse:
        return redirect_to(
            charter_drafts.draft_founding(
                organisation=organisation, duties=form.duties, by=person, terms=form.terms
            )
        )

    return completed(form, draft) or page(
        request,
        "console/charters/draft.html",
        "people",
        status=422 if form.has_errors else 200,
        form=form,
        title=_("Found the charter of %(name)s") % {"name": organisation.name},
        lead=_(
            "It says who your people are, by which tokens they sign, and how many must agree to what. "
            "Every token of everyone in it signs it; then it is in force."
        ),
    )


def posted(request: HttpRequest) -> object | None:
    """What a form is bound to."""
    return request.POST if request.method == "POST" else None


def completed(form: CharterForm, then: Callable[[], HttpResponse]) -> HttpResponse | None:
    """What comes `then`, after a complete form; else None, with what is wrong beside its fields."""
    if not (form.is_bound and form.is_valid()):
        return None
    try:
        return then()
    except Invalid as error:
        form.explain(error)
        return None


def redirect_to(draft: CharterVersion) -> HttpResponse:
    """To the page of a draft."""
    return redirect("charter", key=draft.pk)


def _section(current: CharterVersion) -> str:
    return "zones" if current.zone_id else "people"


def _review(request: HttpRequest, current: CharterVersion, new: Charter) -> HttpResponse:
    """What the new version changes, in sentences; the form travels along, to be drafted or changed."""
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in (STEP, "csrfmiddlewaretoken")
        for value in values
    ]
    duties = duties_under(current, request.person, new)
    return page(
        request,
        "console/charters/review.html",
        _section(current),
        current=current,
        new=new,
        differences=differences(charters.document_of(current), new),
        findings=DutiesView(duties).cards,
        warnings=warnings_of(duties),
        kept=kept,
    )
