"""Withdraw a Trust Zone from a node: keys, backup key and slot go there, and the zone lives on elsewhere.

Two steps, so that nothing is lost. A node that keeps the zone says what it has, and that it keeps it for a
day; the other compares that with what is about to go, within that day, and refuses if a key would be on
neither.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.operations.base import DefaultClause, NodeOperation, Request, Result, Unsettled
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.said import Confirmed
from hsmnodes.node.operations.steps import Step
from hsmnodes.node.operations.zonal import ZoneParameters
from hsmnodes.node.operations.zone.inventory import inventory
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent

KEEPER, LEFT = 0, 1
CONFIRM, LEAVE = "confirm", "leave"
KEPT_FOR = 86_400
"""Seconds for which a node does not leave a zone that it has just said it keeps."""


class Parameters(ZoneParameters):
    """The zone, the slot that goes, the node it goes from, and one that keeps the zone."""

    slot: Named = shown("Slot that is deleted", "named")
    left: Named = shown("From node", "named")
    keeper: Named = shown("Stays on node", "named")


class WithdrawZone(NodeOperation[Parameters]):
    """All of the zone is gone from the node when it is done; none of it, if the other node lacks a key."""

    tag = "zone.withdraw/v1"
    title = "Withdraw a Trust Zone from a node"
    button = "Withdraw"
    sentence = (
        "Withdraw Trust Zone {zone} from node {left}: destroy its keys and its backup key there and delete "
        "slot {slot}, once node {keeper} has confirmed that it has the same keys."
    )
    consent = Consent((AuthorityKind.PROVIDER, AuthorityKind.ZONE), floor=2)
    party_fields = {AuthorityKind.ZONE: "zone"}
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR),),
        AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),),
    }
    parameters = Parameters
    nodes = most_nodes = 2
    node_fields = ("keeper", "left")
    said = {CONFIRM: Confirmed}
    titles = {
        "keys": "Keys",
        "digest": "Digest of the keys",
        "backup_key": "Backup key",
        "epoch": "Epoch",
        "kcv": "Check value",
        "kept_until": "Kept at least until",
        "slot": "Slot id",
    }

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return (Step(KEEPER, CONFIRM), Step(LEFT, LEAVE, (0,)))

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        self.check_nodes(request)
        wanted, keeper = request.parameters, request.parameters.keeper.name
        slot = node.holdings.slot_of(wanted.zone)
        if request.act == CONFIRM:
            return
        if (slot.id, slot.name) != (wanted.slot.id, wanted.slot.name):
            raise ProposalRefused("other-slot", f"The zone's slot on this node is {slot.name}.")
        if node.holdings.kept_until.get(wanted.zone.id, 0) > request.clock:
            raise ProposalRefused("is-keeper", "Another node is leaving the zone because it is kept here.")
        confirmed = dict(request.earlier[0].results)
        if request.clock >= confirmed.pop("kept_until"):
            raise ProposalRefused("too-late", f"What {keeper} confirmed is too old: propose it anew.")
        if confirmed != inventory(node.holdings, wanted.zone.id):
            raise ProposalRefused(
                "not-in-step",
                f"{keeper} has other keys of the zone, or another backup key, than this node: bring "
                "them into step first, so that nothing is lost.",
            )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        try:
            return self.settle(request, hands)
        except DriverError as error:
            raise Unsettled from error

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        zone = request.parameters.zone.id
        if request.act == CONFIRM:
            there = hands.inventory(zone) | {"kept_until": hands.now() + KEPT_FOR}
            return Result(f"{there['keys']} keys of the zone are on this node, and stay here.", there)
        hands.remove_zone(zone)
        return Result(
            "The zone's keys and backup key are destroyed on this node, and its slot is deleted.",
            {"slot": request.parameters.slot.id},
        )

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        if "kept_until" in results:
            holdings.kept_until[parameters.zone.id] = results["kept_until"]
        else:
            holdings.remove_slot(parameters.zone.id)


operation = WithdrawZone()
