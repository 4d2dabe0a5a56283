"""What a person signs who suspends a token: it stops counting at once, wherever this is known."""

from typing import Annotated, Literal

from pydantic import Field

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Bytes, Document, Id, Named, Reason, Time
from hsmnodes.node.protocol.documents.proposal import AuthorityAt
from hsmnodes.node.protocol.documents.signatures import Assertion


class SuspensionStatement(Document):
    """Which token of whom, under which version of whose charter, who suspends it and why."""

    type: Literal["quorate/suspension-statement/v1"] = "quorate/suspension-statement/v1"
    deployment: Id
    demo: bool
    authority: AuthorityAt
    person: Named
    credential_id: Annotated[Bytes, Field(min_length=22, max_length=1364)]
    by: Named
    reason: Reason
    at: Time


class Suspension(Document):
    """A suspension: the statement's bytes with an assertion over challenge(SUSPEND, those bytes)."""

    type: Literal["quorate/suspension/v1"] = "quorate/suspension/v1"
    statement: Bytes
    assertion: Assertion

    @property
    def stated(self) -> SuspensionStatement:
        """What is stated. Raises DocumentRefused."""
        return SuspensionStatement.from_bytes(canonical.b64u_decode(self.statement))
