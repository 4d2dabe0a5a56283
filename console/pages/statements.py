"""Statements of duties: whether they hold, every version, drawing one up, proposing it, taking it away."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.pages.evidence import download
from console.pages.forms.statement_form import ContactsForm
from console.pages.shell import page
from console.pages.statement_view import StatementText, StatementView
from console.printing.statement import print_statement
from console.sessions import person_required
from hsmnodes.node.protocol.documents.statement import Contact
from tenants import access, charters, clock, statements, tags, workflow
from tenants.drafting import build_proposal
from tenants.errors import NotVisible
from tenants.models import Person, Service, Statement
from tenants.standing import last_signed, standing_of, standings_of


@require_GET
@person_required
def index(request: HttpRequest) -> HttpResponse:
    """Every service, and how what is in force there stands to what was signed."""
    services = access.visible_services(request.person).select_related("provider", "customer").order_by("name")
    return page(
        request,
        "console/statements/index.html",
        "duties",
        standings=standings_of(services),
    )


@require_GET
@person_required
def of_service(request: HttpRequest, key: str) -> HttpResponse:
    """Whether the statement of a service still holds, what differs, and all its versions."""
    service = _service(request, key)
    standing = standing_of(service)
    kept = service.statements.select_related("created_by").order_by("-version", "-created_at")
    return page(
        request,
        "console/statements/service.html",
        "duties",
        service=service,
        standing=standing,
        versions=[StatementView(one, standing.signed) for one in kept],
        may_draw_up=_may_draw_up(request.person, service),
        without_rule=_without_rule(service),
        checked_at=clock.now(),
    )


@require_http_methods(["GET", "POST"])
@person_required
def draw_up(request: HttpRequest, key: str) -> HttpResponse:
    """See what would be stated, say how people are reached, and keep it for both sides to sign."""
    service, person = _service(request, key), request.person
    access.require(
        _may_draw_up(person, service),
        _("A statement is drawn up by people with a duty in the charter of one of the two sides."),
    )
    known = _contacts(service)
    document = statements.prepare_statement(service=service, contacts=known, now=clock.unix_now())
    posted = request.POST if request.method == "POST" else None
    form = ContactsForm(document, posted, known)
    if posted is not None and form.is_valid():
        kept = statements.draft_statement(service=service, contacts=form.contacts(), by=person)
        return redirect("statement", key=kept.pk)
    return page(
        request,
        "console/statements/draw_up.html",
        "duties",
        status=422 if posted is not None else 200,
        service=service,
        form=form,
        text=StatementText(document),
    )


@require_GET
@person_required
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One statement, whole."""
    statement = _statement(request, key)
    service = statement.service
    signed = last_signed(service)
    view = StatementView(statement, signed)
    return page(
        request,
        "console/statements/statement.html",
        "duties",
        service=service,
        view=view,
        standing=standing_of(service),
        may_propose=_may_draw_up(request.person, service),
        without_rule=_without_rule(service),
        anchors=[charters.anchor_of(one) for one in (service.provider_id, service.customer_id)],
    )


@require_POST
@person_required
def propose(request: HttpRequest, key: str) -> HttpResponse:
    """Draft the proposal by which both sides sign a statement."""
    statement, person = _statement(request, key), request.person
    document = build_proposal(
        operation=tags.SIGN_STATEMENT,
        parameters=statements.parameters_of(statement),
        requester=person,
        reason=_("To agree on the separation of duties in %(service)s, version %(n)d.")
        % {"service": statement.service.name, "n": statement.version},
    )
    return redirect("proposal", key=workflow.save_draft(document=document, requester=person).pk)


@require_GET
@person_required
def document(request: HttpRequest, key: str) -> HttpResponse:
    """The exact bytes."""
    statement = _statement(request, key)
    return download(bytes(statement.raw), f"{_file_name(statement)}.json")


@require_GET
@person_required
def file(request: HttpRequest, key: str) -> HttpResponse:
    """The statement with its signatures and the charters behind them, for `quorate-node verify-statement`."""
    statement = _statement(request, key)
    signed = StatementView(statement, None).signed
    if signed is None:
        raise NotVisible
    data = statements.file_of(signed).model_dump_json().encode()
    return download(data, f"{_file_name(statement)}-signed.json")


@require_GET
@person_required
def pdf(request: HttpRequest, key: str) -> HttpResponse:
    """The statement in print, with its signatures."""
    statement = _statement(request, key)
    view = StatementView(statement, last_signed(statement.service))
    return download(print_statement(view), f"{_file_name(statement)}.pdf", "application/pdf")


def _service(request: HttpRequest, key: str) -> Service:
    related = ("provider", "customer")
    return access.get_visible(access.visible_services(request.person).select_related(*related), key)


def _statement(request: HttpRequest, key: str) -> Statement:
    related = ("service__provider", "service__customer", "created_by")
    return access.get_visible(access.visible_statements(request.person).select_related(*related), key)


def _may_draw_up(person: Person, service: Service) -> bool:
    return access.may_propose(person, [service.provider_id, service.customer_id])


def _contacts(service: Service) -> tuple[Contact, ...]:
    """As they stand in the statement that was drawn up last."""
    last = service.statements.order_by("-created_at").first()
    return last.document.contacts if last else ()


def _without_rule(service: Service) -> list[str]:
    """The sides whose charter in force has nobody sign statements: it has to be amended first."""
    found = charters.in_force([service.provider_id, service.customer_id])
    rules = [(one.authority.name, one.rule(tags.SIGN_STATEMENT)) for one in found.values()]
    return sorted(name for name, rule in rules if rule is None or not rule.ways)


def _file_name(statement: Statement) -> str:
    return f"statement-{statement.service_id[:8]}-{statement.version}"
