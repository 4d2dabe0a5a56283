"""What a node's receipt confirms, by operation: the services, slots and keys that the console shows."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from hsmnodes import backups, clusters, dispatch, outbox, steps, suspending
from hsmnodes.comparing import forget_digests
from hsmnodes.models import (
    Application,
    ApplicationToken,
    Backup,
    HeldShare,
    Key,
    KeyCopy,
    Node,
    Placement,
    Receipt,
    ShareSet,
    Slot,
)
from hsmnodes.node.operations.steps import ACT, COPY
from hsmnodes.node.operations.zone.moving import INSTALL
from hsmnodes.node.operations.zone.withdraw import LEAVE
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Charter
from tenants import charters, clock, execution, suspensions, tags
from tenants.identifiers import new_id
from tenants.models import Organisation, Proposal, Service

Confirm = Callable[[Receipt, Mapping[str, Any]], None]


def take_over(receipt: Receipt) -> None:
    """Write down what a verified receipt says was done. In the caller's transaction."""
    step = steps.steps_of(receipt.proposal)[receipt.step]
    confirm = CONFIRMED.get((receipt.proposal.operation, step.act))
    if confirm is not None:
        confirm(receipt, receipt.proposal.document.parameters)


def _node_enrolled(receipt: Receipt, _parameters: Mapping[str, Any]) -> None:
    if Node.objects.filter(pk=receipt.node_id, enrolled_at=None).update(enrolled_at=clock.now()):
        dispatch.introduce(Node.objects.get(pk=receipt.node_id))


def _service_started(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    service, _ = Service.objects.get_or_create(
        id=parameters["service"]["id"],
        defaults={
            "name": parameters["service"]["name"],
            "provider": receipt.proposal.provider,
            "customer": Organisation.objects.get(pk=parameters["customer"]["id"]),
            "mode": parameters["mode"],
            "started_at": receipt.at,
        },
    )
    Placement.objects.get_or_create(
        service=service, node=receipt.node, defaults={"proposal": receipt.proposal, "at": receipt.at}
    )


def _slot_created(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    slot, made = Slot.ever.get_or_create(
        id=parameters["slot"]["id"],
        defaults={
            "node": receipt.node,
            "zone_id": parameters["zone"]["id"],
            "name": parameters["slot"]["name"],
            "backup_key": parameters["backup_key"],
            "results": receipt.results,
            "proposal": receipt.proposal,
            "created_at": receipt.at,
        },
    )
    if made:
        _under(slot, receipt, parameters.get("commitment", ""))


def _keys_generated(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    slot = Slot.objects.only("zone").get(node=receipt.node, zone=parameters["zone"]["id"])
    replaced = {key["replaces"] for key in receipt.results["keys"] if "replaces" in key}
    of_zone = set(Key.objects.filter(zone=slot.zone_id, pk__in=replaced).values_list("pk", flat=True))
    keys = [
        Key(
            id=key["id"],
            zone_id=slot.zone_id,
            slot=slot,
            label=key["label"],
            algorithm=key["algorithm"],
            usages=key["usages"],
            public_key=key["public_key"] or "",
            blob_hash=key.get("blob") or key["wrapped_sha256"],
            epoch=key.get("epoch", 1),
            results=key,
            replaces_id=key.get("replaces") if key.get("replaces") in of_zone else None,
            proposal=receipt.proposal,
            created_at=receipt.at,
        )
        for key in receipt.results["keys"]
    ]
    Key.objects.bulk_create(keys)
    _place(receipt, slot, [key.pk for key in keys])
    backups.note_later_blobs(slot.zone_id, since=min(key.epoch for key in keys))


def _keys_arrived(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """The keys that a receipt names are in the zone's slot on its node, too."""
    slot = Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"])
    arrived = [key["id"] for key in receipt.results["keys"]]
    known = Key.objects.filter(pk__in=arrived, zone=slot.zone_id).values_list("pk", flat=True)
    _note_copies(receipt, slot, known)


def _abandoned(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """What was left of a warrant is given up on a node; with the last that is asked, the proposal is over."""
    by = receipt.proposal
    abandoned = Proposal.objects.get(
        pk=parameters["abandoned"], hash=parameters["proposal_hash"], provider=by.provider, zone=by.zone
    )
    outbox.drop(node=receipt.node, proposal=abandoned)
    if not steps.left(receipt.proposal):
        backups.forget_sealed_keys(abandoned)
        where = ", ".join(node.name for node in receipt.proposal.document.nodes)
        execution.abandon(proposal=abandoned, by=receipt.proposal, where=where)


def _token_reinstated(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """A node has found the quorum good: it is lifted here, and on each other node when that does it."""
    suspensions.lift(
        proposal=receipt.proposal,
        statement=parameters["statement"],
    )


def _note_copies(receipt: Receipt, slot: Slot, keys: Iterable[str]) -> None:
    """Keys are in a slot, for the first time or again."""
    wanted = set(keys)
    forget_digests(Slot.objects.filter(pk=slot.pk))
    again = KeyCopy.objects.filter(slot=slot, key__in=wanted)
    again.update(gone_at=None)
    _place(receipt, slot, sorted(wanted - set(again.values_list("key", flat=True))))


def _place(receipt: Receipt, slot: Slot, keys: Iterable[str]) -> None:
    """Keys are in a slot for the first time."""
    forget_digests(Slot.objects.filter(pk=slot.pk))
    KeyCopy.objects.bulk_create(KeyCopy(key_id=key, slot=slot, since=receipt.at) for key in keys)


def _keys_destroyed(receipt: Receipt, _parameters: Mapping[str, Any]) -> None:
    """A key is destroyed when no node has it any more."""
    gone = [key["id"] for key in receipt.results["keys"]]
    copies = KeyCopy.objects.filter(key__in=gone, key__zone=receipt.proposal.zone, gone_at=None)
    copies.filter(slot__node=receipt.node).update(gone_at=receipt.at)
    forget_digests(Slot.objects.filter(zone=receipt.proposal.zone, node=receipt.node))
    Key.objects.filter(pk__in=gone, zone=receipt.proposal.zone, destroyed_at=None).exclude(
        pk__in=copies.values("key")
    ).update(destroyed_at=receipt.at, destroyed_by=receipt.proposal)


def _zone_extended(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    _slot_created(receipt, parameters)
    _keys_arrived(receipt, parameters)


def _zone_withdrawn(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """Its keys and backup key are gone from the node, and the slot with them."""
    slot = Slot.objects.get(pk=parameters["slot"]["id"], node=receipt.node)
    slot.copies.filter(gone_at=None).update(gone_at=receipt.at)
    slot.epochs.filter(retired_at=None).update(retired_at=receipt.at, retired_by=receipt.proposal)
    _remove(slot.application_tokens.all(), receipt)
    slot.removed_at, slot.removed_by = receipt.at, receipt.proposal
    slot.save(update_fields=["removed_at", "removed_by"])


def _keys_restored(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """Keys that were destroyed live again; those that were not known here yet are."""
    slot = Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"])
    put_back = {key["id"] for key in parameters["keys"] if key["action"] != "skip"}
    Key.objects.filter(pk__in=put_back, zone=slot.zone_id).exclude(destroyed_at=None).update(
        destroyed_at=None, destroyed_by=None
    )
    unknown = put_back - set(Key.objects.filter(pk__in=put_back).values_list("pk", flat=True))
    backup = Backup.objects.filter(sha256=parameters["backup"], zone=slot.zone_id).first()
    if unknown and backup is not None:
        Key.objects.bulk_create(
            Key(
                id=key.id,
                zone_id=slot.zone_id,
                slot=slot,
                label=key.label,
                algorithm=key.algorithm,
                usages=list(key.usages),
                public_key=key.public_key or "",
                blob_hash=key.blob_sha256,
                epoch=backup.epoch,
                proposal=receipt.proposal,
                created_at=receipt.at,
            )
            for key in backups.open_backup(backup).keys
            if key.id in unknown
        )
    here = Key.objects.filter(pk__in=put_back, zone=slot.zone_id).values_list("pk", flat=True)
    _note_copies(receipt, slot, here)


def _key_shared(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    share_set = ShareSet.objects.create(
        id=receipt.proposal_id,
        zone_id=parameters["zone"]["id"],
        slot=Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"]),
        number=parameters["share_set"],
        epoch=parameters["epoch"],
        threshold=parameters["threshold"],
        commitment=receipt.results["commitment"],
        proposal=receipt.proposal,
        created_at=receipt.at,
    )
    charters_of_zone = charters.that_were_in_force(parameters["zone"]["id"])
    keys = {one["person"]["id"]: one["share_key"] for one in parameters["custodians"]}
    HeldShare.objects.bulk_create(
        HeldShare(
            share_set=share_set,
            index=one["index"],
            person=one["custodian"]["id"],
            name=one["custodian"]["name"],
            credential_id=one["credential_id"],
            kept=_kept(keys[one["custodian"]["id"]], charters_of_zone),
            commitment=one["commitment"],
            sealed_sha256=one["sealed_sha256"],
        )
        for one in receipt.results["shares"]
    )


def _key_rotated(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    _next_epoch(receipt, parameters)
    _key_shared(receipt, parameters)


def _next_epoch(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """The slot on this node is under the next backup key."""
    slot = Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"])
    slot.epochs.filter(retired_at=None).update(retired_at=receipt.at, retired_by=receipt.proposal)
    _under(slot, receipt)


def _under(slot: Slot, receipt: Receipt, commitment: str = "") -> None:
    """A slot is under the backup key of a receipt; where that does not commit to it, the parameters do."""
    key = receipt.results["backup_key"]
    slot.epochs.create(
        id=new_id(),
        number=key["epoch"],
        kcv=key["kcv"],
        commitment=key.get("commitment") or receipt.results.get("commitment") or commitment,
        proposal=receipt.proposal,
        created_at=receipt.at,
    )


def _kept(public_key: str, admitted_by: Iterable[Charter]) -> str:
    """How the share key with this public key is kept. Raises KeyError if no charter ever admitted it."""
    for charter in admitted_by:
        for token in (token for person in charter.people for token in person.tokens):
            if token.share_key is not None and token.share_key.stated.public_key == public_key:
                return token.share_key.stated.kept
    raise KeyError(public_key)


def _application_admitted(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    slot = Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"])
    admitted = Application.objects.create(
        id=parameters["application"]["id"],
        zone_id=slot.zone_id,
        name=parameters["application"]["name"],
        certificate=canonical.sha256_hex(canonical.b64u_decode(parameters["certificate"])),
        public_key=parameters["public_key"],
        valid_until=clock.from_unix(parameters["valid_until"]),
        keys=receipt.results["keys"],
        proposal=receipt.proposal,
        created_at=receipt.at,
    )
    admitted.tokens.create(slot=slot, created_at=receipt.at)


def _application_copied(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    slot = Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"])
    admitted = Application.objects.get(pk=parameters["application"]["id"], zone=slot.zone_id)
    admitted.tokens.create(slot=slot, created_at=receipt.at)
    # Where it was removed on others meanwhile, it is there again.
    admitted.removed_at = admitted.removed_by = None
    admitted.save(update_fields=["removed_at", "removed_by"])


def _application_removed(receipt: Receipt, _parameters: Mapping[str, Any]) -> None:
    tokens = ApplicationToken.objects.filter(application=receipt.results["application"]["id"])
    _remove(tokens.filter(slot__node=receipt.node, slot__zone=receipt.proposal.zone), receipt)


def _application_extended(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """On a further node it has a token now; on one that had it, a new kit came beside the receipt."""
    if receipt.node_id in [node["id"] for node in parameters["to"]]:
        _application_copied(receipt, parameters)


def _application_resumed(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """A node has found the quorum good: it is lifted here, and on each other node when that does it."""
    suspending.lift(proposal=receipt.proposal, statements=parameters["statements"])


def _remove(tokens: QuerySet[ApplicationToken], receipt: Receipt) -> None:
    """Note that tokens are gone, and with its last one an application."""
    gone = {"removed_at": receipt.at, "removed_by": receipt.proposal}
    having = list(tokens.filter(removed_at=None).values_list("application", flat=True))
    tokens.filter(removed_at=None).update(**gone)
    left = ApplicationToken.objects.filter(application__in=having, removed_at=None).values("application")
    Application.objects.filter(pk__in=having, removed_at=None).exclude(pk__in=left).update(**gone)


CONFIRMED: Mapping[tuple[str, str], Confirm] = {
    (tags.ADMIT_APPLICATION, ACT): _application_admitted,
    (tags.ADMIT_APPLICATION, COPY): _application_copied,
    (tags.EXTEND_APPLICATION, ACT): _application_extended,
    (tags.EXTEND_APPLICATION, COPY): _application_extended,
    (tags.REMOVE_APPLICATION, ACT): _application_removed,
    (tags.RESUME_APPLICATION, ACT): _application_resumed,
    (tags.ENROL_NODE, ACT): _node_enrolled,
    (tags.START_SERVICE, ACT): _service_started,
    (tags.CREATE_SLOT, ACT): _slot_created,
    (tags.IMPORT_BACKUP_KEY, ACT): _slot_created,
    (tags.GENERATE_KEYS, ACT): _keys_generated,
    (tags.GENERATE_KEYS, COPY): _keys_arrived,
    (tags.ROTATE_KEYS, ACT): _keys_generated,
    (tags.ROTATE_KEYS, COPY): _keys_arrived,
    (tags.DESTROY_KEYS, ACT): _keys_destroyed,
    (tags.RESTORE_BACKUP, ACT): _keys_restored,
    (tags.SHARE_BACKUP_KEY, ACT): _key_shared,
    (tags.RESHARE_BACKUP_KEY, ACT): _key_shared,
    (tags.ROTATE_BACKUP_KEY, ACT): _key_rotated,
    (tags.ROTATE_BACKUP_KEY, INSTALL): _next_epoch,
    (tags.ABANDON_WARRANT, ACT): _abandoned,
    (tags.REINSTATE_TOKEN, ACT): _token_reinstated,
    (tags.EXTEND_ZONE, INSTALL): _zone_extended,
    (tags.WITHDRAW_ZONE, LEAVE): _zone_withdrawn,
    **clusters.CONFIRMED,
}
