"""What a node's receipt confirms, by operation: the services, slots and keys that the console shows."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from hsmnodes import backups, dispatch
from hsmnodes.models import Backup, Epoch, HeldShare, Key, Node, Placement, Receipt, ShareSet, Slot
from hsmnodes.node.protocol.documents import Charter, Outcome
from tenants import charters, clock, tags
from tenants.models import Organisation, Service

Confirm = Callable[[Receipt, Mapping[str, Any]], None]


def take_over(receipt: Receipt) -> None:
    """Write down what a verified receipt says was done. In the caller's transaction."""
    confirm = CONFIRMED.get(receipt.proposal.operation)
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
    slot, made = Slot.objects.get_or_create(
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
        key = receipt.results["backup_key"]
        Epoch.objects.create(
            id=receipt.proposal_id,
            slot=slot,
            number=key["epoch"],
            kcv=key["kcv"],
            proposal=receipt.proposal,
            created_at=receipt.at,
        )


def _keys_generated(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    slot = Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"])
    keys = [
        Key(
            id=key["id"],
            zone_id=slot.zone_id,
            slot=slot,
            label=key["label"],
            algorithm=key["algorithm"],
            usages=key["usages"],
            public_key=key["public_key"] or "",
            blob_hash=key["wrapped_sha256"],
            epoch=key.get("epoch", 1),
            results=key,
            proposal=receipt.proposal,
            created_at=receipt.at,
        )
        for key in receipt.results["keys"]
    ]
    Key.objects.bulk_create(keys)
    for later in _rotations_after(receipt, slot):
        _replace_blobs(later)


def _keys_destroyed(receipt: Receipt, _parameters: Mapping[str, Any]) -> None:
    gone = [key["id"] for key in receipt.results["keys"]]
    Key.objects.filter(pk__in=gone, zone=receipt.proposal.zone, destroyed_at=None).update(
        destroyed_at=receipt.at, destroyed_by=receipt.proposal
    )


def _keys_restored(receipt: Receipt, parameters: Mapping[str, Any]) -> None:
    """Keys that were destroyed live again; those that were not known here yet are."""
    slot = Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"])
    put_back = {key["id"] for key in parameters["keys"] if key["action"] != "skip"}
    Key.objects.filter(pk__in=put_back, zone=slot.zone_id).exclude(destroyed_at=None).update(
        destroyed_at=None, destroyed_by=None, slot=slot
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
            for key in backups.open_backup(backup).manifest.keys
            if key.id in unknown
        )


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
    slot, new = (
        Slot.objects.get(node=receipt.node, zone=parameters["zone"]["id"]),
        receipt.results["backup_key"],
    )
    slot.epochs.filter(retired_at=None).update(retired_at=receipt.at, retired_by=receipt.proposal)
    slot.epochs.create(
        id=receipt.proposal_id,
        number=new["epoch"],
        kcv=new["kcv"],
        proposal=receipt.proposal,
        created_at=receipt.at,
    )
    _replace_blobs(receipt)
    _key_shared(receipt, parameters)


def _replace_blobs(receipt: Receipt) -> None:
    """Each key's backup is the blob that was made last; the one before stays beside its own receipt."""
    blobs = {key["id"]: key["wrapped_sha256"] for key in receipt.results["keys"]}
    keys = list(Key.objects.filter(pk__in=blobs, zone=receipt.proposal.zone, slot__node=receipt.node))
    for key in keys:
        key.blob_hash, key.epoch = blobs[key.pk], receipt.results["backup_key"]["epoch"]
    Key.objects.bulk_update(keys, ["blob_hash", "epoch"])


def _rotations_after(receipt: Receipt, slot: Slot) -> QuerySet[Receipt]:
    """Rotations that came after it on the node, and here before it."""
    return Receipt.objects.filter(
        node=receipt.node,
        sequence__gt=receipt.sequence,
        outcome=Outcome.DONE.value,
        proposal__zone=slot.zone_id,
        proposal__operation=tags.ROTATE_BACKUP_KEY,
    ).order_by("sequence")


def _kept(public_key: str, admitted_by: Iterable[Charter]) -> str:
    """How the share key with this public key is kept. Raises KeyError if no charter ever admitted it."""
    for charter in admitted_by:
        for token in (token for person in charter.people for token in person.tokens):
            if token.share_key is not None and token.share_key.stated.public_key == public_key:
                return token.share_key.stated.kept
    raise KeyError(public_key)


CONFIRMED: Mapping[str, Confirm] = {
    tags.ENROL_NODE: _node_enrolled,
    tags.START_SERVICE: _service_started,
    tags.CREATE_SLOT: _slot_created,
    tags.IMPORT_BACKUP_KEY: _slot_created,
    tags.GENERATE_KEYS: _keys_generated,
    tags.DESTROY_KEYS: _keys_destroyed,
    tags.RESTORE_BACKUP: _keys_restored,
    tags.SHARE_BACKUP_KEY: _key_shared,
    tags.RESHARE_BACKUP_KEY: _key_shared,
    tags.ROTATE_BACKUP_KEY: _key_rotated,
}
