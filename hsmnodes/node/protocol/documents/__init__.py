"""The documents of Quorate as strict, frozen models (see docs/formats/documents.md)."""

from hsmnodes.node.protocol.documents.backups import (
    BackedUpKey,
    BackupIndex,
    BackupManifest,
    BackupPart,
    PartManifest,
)
from hsmnodes.node.protocol.documents.base import Document, Model, Named
from hsmnodes.node.protocol.documents.ceremonies import Ceremony, Contribution, ContributionAnswer
from hsmnodes.node.protocol.documents.charter import (
    Authority,
    AuthorityKind,
    Charter,
    Clause,
    Desk,
    Group,
    OtherSide,
    Person,
    Recovery,
    Role,
    Rule,
    Token,
    TokenRules,
    ZoneTerms,
)
from hsmnodes.node.protocol.documents.charter_link import CharterLink, SideChain
from hsmnodes.node.protocol.documents.cluster import ClusterState
from hsmnodes.node.protocol.documents.kits import Kit, KitFile
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
from hsmnodes.node.protocol.documents.statement import Statement
from hsmnodes.node.protocol.documents.suspensions import (
    ApplicationSuspensionStatement,
    Suspension,
    SuspensionStatement,
)

__all__ = [
    "ApplicationSuspensionStatement",
    "Approval",
    "Assertion",
    "Authority",
    "AuthorityAt",
    "AuthorityKind",
    "BackedUpKey",
    "BackupIndex",
    "BackupManifest",
    "BackupPart",
    "Cancellation",
    "CancellationStatement",
    "Ceremony",
    "Charter",
    "CharterLink",
    "Clause",
    "ClusterState",
    "Contribution",
    "ContributionAnswer",
    "Desk",
    "Document",
    "Enrolment",
    "Group",
    "Heartbeat",
    "KeyShare",
    "Kit",
    "KitFile",
    "Model",
    "Named",
    "NodeAt",
    "NodeSigned",
    "OtherSide",
    "Outcome",
    "PartManifest",
    "Person",
    "Proposal",
    "Receipt",
    "Recovery",
    "Rejection",
    "RejectionStatement",
    "Requester",
    "Role",
    "Rule",
    "ShareKey",
    "ShareKeyRequest",
    "ShareKeyStatement",
    "SideChain",
    "SignIn",
    "Statement",
    "Suspension",
    "SuspensionStatement",
    "Token",
    "TokenRules",
    "Warrant",
    "WitnessRequest",
    "WitnessStatement",
    "ZoneTerms",
]
