"""Extend a Trust Zone to another node: its backup key, sealed from node to node, then all of its keys.

Three steps. The node that is to have the zone offers a one-time key. One that has it verifies that offer,
seals the backup key to it and backs the keys up. The first opens both and makes the slot. Nobody in between
can read the backup key, and a node that is not enrolled, or that people did not sign for, is sent nothing.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from hsmnodes.node.drivers.errors import DriverDied, DriverError, DriverTimeout
from hsmnodes.node.operations.backup.travelling import beside, parts_of, read_whole, stated
from hsmnodes.node.operations.base import Attachment, DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, ShareHolder, ShareSet
from hsmnodes.node.operations.said import Offered, Sent
from hsmnodes.node.operations.slot import create
from hsmnodes.node.operations.slot.create import check_place, note_slot
from hsmnodes.node.operations.slot.founding import check_as_founded
from hsmnodes.node.operations.steps import Step
from hsmnodes.node.operations.zone import arriving, moving
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.documents.backups import MOST_KEYS
from hsmnodes.node.protocol.documents.base import Hash, Named, Version
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.documents.shares import CheckValue
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent

RECEIVER, SENDER = 0, 1
OFFERED, SENT = 0, 1


class Parameters(create.Parameters):
    """As for a new slot; from which node to which, and which backup key it is."""

    receiver: Named = shown("To node", "named")
    sender: Named = shown("From node", "named")
    epoch: Version = shown("Epoch of the backup key", "integer")
    kcv: CheckValue = shown("Check value of the backup key", "text")
    commitment: Hash = shown("Commitment to the backup key", "hash")


class ExtendZone(NodeOperation[Parameters]):
    """The zone is on the node with its backup key and all of its keys, or it is not there."""

    tag = "zone.extend/v1"
    title = "Extend a Trust Zone to a node"
    button = "Extend"
    sentence = (
        "Extend Trust Zone {zone} from node {sender} to node {receiver}: its backup key (epoch {epoch}, "
        "check value {kcv}) and all of its keys, in a new slot {slot} of service {service}."
    )
    consent = Consent((AuthorityKind.PROVIDER, AuthorityKind.ZONE), floor=2)
    party_fields = {AuthorityKind.ZONE: "zone"}
    rules = {
        AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR),),
        AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER),),
    }
    parameters = Parameters
    nodes = most_nodes = 2
    node_fields = ("receiver", "sender")
    said = {moving.OFFER: Offered, moving.SEND: Sent}
    titles = {
        **create.CreateSlot.titles,
        **arriving.TITLES,
        "one_time_key": "One-time key",
        "sealed_sha256": "Sealed backup key, SHA-256",
        "archive_sha256": "Keys on their way, SHA-256",
        "parts_sha256": "Parts of that, SHA-256",
        "destroyed": "Destroyed keys",
        "share_set": "Share set",
        "number": "Number",
        "threshold": "Shares that rebuild the key",
        "commitment": "Commitment",
        "holders": "Shares",
        "index": "Share",
        "custodian": "Custodian",
        "credential_id": "Token",
    }

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return (
            Step(RECEIVER, moving.OFFER, record=False),
            Step(SENDER, moving.SEND, (OFFERED,), record=False),
            Step(RECEIVER, moving.INSTALL, (OFFERED, SENT)),
        )

    @override
    def anchors(self, parameters: Parameters) -> Mapping[AuthorityKind, str]:
        return {AuthorityKind.ZONE: parameters.zone_charter}

    @override
    def enclosures(
        self, parameters: Parameters, step: Step, earlier: Mapping[int, Receipt]
    ) -> tuple[str, ...]:
        if step.act != moving.INSTALL:
            return ()
        sent = earlier[SENT].results
        return tuple(str(sent[name]) for name in ("sealed_sha256", "archive_sha256") if sent.get(name))

    @override
    def parts(self, _parameters: Parameters, enclosed: Mapping[str, bytes]) -> Mapping[str, str]:
        return parts_of(enclosed.values())

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        self.check_nodes(request)
        if OFFERED in request.earlier:
            moving.check_in_time(request.earlier[OFFERED], request.clock)
        if request.act == moving.SEND:
            self._check_sender(request, node)
        else:
            self._check_receiver(request, node)

    def _check_sender(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted, slot = request.parameters, node.holdings.slot_of(request.parameters.zone)
        if (slot.backup_key, slot.epoch, slot.kcv) != (wanted.backup_key, wanted.epoch, wanted.kcv):
            raise ProposalRefused(
                "other-backup-key", f"The backup key here is of epoch {slot.epoch}, check value {slot.kcv}."
            )
        count = len(node.holdings.keys_of(wanted.zone.id))
        if count > MOST_KEYS:
            raise ProposalRefused("too-many", f"The zone has {count:,} keys; {MOST_KEYS:,} can move at once.")
        arriving.check_can_be_told(
            node.holdings.keys_of(wanted.zone.id), node.holdings.destroyed_keys_of(wanted.zone.id)
        )
        moving.one_time_key(request.earlier[OFFERED])

    def _check_receiver(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted, holdings = request.parameters, node.holdings
        service = holdings.service(wanted.service)
        check_place(wanted, service, node)
        holdings.check_name_is_free("slot", wanted.slot.name, what="slot")
        holdings.check_name_is_free(
            service.customer.id, wanted.zone.name, what="Trust Zone", owner=wanted.zone.id
        )
        check_as_founded(request, wanted.zone, service, node)
        if request.act == moving.INSTALL:
            sent = request.earlier[SENT].results["backup_key"]
            if (sent["kind"], sent["epoch"], sent["kcv"]) != (wanted.backup_key, wanted.epoch, wanted.kcv):
                raise ProposalRefused("other-backup-key", "Another backup key came than people signed for.")
            backup, destroyed = _keys_that_came(request), request.earlier[SENT].results["destroyed"]
            arriving.check_are_new(backup, holdings, wanted.zone.id)
            arriving.check_destroyed(destroyed, backup, holdings, wanted.zone.id)

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        if request.act != moving.INSTALL:
            return self.settle(request, hands)
        try:
            return self.settle(request, hands)
        except (DriverDied, DriverTimeout):
            raise
        except DriverError:
            hands.remove_zone(request.parameters.zone.id)
            raise

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        match request.act:
            case moving.OFFER:
                return moving.offer(request, hands)
            case moving.SEND:
                return _send(request, hands)
            case _:
                return _install(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        key_id = results["backup_key"]["id"]
        note_slot(parameters, holdings, epoch=parameters.epoch, kcv=parameters.kcv, key_id=key_id)
        arriving.note_keys(parameters.zone.id, results["keys"], holdings)
        for gone in results.get("destroyed", ()):
            holdings.destroy_key(gone["id"], gone["label"], zone=parameters.zone.id)
        if results["share_set"] is not None:
            holdings.share_sets[parameters.zone.id] = _share_set(results["share_set"])


def _send(request: Request[Parameters], hands: Hands) -> Result:
    wanted, (receiver, sender) = request.parameters, request.proposal.nodes
    key = hands.backup_key(wanted.zone.id)
    bound_to = moving.context(request, wanted.zone.id, key, sender=sender, receiver=receiver)
    to = moving.one_time_key(request.earlier[OFFERED])
    box = Attachment(f"{moving.BOX_NAME}.sealed", hands.seal_backup_key(wanted.zone.id, to, bound_to))
    keys = hands.living_keys(wanted.zone.id)
    results: dict[str, Any] = {
        "backup_key": moving.described(key),
        "sealed_sha256": box.sha256,
        "share_set": _said_of(hands.share_set(wanted.zone.id)),
        "destroyed": arriving.described_destroyed(hands.destroyed_keys(wanted.zone.id)),
    }
    if not keys:
        return Result(f"The backup key is sealed for {receiver.name}.", results, (box,))
    backup = hands.back_up(wanted.zone, request.proposal.proposal, keys)
    return Result(
        f"The backup key is sealed for {receiver.name}, with {len(keys)} keys beside it.",
        results | stated(backup),
        (box, *beside(backup)),
    )


def _install(request: Request[Parameters], hands: Hands) -> Result:
    wanted, (receiver, sender) = request.parameters, request.proposal.nodes
    sent = request.earlier[SENT]
    box, key = moving.sealed_key(
        request, sent, sent.results["sealed_sha256"], zone=wanted.zone.id, sender=sender, receiver=receiver
    )
    hands.receive_zone(wanted.zone, request.proposal.proposal, box, key, commitment=wanted.commitment)
    backup = _keys_that_came(request)
    if backup is not None:
        arriving.bring_keys(hands.driver(wanted.zone.id), backup, key.object_id)
    keys = arriving.described(backup.keys if backup is not None else ())
    count = "1 key" if len(keys) == 1 else f"{len(keys)} keys"
    return Result(
        f"The zone is on {receiver.name}, under the same backup key, with {count}.",
        {
            "slot": wanted.slot.id,
            "zone": wanted.zone.id,
            "backup_key": moving.described(key),
            "share_set": sent.results["share_set"],
            "keys": keys,
            "destroyed": sent.results["destroyed"],
        },
    )


def _keys_that_came(request: Request[Parameters]) -> Backup | None:
    """The backup that came with the backup key, if the zone has keys. Raises Refused."""
    digest = request.earlier[SENT].results.get("archive_sha256")
    if digest is None:
        return None
    backup = request.once(digest, lambda: read_whole(request.enclosures, digest))
    wanted = request.parameters
    arriving.check_comes_from(backup, request.proposal, request.proposal.nodes[SENDER], wanted.zone.id)
    if (backup.manifest.epoch, backup.manifest.kcv) != (wanted.epoch, wanted.kcv):
        raise ProposalRefused("other-backup-key", "The keys came under another backup key.")
    return backup


def _said_of(share_set: ShareSet | None) -> dict[str, Any] | None:
    if share_set is None:
        return None
    return {
        "number": share_set.number,
        "epoch": share_set.epoch,
        "threshold": share_set.threshold,
        "commitment": share_set.commitment,
        "holders": [
            {
                "index": one.index,
                "custodian": one.person.model_dump(),
                "credential_id": one.credential_id,
                "commitment": one.commitment,
            }
            for one in share_set.holders
        ],
    }


def _share_set(said: Mapping[str, Any]) -> ShareSet:
    return ShareSet(
        number=said["number"],
        epoch=said["epoch"],
        threshold=said["threshold"],
        commitment=said["commitment"],
        holders=tuple(
            ShareHolder(one["index"], Named(**one["custodian"]), one["credential_id"], one["commitment"])
            for one in said["holders"]
        ),
    )


operation = ExtendZone()
