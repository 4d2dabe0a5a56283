"""What one person signs who suspends a token, or an application: it holds at once, wherever this is known."""

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


class ApplicationSuspensionStatement(Document):
    """Which application of a zone, under which version of the zone's charter, who suspends it and why."""

    type: Literal["quorate/application-suspension-statement/v1"] = (
        "quorate/application-suspension-statement/v1"
    )
    deployment: Id
    demo: bool
    authority: AuthorityAt
    application: Named
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
        """What is stated of a token. Raises DocumentRefused, also for a statement about something else."""
        return SuspensionStatement.from_bytes(canonical.b64u_decode(self.statement))

    @property
    def stated_of_application(self) -> ApplicationSuspensionStatement:
        """What is stated of an application. Raises DocumentRefused, as above."""
        return ApplicationSuspensionStatement.from_bytes(canonical.b64u_decode(self.statement))

    @property
    def is_of_application(self) -> bool:
        """Whether it says that it is about an application. Raises DocumentRefused."""
        said = canonical.decode(canonical.b64u_decode(self.statement))
        wanted = ApplicationSuspensionStatement.model_fields["type"].default
        return isinstance(said, dict) and said.get("type") == wanted
