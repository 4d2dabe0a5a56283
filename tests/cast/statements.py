"""Statements of the cast: the duties in the service of a zone, signed by the officers of both sides."""

from collections.abc import Sequence
from typing import Any

from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.operations.statement.file import StatementFile, Zone
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, Clause, Role, Statement, Warrant
from hsmnodes.node.protocol.documents.statement import Contact, StatedService
from hsmnodes.node.protocol.statements import Basis, draw_up
from tests.cast.charters import Chain
from tests.cast.deployment import PAYMENTS_SERVICE, Deployment, NodeOfCast
from tests.cast.people import DINA, GUS, JON, KIM, LEA, Member, named
from tests.cast.signing import make_warrant

GENERATE = "key.generate/v1"
ONE = (Clause(role=Role.KEY_MANAGER, group=None, m=1),)
EASED = tuple(
    rule.model_copy(update={"clauses": ONE}) if rule.operation == GENERATE else rule
    for rule in default_rules(AuthorityKind.ZONE)
)
"""The rules of a zone in which that for making keys is weaker than the default."""
CONTACTS = (Contact(side="customer", role="security-officer", reach="Duty desk, day and night"),)
OFFICERS = (GUS, LEA, JON, KIM)
NODE = NodeOfCast(named("ams-1"), b"\x04" + bytes(64))


def basis_of(cast: Deployment, *zones: Chain) -> Basis:
    """The charters in force that a statement of these zones rests on."""
    return Basis(cast.northgate.current, cast.meridian.current, [zone.current for zone in zones])


def statement_of(cast: Deployment, *zones: Chain, **changes: Any) -> Statement:
    """A statement of the duties in a service, its rules held against the defaults of the operations."""
    values: dict[str, Any] = {
        "service": StatedService(id=PAYMENTS_SERVICE.id, name=PAYMENTS_SERVICE.name, mode="shared"),
        "defaults": lambda charter: {one.operation: one for one in default_rules(charter.authority.kind)},
        "contacts": CONTACTS,
        "at": cast.now,
        "after": None,
    }
    return draw_up(basis_of(cast, *zones), **(values | changes))


def sign_statement(
    cast: Deployment,
    statement: Statement,
    /,
    *,
    requester: Member = DINA,
    officers: Sequence[Member] = OFFICERS,
    **changes: Any,
) -> Warrant:
    """Dina proposes to sign a statement; the officers of both sides approve."""
    customer = statement.customer.authority
    parameters = {
        "service": {"id": statement.service.id, "name": statement.service.name},
        "customer": {"id": customer.id, "name": customer.name},
        "version": statement.version,
        "statement": statement.sha256,
    }
    proposal = cast.propose(
        "statement.sign/v1", parameters | changes, [cast.meridian, cast.northgate], [], requester
    )
    return make_warrant(proposal, requester, officers)


def start(cast: Deployment, **changes: Any) -> Warrant:
    """The warrant that starts the service on one node."""
    return cast.start_service(NODE, **changes)


def file_of(
    cast: Deployment,
    statement: Statement,
    warrant: Warrant,
    *zones: Chain,
    starts: Sequence[Warrant] | None = None,
) -> StatementFile:
    """The statement with all that makes it good."""

    def links(chain: Chain) -> tuple[str, ...]:
        return tuple(map(canonical.b64u, chain.raw_links))

    return StatementFile(
        statement=canonical.b64u(statement.raw),
        warrant=canonical.b64u(warrant.raw),
        starts=tuple(canonical.b64u(one.raw) for one in ([start(cast)] if starts is None else starts)),
        provider=links(cast.northgate),
        customer=links(cast.meridian),
        zones=tuple(Zone(id=zone.current.authority.id, links=links(zone)) for zone in zones),
    )
