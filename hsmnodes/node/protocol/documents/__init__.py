"""The documents of Quorate as strict, frozen models (see docs/formats/documents.md)."""

from hsmnodes.node.protocol.documents.backups import BackedUpKey, BackupManifest
from hsmnodes.node.protocol.documents.base import Document, Model, Named
from hsmnodes.node.protocol.documents.ceremonies import Ceremony, Contribution, ContributionAnswer
from hsmnodes.node.protocol.documents.charter import (
    Authority,
    AuthorityKind,
    Charter,
    CharterLink,
    Clause,
    Desk,
    Group,
    Person,
    Role,
    Rule,
    Token,
    TokenRules,
    ZoneTerms,
)
from hsmnodes.node.protocol.documents.node import (
    Heartbeat,
    NodeSigned,
    Outcome,
    Receipt,
    WitnessRequest,
    WitnessStatement,
)
from hsmnodes.node.protocol.documents.people import Enrolment, ShareKeyRequest, SignIn
from hsmnodes.node.protocol.documents.proposal import AuthorityAt, NodeAt, Proposal, Requester
from hsmnodes.node.protocol.documents.share_keys import ShareKey, ShareKeyStatement
from hsmnodes.node.protocol.documents.shares import KeyShare
from hsmnodes.node.protocol.documents.signatures import (
    Approval,
    Assertion,
    Cancellation,
    CancellationStatement,
    Rejection,
    RejectionStatement,
    Warrant,
)

__all__ = [
    "Approval",
    "Assertion",
    "Authority",
    "AuthorityAt",
    "AuthorityKind",
    "BackedUpKey",
    "BackupManifest",
    "Cancellation",
    "CancellationStatement",
    "Ceremony",
    "Charter",
    "CharterLink",
    "Clause",
    "Contribution",
    "ContributionAnswer",
    "Desk",
    "Document",
    "Enrolment",
    "Group",
    "Heartbeat",
    "KeyShare",
    "Model",
    "Named",
    "NodeAt",
    "NodeSigned",
    "Outcome",
    "Person",
    "Proposal",
    "Receipt",
    "Rejection",
    "RejectionStatement",
    "Requester",
    "Role",
    "Rule",
    "ShareKey",
    "ShareKeyRequest",
    "ShareKeyStatement",
    "SignIn",
    "Token",
    "TokenRules",
    "Warrant",
    "WitnessRequest",
    "WitnessStatement",
    "ZoneTerms",
]
