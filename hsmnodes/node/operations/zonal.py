"""What operations inside one Trust Zone have in common: its key managers alone consent, two at least."""

from typing import TypeVar

from hsmnodes.node.operations.base import DefaultClause, NodeOperation
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.protocol.documents.base import Model, Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.quorum import Consent


class ZoneParameters(Model):
    """The zone it is about."""

    zone: Named = shown("Trust Zone", "named")


Z = TypeVar("Z", bound=ZoneParameters)


class ZoneOperation(NodeOperation[Z]):
    """An operation that is the zone's own affair."""

    consent = Consent((AuthorityKind.ZONE,), floor=2)
    party_fields = {AuthorityKind.ZONE: "zone"}
    rules = {AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),)}
