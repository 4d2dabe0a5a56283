"""Split the backup key of a Trust Zone among custodians, for the first time."""

from typing_extensions import override

from hsmnodes.node.operations.backup_key.sharing import Parameters, SharingOperation
from hsmnodes.node.operations.base import Request
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.protocol.errors import ProposalRefused


class ShareBackupKey(SharingOperation):
    """The first share set of a zone."""

    tag = "backup-key.share/v1"
    title = "Split a backup key into shares"
    button = "Split"
    sentence = (
        "Split the backup key of Trust Zone {zone} on node {nodes[].name} into shares for "
        "{custodians[].person}; any {threshold} shares rebuild it."
    )

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        super().check(request, node)
        if request.parameters.zone.id in node.holdings.share_sets:
            raise ProposalRefused("shared-already", "The backup key has shares already: reshare it.")


operation = ShareBackupKey()
