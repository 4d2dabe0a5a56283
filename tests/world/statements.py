"""Statements in the world: drawn up, proposed by Dina, signed by the officers of both sides."""

from hsmnodes.node.protocol.documents.statement import Contact
from tenants import charter_drafts, charters, statements
from tenants.charter_drafts import Duty, Terms
from tenants.models import CharterVersion, Proposal, Service, Statement
from tests.cast import people
from tests.cast.people import DINA, GUS, JON, KIM, LEA, Member
from tests.world.world import World

CONTACTS = (
    Contact(side="customer", role="security-officer", reach="Duty desk, +31 20 555 0100, day and night"),
    Contact(side="provider", role="hsm-administrator", reach="Operations, +31 20 555 0200"),
)
OFFICERS = (GUS, LEA, JON, KIM)


def draw_up(world: World, service: Service, *, by: Member = GUS, contacts=CONTACTS) -> Statement:
    """A statement of the duties in a service."""
    return statements.draft_statement(service=service, contacts=contacts, by=world.person(by))


def propose(world: World, statement: Statement, *, by: Member = DINA) -> Proposal:
    """Dina proposes to sign it."""
    return world.propose("statement.sign/v1", statements.parameters_of(statement), by=by)


def sign(world: World, statement: Statement) -> Proposal:
    """The officers of both sides sign it."""
    return world.approve(propose(world, statement), *OFFICERS)


def amend(world: World, authority: str, *, by: Member, signers, rules=None) -> None:
    """Put the next version of a charter into force: the same people, with other rules or just renewed."""
    current = CharterVersion.objects.get(authority=authority, state="in-force")
    members = {one.id: one for one in people.EVERYONE}
    duties = [Duty(world.person(members[one.id]), one.roles) for one in charters.document_of(current).people]
    made = charter_drafts.draft_amendment(
        current=current, duties=duties, by=world.person(by), terms=Terms(rules=rules)
    )
    document = charters.document_of(made)
    parameters = {
        "authority": document.authority.model_dump(mode="json"),
        "version": document.version,
        "charter": document.sha256,
    }
    world.approve(world.propose("charter.amend/v1", parameters, by=by), *signers)
