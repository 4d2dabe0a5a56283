"""Bring a backup key from its shares into a node that has not got it, with a slot for its Trust Zone.

So a zone comes to a new HSM, or back after the last one is lost; its keys follow from a backup. The node does
not know the share set: it goes by what both quorums signed of it, commitments included, and a share that says
otherwise is refused. The customer's consent to the zone is the `zone.found` warrant that comes as evidence,
good under the version of the customer's charter that it names, as of the moment from which it was good.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.backup_key.gathering import GatheringOperation, SharesAsked
from hsmnodes.node.operations.backup_key.identifiers import backup_key_id
from hsmnodes.node.operations.base import DefaultClause, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, ShareHolder, ShareSet
from hsmnodes.node.operations.slot import create
from hsmnodes.node.operations.slot.create import check_place, note_slot
from hsmnodes.node.operations.slot.founding import check_as_founded
from hsmnodes.node.protocol.custody import KeyAtStake
from hsmnodes.node.protocol.documents.base import Bytes, Hash, Model, Named, Version
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.documents.shares import CheckValue, Index, Threshold
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent


class Held(Model):
    """Who holds one share of the set, with which token, and the commitment to it."""

    index: Index = shown("Share", "integer")
    custodian: Named = shown("Custodian", "named")
    credential_id: Annotated[Bytes, Field(min_length=22, max_length=1364)] = shown("Token", "bytes")
    commitment: Hash = shown("Commitment", "hash")


class Parameters(create.Parameters):
    """As for a new slot; and which backup key it is, and the share set that rebuilds it."""

    epoch: Version = shown("Epoch of the backup key", "integer")
    kcv: CheckValue = shown("Check value of the backup key", "text")
    commitment: Hash = shown("Commitment to the backup key", "hash")
    share_set: Version = shown("Share set", "integer")
    threshold: Threshold = shown("Shares that rebuild the key", "integer")
    holders: Annotated[tuple[Held, ...], Field(min_length=2, max_length=16)] = shown("Share", "list")


class ImportBackupKey(GatheringOperation[Parameters]):
    """The slot is made when the custodians' shares have rebuilt the very key that people signed for."""

    tag = "backup-key.import/v1"
    title = "Import a backup key into a node"
    button = "Import backup key"
    sentence = (
        "Bring the backup key of Trust Zone {zone} (epoch {epoch}, check value {kcv}) from shares of share "
        "set {share_set} into node {nodes[].name}, in a new slot {slot} of service {service}; {threshold} "
        "custodians give theirs."
    )
    consent = Consent((AuthorityKind.PROVIDER, AuthorityKind.ZONE), floor=2)
    party_fields = {AuthorityKind.ZONE: "zone"}
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR),),
        AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),),
    }
    parameters = Parameters
    titles = {
        **create.CreateSlot.titles,
        "contributors": "Custodians",
        "index": "Share",
        "custodian": "Custodian",
    }

    @override
    def anchors(self, parameters: Parameters) -> Mapping[AuthorityKind, str]:
        return {AuthorityKind.ZONE: parameters.zone_charter}

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted, holdings = request.parameters, node.holdings
        service = holdings.service(wanted.service)
        check_place(wanted, service, node)
        holdings.check_name_is_free("slot", wanted.slot.name, what="slot")
        holdings.check_name_is_free(
            service.customer.id, wanted.zone.name, what="Trust Zone", owner=wanted.zone.id
        )
        _check_set(wanted)
        check_as_founded(request, wanted.zone, service, node)

    @override
    def asks_for(self, request: Request[Parameters], node: Surroundings) -> SharesAsked:
        wanted, proposal = request.parameters, request.proposal
        return SharesAsked(
            at_stake=KeyAtStake(
                deployment=proposal.deployment,
                demo=proposal.demo,
                zone=wanted.zone,
                provider_founding=node.charters(AuthorityKind.PROVIDER, node.provider)[0].sha256,
                zone_founding=wanted.zone_charter,
                backup_key=wanted.backup_key,
                epoch=wanted.epoch,
                kcv=wanted.kcv,
            ),
            share_set=wanted.share_set,
            threshold=wanted.threshold,
            asked=wanted.threshold,
            commitment=wanted.commitment,
            holders=_holders(wanted),
        )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        wanted = request.parameters
        proof = hands.import_zone(wanted.zone, request.proposal.proposal)
        return Result(
            f"The backup key of epoch {wanted.epoch} is in the slot, rebuilt from "
            f"{len(proof.contributors)} shares.",
            {
                "slot": wanted.slot.id,
                "zone": wanted.zone.id,
                "backup_key": {
                    "kind": wanted.backup_key,
                    "epoch": wanted.epoch,
                    "kcv": proof.kcv,
                    "commitment": proof.commitment,
                },
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
        key_id = backup_key_id(parameters.zone.id, holdings.proposal)
        note_slot(parameters, holdings, epoch=parameters.epoch, kcv=parameters.kcv, key_id=key_id)
        holdings.share_sets[parameters.zone.id] = ShareSet(
            number=parameters.share_set,
            epoch=parameters.epoch,
            threshold=parameters.threshold,
            commitment=parameters.commitment,
            holders=_holders(parameters),
        )


def _check_set(wanted: Parameters) -> None:
    if [one.index for one in wanted.holders] != list(range(1, len(wanted.holders) + 1)):
        raise ProposalRefused("bad-share-set", "The shares of a set have the numbers from 1, in order.")
    if len({one.custodian.id for one in wanted.holders}) != len(wanted.holders):
        raise ProposalRefused("custodian-twice", "A custodian stands twice: one person holds one share.")
    if wanted.threshold > len(wanted.holders):
        raise ProposalRefused("bad-threshold", "More shares would be needed than there are.")


def _holders(wanted: Parameters) -> tuple[ShareHolder, ...]:
    return tuple(
        ShareHolder(one.index, one.custodian, one.credential_id, one.commitment) for one in wanted.holders
    )


operation = ImportBackupKey()
