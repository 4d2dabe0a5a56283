"""Recover a charter below its quorum, as its own recovery clause says, with the consent of the other side."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.charter.amend import AuthorityParameter
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.protocol.documents.base import Hash, Model
from hsmnodes.node.protocol.documents.charter import LONGEST_RECOVERY, SHORTEST_RECOVERY, AuthorityKind
from hsmnodes.node.protocol.quorum import Consent

KINDS = {
    AuthorityKind.PROVIDER: (AuthorityKind.PROVIDER, AuthorityKind.CUSTOMER),
    AuthorityKind.CUSTOMER: (AuthorityKind.CUSTOMER, AuthorityKind.PROVIDER),
    AuthorityKind.ZONE: (AuthorityKind.ZONE, AuthorityKind.CUSTOMER, AuthorityKind.PROVIDER),
}
"""Whose consent it takes, by the kind of authority that is recovered."""


class Parameters(Model):
    """The authority, the new version with its hash, the announced delay, and whose consent it takes."""

    authority: AuthorityParameter = shown("Authority", "group")
    version: Annotated[int, Field(ge=2, le=1_000_000)] = shown("New version", "integer")
    charter: Hash = shown("New charter", "hash")
    days: Annotated[int, Field(ge=SHORTEST_RECOVERY, le=LONGEST_RECOVERY)] = shown(
        "Days for which it is announced", "integer"
    )
    others: Annotated[tuple[AuthorityParameter, ...], Field(strict=False, min_length=1, max_length=2)] = (
        shown("Other side", "list")
    )


class RecoverCharter(Operation[Parameters]):
    """Takes the charter's recovery clause and the other sides; nodes walk it as part of the chain."""

    tag = "charter.recover/v1"
    title = "Recover a charter below quorum"
    button = "Recover charter"
    sentence = (
        "Recover the charter of {authority.kind} {authority.name} below its quorum: version {version} comes "
        "into force after {days} days in which any of its people can cancel, with the consent of "
        "{others[].name}."
    )
    consent = Consent((), floor=1)
    consent_from = "authority.kind"
    rules = {}
    parameters = Parameters

    @override
    def consent_for(self, parameters: Parameters) -> Consent:
        return Consent(KINDS[parameters.authority.kind], floor=self.consent.floor)

    @override
    def parties(self, parameters: Parameters) -> Mapping[AuthorityKind, str]:
        return {one.kind: one.id for one in (parameters.authority, *parameters.others)}


operation = RecoverCharter()
