"""Split the same backup key anew: for other custodians, or with another number of shares needed.

Shares of an earlier set still rebuild the key. Resharing is not revocation: only a new key locks them out.
"""

from typing_extensions import override

from hsmnodes.node.operations.backup_key.sharing import Parameters, SharingOperation
from hsmnodes.node.operations.base import Request
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.protocol.errors import ProposalRefused


class ReshareBackupKey(SharingOperation):
    """A further share set of a zone."""

    tag = "backup-key.reshare/v1"
    title = "Reshare a backup key"
    button = "Reshare"
    sentence = (
        "Split the same backup key of Trust Zone {zone} on node {nodes[].name} anew, into shares for "
        "{custodians[].person}; any {threshold} shares rebuild it. Shares of earlier sets rebuild it, too."
    )

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        super().check(request, node)
        if request.parameters.zone.id not in node.holdings.share_sets:
            raise ProposalRefused("no-shares", "The backup key has no shares yet: split it first.")


operation = ReshareBackupKey()
