"""The people's side of the database."""

from tenants.models.charter import AuthorityChoices, CharterSignature, CharterState, CharterVersion
from tenants.models.deployment import Deployment
from tenants.models.desk_ticket import DeskPurpose, DeskTicket
from tenants.models.log_entry import LogEntry, Severity
from tenants.models.notice import (
    Letter,
    LetterKind,
    MailAddress,
    Notice,
    NoticeChoice,
    NoticePreference,
    Occasion,
)
from tenants.models.organisation import Organisation, OrganisationKind
from tenants.models.person import Invitation, Person
from tenants.models.program import Program, ProgramNonce
from tenants.models.proposal import FINAL_STATES, OPEN_STATES, RUNNING_STATES, Proposal, State, Waiting
from tenants.models.service import Service, ServiceMode
from tenants.models.signature import Approval, Cancellation, Rejection
from tenants.models.statement import SignedStatement, Statement
from tenants.models.suspension import Suspension
from tenants.models.token import Token
from tenants.models.token_model import ModelList, TokenModel
from tenants.models.webhook import Delivery, DeliveryAttempt, Webhook
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
    "Delivery",
    "DeliveryAttempt",
    "Deployment",
    "DeskPurpose",
    "DeskTicket",
    "Invitation",
    "Letter",
    "LetterKind",
    "LogEntry",
    "MailAddress",
    "ModelList",
    "Notice",
    "NoticeChoice",
    "NoticePreference",
    "Occasion",
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
    "SignedStatement",
    "State",
    "Statement",
    "Suspension",
    "Token",
    "TokenModel",
    "TrustZone",
    "Waiting",
    "Webhook",
]
