"""Sign a statement: provider and customer agree to the separation of duties that it states."""

from hsmnodes.node.operations.base import DefaultClause, Operation
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.protocol.documents.base import Hash, Model, Named, Version
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.statement import Statement
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent


class Parameters(Model):
    """The service, its customer, and the number and the hash of the statement."""

    service: Named = shown("Service", "named")
    customer: Named = shown("Customer", "named")
    version: Version = shown("Version of the statement", "integer")
    statement: Hash = shown("Statement", "hash")


class SignStatement(Operation[Parameters]):
    """No node acts on it. It is evidence of what was agreed, and the desk shows it whole (ADR 20)."""

    tag = "statement.sign/v1"
    title = "Sign a statement of duties"
    button = "Sign statement"
    sentence = (
        "Agree to version {version} of the statement of the separation of duties in service {service} for "
        "customer {customer}."
    )
    consent = Consent((AuthorityKind.CUSTOMER, AuthorityKind.PROVIDER), floor=2)
    party_fields = {AuthorityKind.CUSTOMER: "customer"}
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.SECURITY_OFFICER),),
        AuthorityKind.CUSTOMER: (DefaultClause(Role.SECURITY_OFFICER),),
    }
    parameters = Parameters


def check_binds(proposal: Proposal, statement: Statement) -> None:
    """Check that a proposal to sign is about this statement, and its consent from those it is between.

    Raises ProposalRefused.
    """
    wanted = operation.read(proposal.parameters)
    bound = Parameters(
        service=Named(id=statement.service.id, name=statement.service.name),
        customer=Named(id=statement.customer.authority.id, name=statement.customer.authority.name),
        version=statement.version,
        statement=statement.sha256,
    )
    sides = (statement.customer.authority, statement.provider.authority)
    fixed = (statement.deployment, statement.demo) == (proposal.deployment, proposal.demo)
    if proposal.operation != operation.tag or wanted != bound or not fixed:
        raise ProposalRefused("other-statement", "The proposal is about another statement.")
    if proposal.authorities != sides:
        raise ProposalRefused(
            "stale-statement", "The statement names other versions of charters than the proposal."
        )


operation = SignStatement()
