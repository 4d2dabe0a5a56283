"""Prove that custodians still can: their shares rebuild the backup key, which is then dropped unused."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.operations.backup_key.gathering import GatheringOperation, SharesAsked
from hsmnodes.node.operations.base import Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol.documents.base import Version
from hsmnodes.node.protocol.documents.shares import Threshold
from hsmnodes.node.protocol.errors import ProposalRefused


class Parameters(ZoneParameters):
    """The zone, which of its backup keys and share sets, and how many custodians take part."""

    epoch: Version = shown("Epoch of the backup key", "integer")
    share_set: Version = shown("Share set", "integer")
    shares: Threshold = shown("Custodians who take part", "integer")


class DrillBackupKey(GatheringOperation[Parameters], ZoneOperation[Parameters]):
    """A drill. The rebuilt key is compared with the one in the HSM, and nothing is done with it."""

    tag = "backup-key.drill/v1"
    title = "Drill with the custodians"
    button = "Hold the drill"
    sentence = (
        "Hold a drill for Trust Zone {zone} on node {nodes[].name}: {shares} custodians of share set "
        "{share_set} prove that their shares rebuild the backup key. The key is not used."
    )
    parameters = Parameters
    titles = {
        "kcv": "Check value",
        "commitment": "Commitment of the share set",
        "contributors": "Who contributed",
        "index": "Share",
        "custodian": "Custodian",
    }

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        node.holdings.slot_of(wanted.zone)
        last = node.holdings.share_sets.get(wanted.zone.id)
        if last is None:
            raise ProposalRefused("no-shares", "The backup key has no shares yet: split it first.")
        if (wanted.epoch, wanted.share_set) != (last.epoch, last.number):
            raise ProposalRefused(
                "other-share-set", f"The last share set is number {last.number}, of epoch {last.epoch}."
            )
        if not last.threshold <= wanted.shares <= len(last.holders):
            raise ProposalRefused(
                "bad-number",
                f"At least {last.threshold} shares are needed to rebuild the key, and there are "
                f"{len(last.holders)}.",
            )

    @override
    def asks_for(self, request: Request[Parameters], node: Surroundings) -> SharesAsked:
        last = node.holdings.share_sets[request.parameters.zone.id]
        return SharesAsked(
            at_stake=node.at_stake(request.parameters.zone),
            share_set=last.number,
            threshold=last.threshold,
            asked=request.parameters.shares,
            commitment=last.commitment,
            holders=last.holders,
        )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        proof = hands.prove_shares(request.parameters.zone, request.proposal.proposal)
        return Result(
            f"{len(proof.contributors)} custodians have proved that their shares rebuild the backup key.",
            {
                "kcv": proof.kcv,
                "commitment": proof.commitment,
                "contributors": [
                    {"index": one.index, "custodian": one.custodian.model_dump()}
                    for one in proof.contributors
                ],
            },
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        pass


operation = DrillBackupKey()
