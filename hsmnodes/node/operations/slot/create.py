"""Create a slot for a Trust Zone: a token of its own, under a backup key of its own.

This is where a node comes to know a zone. It pins the zone's charter by the hash that the provider and the
zone signed, and looks for the customer's consent to that same hash in the `zone.found` warrant that comes as
evidence; every founder's own signature is on the charter's founding link.
"""

from collections.abc import Mapping
from typing import Any, Literal

from typing_extensions import override

from hsmnodes.node.operations.backup_key.identifiers import FIRST, backup_key_id
from hsmnodes.node.operations.base import DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, Service, Slot
from hsmnodes.node.operations.slot.founding import check_founding
from hsmnodes.node.protocol.documents.base import Hash, Model, Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent


class Parameters(Model):
    """The slot, the zone it is for, the zone's service and charter, and the kind of its backup key."""

    slot: Named = shown("Slot", "named")
    zone: Named = shown("Trust Zone", "named")
    service: Named = shown("Service", "named")
    zone_charter: Hash = shown("Charter of the zone, version 1", "hash")
    backup_key: Literal["MBK", "TBK"] = shown(
        "Backup key",
        "choice",
        choices={"MBK": "Master Backup Key (MBK)", "TBK": "Tenant Backup Key (TBK)"},
    )


class CreateSlot(NodeOperation[Parameters]):
    """An exclusive service has one slot under the MBK; in a shared one each zone's slot has a TBK."""

    tag = "slot.create/v1"
    title = "Create a slot for a Trust Zone"
    button = "Create slot"
    sentence = (
        "Create slot {slot} on node {nodes[].name} for Trust Zone {zone} of service {service}, "
        "with a new {backup_key}."
    )
    consent = Consent((AuthorityKind.PROVIDER, AuthorityKind.ZONE), floor=2)
    party_fields = {AuthorityKind.ZONE: "zone"}
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR),),
        AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),),
    }
    parameters = Parameters
    titles = {
        "slot": "Slot id",
        "zone": "Trust Zone id",
        "backup_key": "Backup key",
        "kind": "Kind",
        "epoch": "Epoch",
        "kcv": "Check value",
        "commitment": "Commitment",
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
        holdings.check_name_is_free(service.customer.id, wanted.zone.name, what="Trust Zone")
        check_founding(
            zone=request.foundings[AuthorityKind.ZONE],
            named=wanted.zone,
            service=service,
            provider=request.charters[AuthorityKind.PROVIDER],
            customer=node.charter(AuthorityKind.CUSTOMER, service.customer.id),
            evidence=request.evidence,
            now=request.now,
            is_closed=node.is_closed,
            suspended=holdings.suspended_in([service.customer.id]),
        )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        wanted = request.parameters
        key = hands.make_zone(wanted.zone.id, wanted.backup_key)
        return Result(
            f"The slot is created under a new {wanted.backup_key}.",
            {
                "slot": wanted.slot.id,
                "zone": wanted.zone.id,
                "backup_key": {
                    "kind": key.kind,
                    "epoch": key.epoch,
                    "kcv": key.kcv,
                    "commitment": hands.commitment(wanted.zone.id, key),
                },
            },
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        key = results["backup_key"]
        key_id = backup_key_id(parameters.zone.id, FIRST)
        note_slot(parameters, holdings, epoch=key["epoch"], kcv=key["kcv"], key_id=key_id)


def note_slot(parameters: Parameters, holdings: Holdings, *, epoch: int, kcv: str, key_id: str) -> None:
    """Note the slot that was made, under the backup key with this epoch, check value and object id."""
    slot = Slot(
        id=parameters.slot.id,
        name=parameters.slot.name,
        zone=parameters.zone,
        service=parameters.service.id,
        backup_key=parameters.backup_key,
        epoch=epoch,
        kcv=kcv,
        backup_key_id=key_id,
    )
    holdings.add_slot(slot, customer=holdings.services[slot.service].customer.id)


def check_place(wanted: Parameters, service: Service, node: Surroundings) -> None:
    """Raise ProposalRefused unless such a slot has room, and a backup key of the kind of its service."""
    slots = node.holdings.slots
    if wanted.zone.id in slots:
        raise ProposalRefused("slot-exists", "The Trust Zone has a slot on this node already.")
    if any(slot.id == wanted.slot.id for slot in slots.values()):
        raise ProposalRefused("slot-exists", "A slot of this id is on this node already.")
    if len(slots) >= node.slots:
        raise ProposalRefused("no-slot-left", f"All {node.slots} slots of this node are in use.")
    exclusive = service.mode == "exclusive"
    if exclusive and slots:
        raise ProposalRefused("hsm-is-exclusive", "An exclusive service has one Trust Zone on its HSM.")
    kind = "MBK" if exclusive else "TBK"
    if wanted.backup_key != kind:
        raise ProposalRefused("wrong-backup-key", f"The slot of such a service is under a {kind}.")


operation = CreateSlot()
