"""Found a Trust Zone: the customer agrees to the first version of a zone's charter."""

from typing import Literal

from hsmnodes.node.operations.base import DefaultClause, Operation
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.protocol.documents.base import Hash, Model, Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.quorum import Consent


class Parameters(Model):
    """The zone, its service, who controls it, and the hash of version 1 of its charter."""

    zone: Named = shown("Trust Zone", "named")
    service: Named = shown("Service", "named")
    controller: Literal["provider", "customer"] = shown(
        "Controlled by", "choice", choices={"provider": "the provider", "customer": "the customer"}
    )
    charter: Hash = shown("Charter of the zone, version 1", "hash")


class FoundZone(Operation[Parameters]):
    """No node acts on it by itself: it is the evidence on which slots are created."""

    tag = "zone.found/v1"
    title = "Found a Trust Zone"
    button = "Found Trust Zone"
    sentence = "Found Trust Zone {zone} in service {service}, controlled by {controller}."
    consent = Consent((AuthorityKind.CUSTOMER,), floor=2)
    rules = {AuthorityKind.CUSTOMER: (DefaultClause(Role.SECURITY_OFFICER),)}
    parameters = Parameters


operation = FoundZone()
