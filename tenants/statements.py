"""Statements: drawn up from the charters in force, and signed by both sides.

What a statement says is decided in hsmnodes/node/protocol/statements.py; here it is kept, and in
tenants/standing.py held against what is in force since. A statement is signed when its `statement.sign`
proposal is authorised, which is refused if the charters in force are no longer those it was drawn up from.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from hsmnodes.node.operations.statement.file import StatementFile, Zone
from hsmnodes.node.operations.statement.sign import check_binds
from hsmnodes.node.protocol import canonical, documents
from hsmnodes.node.protocol.documents.statement import Contact
from hsmnodes.node.protocol.errors import DocumentRefused, ProposalRefused
from hsmnodes.node.protocol.statements import check_made_from, draw_up
from tenants import access, charters, clock, log, tags
from tenants.analysis.defaults import defaults_for
from tenants.errors import Invalid, WrongState
from tenants.log import About, Event
from tenants.models import Person, Proposal, Service, SignedStatement, Statement
from tenants.standing import basis_of, last_signed, starts_of, stated_service

MOST_UNSIGNED = 10
LATELY = timedelta(days=30)
"""So many statements of a service can have been drawn up lately that both sides have not signed."""


def prepare_statement(*, service: Service, contacts: Sequence[Contact], now: int) -> documents.Statement:
    """The statement as it would be drawn up now. Nothing is kept. Raises Invalid."""
    basis = basis_of(service)
    if basis is None:
        raise Invalid("no-charter", "Both sides need a charter in force before they can agree on duties.")
    signed = last_signed(service)
    try:
        made = draw_up(
            basis,
            service=stated_service(service),
            defaults=defaults_for,
            contacts=contacts,
            at=now,
            after=signed.statement.document if signed else None,
        )
        return documents.Statement.from_bytes(made.raw)
    except ProposalRefused as refused:
        raise Invalid(refused.code, refused.message) from None
    except (ValueError, DocumentRefused) as error:
        raise Invalid(
            "cannot-state", f"A statement cannot be drawn up from these charters: {error}"
        ) from None


@transaction.atomic
def draft_statement(*, service: Service, contacts: Sequence[Contact], by: Person) -> Statement:
    """Draw up a statement of the duties in a service and keep it, for both sides to sign.

    Raises NotAllowed for who has no duty on either side; Invalid where a side has no charter in force;
    WrongState where too many were drawn up lately that nobody has signed: none is ever deleted.
    """
    access.require(
        access.may_propose(by, [service.provider_id, service.customer_id]),
        "A statement is drawn up by people with a duty in the charter of one of the two sides.",
    )
    service = Service.objects.select_for_update(no_key=True).get(pk=service.pk)
    document = prepare_statement(service=service, contacts=contacts, now=clock.unix_now())
    _check_room(service, document.sha256)
    kept, made = Statement.objects.get_or_create(
        hash=document.sha256,
        defaults={
            "service": service,
            "version": document.version,
            "raw": document.raw,
            "created_by": by,
            "created_at": clock.now(),
        },
    )
    if made:
        log.record(
            Event.STATEMENT_DRAWN_UP,
            f"Version {kept.version} of the statement of duties in {service.name} was drawn up.",
            about=about_statement(kept),
            actor=by,
            document=document.raw,
        )
    return kept


def _check_room(service: Service, hash_: str) -> None:
    """Raises WrongState if another statement would be one too many that waits for signatures."""
    lately = clock.now() - LATELY
    unsigned = service.statements.filter(created_at__gt=lately, signed__isnull=True).exclude(hash=hash_)
    if unsigned.count() >= MOST_UNSIGNED:
        raise WrongState(
            "too-many-statements",
            f"{MOST_UNSIGNED} statements of {service.name} were drawn up in the last {LATELY.days} days and "
            "not signed. Have one of them signed, or wait until the oldest is older than that.",
        )


def parameters_of(statement: Statement) -> dict[str, object]:
    """The parameters of the proposal to sign a statement."""
    document = statement.document
    customer = document.customer.authority
    return {
        "service": {"id": document.service.id, "name": document.service.name},
        "customer": {"id": customer.id, "name": customer.name},
        "version": document.version,
        "statement": document.sha256,
    }


def check_can_be_signed(proposal: Proposal) -> Statement:
    """The statement that a proposal asks to be signed, if it is here and still what charters in force say.

    Raises WrongState or ProposalRefused, with what has to be done first.
    """
    statement = Statement.objects.filter(hash=proposal.document.parameters["statement"]).first()
    if statement is None:
        raise WrongState("no-such-statement", "This statement was not drawn up here.")
    check_binds(proposal.document, statement.document)
    basis = basis_of(statement.service)
    if basis is None:
        raise ProposalRefused("stale-statement", "A charter that the statement rests on is not in force.")
    check_made_from(statement.document, basis)
    if statement.document.service != stated_service(statement.service):
        raise ProposalRefused("other-statement", "The service is another than the statement says.")
    signed = last_signed(statement.service)
    if statement.document.previous != (signed.statement.hash if signed else None):
        raise ProposalRefused("stale-statement", "Another statement was signed since this was drawn up.")
    return statement


def sign_statement(proposal: Proposal) -> SignedStatement:
    """Note that both sides signed a statement. In the caller's transaction.

    Raises ProposalRefused if charters in force are not those it was drawn up from.
    """
    service = Service.objects.select_for_update(no_key=True).get(
        pk=proposal.document.parameters["service"]["id"]
    )
    try:
        statement = check_can_be_signed(proposal)
    except WrongState as error:
        raise ProposalRefused(error.code, error.message) from None
    signed = SignedStatement.objects.create(
        statement=statement, service=service, version=statement.version, proposal=proposal, at=clock.now()
    )
    log.record(
        Event.STATEMENT_SIGNED,
        f"Version {signed.version} of the statement of duties in {service.name} is signed by both sides.",
        about=about_statement(statement),
        document=bytes(proposal.warrant),
        details={"statement": statement.hash},
    )
    return signed


def file_of(signed: SignedStatement) -> StatementFile:
    """The statement with its signatures and all that makes them good, to be verified anywhere."""
    document = signed.statement.document
    starts = starts_of([signed.service])
    links = {
        one.authority.id: tuple(canonical.b64u(link.raw) for link in charters.chain_of(one.authority.id))
        for one in document.charters
    }
    return StatementFile(
        statement=canonical.b64u(document.raw),
        warrant=canonical.b64u(bytes(signed.proposal.warrant)),
        starts=tuple(canonical.b64u(bytes(one.warrant)) for one in starts[signed.service_id]),
        provider=links[document.provider.authority.id],
        customer=links[document.customer.authority.id],
        zones=tuple(Zone(id=one.authority.id, links=links[one.authority.id]) for one in document.zones),
    )


def proposals_to_sign(statement: Statement) -> list[Proposal]:
    """The proposals to sign a statement, the newest first."""
    found = Proposal.objects.filter(operation=tags.SIGN_STATEMENT, customer=statement.service.customer_id)
    return [
        one for one in found.order_by("-created_at") if statement.hash in one.document.parameters.values()
    ]


def about_statement(statement: Statement) -> About:
    """A log entry about a statement."""
    service = statement.service
    return About("statement", statement.id, service.provider_id, service.customer_id)
