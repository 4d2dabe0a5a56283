"""What people sign about a proposal, and the warrant that carries it all to a node."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Bytes, Document, Hash, Id, Name, Part, Reason, Time


class Assertion(Part):
    """A WebAuthn assertion as the token gave it (WebAuthn Level 3 section 5.2.2), each part in base64url."""

    credential_id: Annotated[Bytes, Field(max_length=1364)]
    authenticator_data: Annotated[Bytes, Field(max_length=2732)]
    client_data: Annotated[Bytes, Field(max_length=5462)]
    signature: Annotated[Bytes, Field(max_length=200)]


class Approval(Document):
    """A token's approval: its assertion over challenge(APPROVE, the bytes of the proposal)."""

    type: Literal["quorate/approval/v1"] = "quorate/approval/v1"
    proposal: Hash
    assertion: Assertion


class Signer(Part):
    """Who states something about a proposal."""

    id: Id
    name: Name


class RejectionStatement(Document):
    """What a person signs who rejects a proposal."""

    type: Literal["quorate/rejection-statement/v1"] = "quorate/rejection-statement/v1"
    deployment: Id
    proposal: Id
    proposal_hash: Hash
    person: Signer
    reason: Reason
    at: Time


class CancellationStatement(Document):
    """What a person signs who cancels a proposal."""

    type: Literal["quorate/cancellation-statement/v1"] = "quorate/cancellation-statement/v1"
    deployment: Id
    proposal: Id
    proposal_hash: Hash
    person: Signer
    reason: Reason
    at: Time


class Rejection(Document):
    """A rejection: the statement's bytes with an assertion over challenge(REJECT, those bytes)."""

    type: Literal["quorate/rejection/v1"] = "quorate/rejection/v1"
    statement: Bytes
    assertion: Assertion


class Cancellation(Document):
    """A cancellation: the statement's bytes with an assertion over challenge(CANCEL, those bytes)."""

    type: Literal["quorate/cancellation/v1"] = "quorate/cancellation/v1"
    statement: Bytes
    assertion: Assertion


class Warrant(Document):
    """A proposal with the signatures that authorise it; `evidence` holds other documents' bytes behind it."""

    LIMIT: ClassVar[int] = 1_000_000

    type: Literal["quorate/warrant/v1"] = "quorate/warrant/v1"
    proposal: Bytes
    request: Assertion
    approvals: Annotated[tuple[Approval, ...], Field(max_length=200)]
    rejections: Annotated[tuple[Rejection, ...], Field(max_length=200)]
    cancellations: Annotated[tuple[Cancellation, ...], Field(max_length=200)]
    evidence: Annotated[tuple[Bytes, ...], Field(max_length=16)]

    @property
    def proposal_bytes(self) -> bytes:
        """The exact bytes of the proposal."""
        return canonical.b64u_decode(self.proposal)
