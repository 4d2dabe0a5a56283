"""Amend a charter: an authority goes over to the next version of its own charter."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.base import DefaultClause, Operation
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.protocol.charters import AMENDMENT_FLOOR
from hsmnodes.node.protocol.documents.base import Hash, Id, Model, Name
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.quorum import Consent


class AuthorityParameter(Model):
    """The authority whose charter it is."""

    kind: Annotated[AuthorityKind, Field(strict=False)] = shown(
        "Kind", "choice", choices={"provider": "provider", "customer": "customer", "zone": "Trust Zone"}
    )
    id: Id = shown("Id", "id")
    name: Name = shown("Name", "text")


class Parameters(Model):
    """The authority, the number of the new version and its hash."""

    authority: AuthorityParameter = shown("Authority", "group")
    version: Annotated[int, Field(ge=2, le=1_000_000)] = shown("New version", "integer")
    charter: Hash = shown("New charter", "hash")


class AmendCharter(Operation[Parameters]):
    """Needs the rules of both versions; nodes walk it as part of the charter's chain."""

    tag = "charter.amend/v1"
    title = "Amend a charter"
    button = "Amend charter"
    sentence = "Put version {version} of the charter of {authority.kind} {authority.name} into force."
    consent = Consent((), floor=AMENDMENT_FLOOR)
    consent_from = "authority.kind"
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.SECURITY_OFFICER),),
        AuthorityKind.CUSTOMER: (DefaultClause(Role.SECURITY_OFFICER),),
        AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),),
    }
    parameters = Parameters

    @override
    def consent_for(self, parameters: Parameters) -> Consent:
        return Consent((parameters.authority.kind,), floor=AMENDMENT_FLOOR)

    @override
    def parties(self, parameters: Parameters) -> Mapping[AuthorityKind, str]:
        return {parameters.authority.kind: parameters.authority.id}


operation = AmendCharter()
