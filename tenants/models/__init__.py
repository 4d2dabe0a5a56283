"""The people's side of the database."""

from tenants.models.charter import AuthorityChoices, CharterSignature, CharterState, CharterVersion
from tenants.models.deployment import Deployment
from tenants.models.desk_ticket import DeskPurpose, DeskTicket
from tenants.models.log_entry import LogEntry, Severity
from tenants.models.organisation import Organisation, OrganisationKind
from tenants.models.person import Invitation, Person
from tenants.models.program import Program, ProgramNonce
from tenants.models.proposal import FINAL_STATES, OPEN_STATES, RUNNING_STATES, Proposal, State, Waiting
from tenants.models.service import Service, ServiceMode
from tenants.models.signature import Approval, Cancellation, Rejection
from tenants.models.token import Token
from tenants.models.zone import TrustZone

__all__ = [
    "FINAL_STATES",
    "OPEN_STATES",
    "RUNNING_STATES",
    "Approval",
    "AuthorityChoices",
    "Cancellation",
    "CharterSignature",
    "CharterState",
    "CharterVersion",
    "Deployment",
    "DeskPurpose",
    "DeskTicket",
    "Invitation",
    "LogEntry",
    "Organisation",
    "OrganisationKind",
    "Person",
    "Program",
    "ProgramNonce",
    "Proposal",
    "Rejection",
    "Service",
    "ServiceMode",
    "Severity",
    "State",
    "Token",
    "TrustZone",
    "Waiting",
]
